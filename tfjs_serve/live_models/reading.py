"""From a Keras model in memory to what a file of it would be read as, without the file.

A file would lose something: ``.keras`` the arguments of some losses, ``.h5`` the vocabularies of
lookup layers. And it would write all weights once more than is needed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from tfjs_serve.errors import SettingsError
from tfjs_serve.keras_files import Container, Dialect, KerasModel, WeightRef
from tfjs_serve.live_models.compiled import training_of
from tfjs_serve.live_models.frameworks import generation_of, keras_of
from tfjs_serve.live_models.variables import Variables
from tfjs_serve.live_models.vocabularies import counts_in, with_vocabularies

Json = Any


def read_live_model(model: Any) -> KerasModel:
    """Return `model` as it is now; its values are read when they are asked for.

    Weights are by layer and in the order of an ``.h5`` file, which is that of ``trainable_weights``
    and ``non_trainable_weights``.

    Parameters
    ----------
    model
        Of Keras 3, with any backend, or of ``tf_keras``.

    Raises
    ------
    SettingsError
        It is no Keras model.
    """
    keras = keras_of(model)
    if keras is None or not (hasattr(model, "to_json") and hasattr(model, "layers")):
        raise _not_a_model(model)
    variables = Variables(keras)
    return KerasModel(
        display_name=f"the model {model.name!r}",
        dialect=Dialect(generation=generation_of(keras), container=Container.HDF5),
        keras_version=str(keras.__version__),
        config=with_vocabularies(_config_of(model, keras), model),
        weights=_weights_of(model, variables),
        training=training_of(model, variables),
    )


def _config_of(model: Any, keras: Any) -> Mapping[str, Json]:
    """Return the architecture; of a model that does not describe it, the name of its class."""
    try:
        with _sharing(model):
            return _described(model, keras)
    except NotImplementedError:
        return {"class_name": type(model).__name__, "config": {"name": model.name}}
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"the model {model.name!r} cannot be described in JSON: {error}",
            hint="see to it that get_config() of your own layers returns numbers, texts, lists and "
            "dictionaries only",
        ) from error


def _described(model: Any, keras: Any) -> Mapping[str, Json]:
    """Return what ``config.json`` of an archive has; if that is not JSON, what an HDF5 file has.

    Of tensors among the arguments of calls, ``tf_keras`` makes JSON only in ``to_json``.
    """
    try:
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    except TypeError:
        config = json.loads(model.to_json())
    return config  # type: ignore[no-any-return]  # an object, as every Keras writes it


def _sharing(model: Any) -> AbstractContextManager[Any]:
    """Have Keras note which objects occur several times, as it does for ``.keras`` files."""
    package = getattr(keras_of(model), "__name__", "")
    module = sys.modules.get(f"{package}.src.saving.serialization_lib")
    scope: AbstractContextManager[Any] = getattr(module, "ObjectSharingScope", nullcontext)()
    return scope


def _weights_of(model: Any, variables: Variables) -> dict[str, tuple[WeightRef, ...]]:
    left_out = counts_in(model)

    def is_saved(weight: Any) -> bool:
        """Whether a file would have it; ``tf_keras`` counts tables of words among the weights."""
        return hasattr(weight, "shape") and id(weight) not in left_out

    return {
        layer.name: variables.refs(
            filter(is_saved, [*layer.trainable_weights, *layer.non_trainable_weights])
        )
        for layer in model.layers
    }


def _not_a_model(model: Any) -> SettingsError:
    kind = type(model).__name__
    is_path = isinstance(model, str) or hasattr(model, "__fspath__")
    hint = "for a model in a file, call tfjs_serve.convert(path, out_dir)" if is_path else ""
    return SettingsError(
        f"a Keras model is needed, and this is {'an' if kind[:1] in 'aeiou' else 'a'} {kind}",
        hint=hint or "give a model of keras or tf_keras, such as keras.Sequential([...])",
    )
