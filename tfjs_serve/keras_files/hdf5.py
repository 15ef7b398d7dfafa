"""HDF5 files: whole models, as Keras 2 and Keras 3 save them, and weights by themselves.

The layout is that of ``save_model_to_hdf5`` in ``keras/src/legacy/saving/legacy_h5_format.py``:
the configuration is an attribute of the root, the group ``model_weights`` has one group per
layer, and attributes name layers and weights in order. What ``save_weights`` writes has these
groups at the root, or those of ``object_weights.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import h5py

from tfjs_serve.errors import KerasFileError, WeightsOnlyFileError
from tfjs_serve.keras_files.architectures import read_architecture
from tfjs_serve.keras_files.attributes import TextAttributes
from tfjs_serve.keras_files.compiled import training_of_hdf5
from tfjs_serve.keras_files.damage import damage_as_error
from tfjs_serve.keras_files.datasets import child, weight_ref
from tfjs_serve.keras_files.dialects import read_config, read_generation
from tfjs_serve.keras_files.limits import Budget
from tfjs_serve.keras_files.model import Container, Dialect, KerasModel, WeightRef
from tfjs_serve.keras_files.object_weights import holds_object_weights, read_object_weights
from tfjs_serve.keras_files.storage import load_no_plugins

_LISTS_OF_LAYERS = {"layer_names", "layer_names0", "nb_layers"}
"""What ``save_weights`` writes at the root: in Keras 2, in Keras 2 if the list is long, and before
Keras 1."""


@contextmanager
def open_hdf5(path: Path, display_name: str, beside: Sequence[Path] = ()) -> Iterator[KerasModel]:
    """Open the HDF5 file at `path`; weights can be read while the context lasts.

    Parameters
    ----------
    beside
        Architectures that may belong to it, if it holds only weights.

    Raises
    ------
    KerasFileError
        It is damaged, cut off, or not written by Keras.
    WeightsOnlyFileError
        It holds only weights, in a form that is not read.
    UnsafeFileError
        Weights are stored outside the file.
    """
    with opened(path, display_name) as file:
        with damage_as_error(display_name):
            texts = TextAttributes(path, display_name)
            budget = Budget(path.stat().st_size, display_name)
            model = _read_model(file, texts, budget, beside)
        yield model


@contextmanager
def opened(source: Path | IO[bytes], display_name: str) -> Iterator[h5py.File]:
    """Open an HDF5 file, or one inside another file, without taking a lock.

    Raises
    ------
    KerasFileError
        It is damaged or cut off.
    """
    load_no_plugins()
    with damage_as_error(display_name):
        # A lock would make the next save of a running training fail.
        file = h5py.File(source, "r", locking=False)
    with file:
        yield file


def _read_model(
    file: h5py.File,
    texts: TextAttributes,
    budget: Budget,
    beside: Sequence[Path],
) -> KerasModel:
    """Return the model, or the weights of one, in an open file.

    Raises
    ------
    KerasFileError
        The architecture or the weights are missing.
    """
    display_name = budget.display_name
    text = texts.text(file, "model_config")
    if text is None:
        return _read_weights_only(file, texts, budget, beside)
    config = read_config(text, display_name)
    version = texts.text(file, "keras_version") or ""
    generation = read_generation(version, config, display_name)
    weights = _read_weights(file, texts, budget)
    backend = texts.text(file, "backend") or _backend_by_names(weights)
    return KerasModel(
        display_name=display_name,
        dialect=Dialect(generation=generation, container=Container.HDF5, backend=backend),
        keras_version=version or str(generation),
        config=config,
        weights=weights,
        training=training_of_hdf5(file, texts, budget),
    )


def _backend_by_names(weights: Mapping[str, tuple[WeightRef, ...]]) -> str:
    """Guess the backend, which Keras 1 does not state: names of TensorFlow's end in ``:0``."""
    names = [ref.name for refs in weights.values() for ref in refs]
    if not names:
        return ""
    return "tensorflow" if any(name.endswith(":0") for name in names) else "theano"


def _read_weights_only(
    file: h5py.File,
    texts: TextAttributes,
    budget: Budget,
    beside: Sequence[Path],
) -> KerasModel:
    """Return the weights in an open file, without an architecture.

    Raises
    ------
    WeightsOnlyFileError
        They are in a form that is not read.
    KerasFileError
        There are no weights either.
    """
    display_name = budget.display_name
    by_layer = bool(_LISTS_OF_LAYERS & set(file.attrs))
    if not by_layer and not holds_object_weights(file):
        raise KerasFileError(
            f"{display_name} is an HDF5 file, but holds no Keras model",
            hint="save the whole model with model.save('name.h5')",
        )
    if "nb_layers" in file.attrs:
        raise WeightsOnlyFileError(
            f"{display_name} holds weights only, in the form of before Keras 1",
            hint="build the model in Python, call model.load_weights(...) and then "
            "model.save('name.keras')",
        )
    if by_layer:
        weights = _read_layers(file, texts, budget)
    else:
        weights = read_object_weights([(file, 0)], budget)
    container = Container.HDF5 if by_layer else Container.KERAS_ZIP
    backend = texts.text(file, "backend") or (_backend_by_names(weights) if by_layer else "")
    return KerasModel(
        display_name=display_name,
        dialect=Dialect(generation=0, container=container, backend=backend),
        keras_version=texts.text(file, "keras_version") or "",
        config={},
        weights=weights,
        architectures=tuple(map(read_architecture, beside)),
    )


def _read_weights(
    file: h5py.File, texts: TextAttributes, budget: Budget
) -> dict[str, tuple[WeightRef, ...]]:
    """Return the weights of each layer, by its name.

    Raises
    ------
    KerasFileError
        There are none.
    """
    display_name = budget.display_name
    # Testing with "in" would follow an external link.
    if file.get("model_weights", getlink=True) is None:
        raise KerasFileError(
            f"{display_name} has an architecture but no weights",
            hint="save the whole model with model.save('name.h5')",
        )
    return _read_layers(child(file, "model_weights", display_name), texts, budget)


def _read_layers(
    group: h5py.Group, texts: TextAttributes, budget: Budget
) -> dict[str, tuple[WeightRef, ...]]:
    """Return the weights of each layer, by its name, from the group that has one for each."""
    return {
        name: _read_layer(child(group, name, budget.display_name), texts, budget)
        for name in texts.names(group, "layer_names")
    }


def _read_layer(group: h5py.Group, texts: TextAttributes, budget: Budget) -> tuple[WeightRef, ...]:
    names = texts.names(group, "weight_names")
    return tuple(weight_ref(group, name, budget) for name in names)
