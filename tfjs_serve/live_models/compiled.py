"""How a model in memory was compiled, and the state of its optimizer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tfjs_serve.keras_files import SavedTraining, WeightRef
from tfjs_serve.live_models.frameworks import keras_of
from tfjs_serve.live_models.variables import Variables

Json = Any


def training_of(model: Any, variables: Variables) -> SavedTraining | None:
    """Return what `model` was compiled with; ``None`` if it was not."""
    try:
        settings = model.get_compile_config() if hasattr(model, "get_compile_config") else None
        if not settings:
            return None
        settings = _with_optimizer(_with_lost(settings, _given(model)), model)
        settings = json.loads(json.dumps(settings))
    except (TypeError, ValueError, NotImplementedError) as error:
        # From objects of the user that do not say how they are made. A page predicts without.
        return SavedTraining(problem=f"cannot be written as JSON ({error})")

    def read() -> tuple[WeightRef, ...]:
        found = getattr(model.optimizer, "variables", ())
        return variables.refs(found() if callable(found) else found)

    return SavedTraining(settings=settings, read_optimizer=read)


def _with_optimizer(settings: dict[str, Json], model: Any) -> dict[str, Json]:
    """Return settings with the optimizer, which Keras 3 forgets when it has saved an ``.h5`` file.

    ``model_metadata`` in ``keras/src/legacy/saving/saving_utils.py`` takes it out of the settings
    of the model itself, not out of a copy of them.
    """
    optimizer, keras = getattr(model, "optimizer", None), keras_of(model)
    if "optimizer" in settings or optimizer is None or keras is None:
        return settings
    return {"optimizer": keras.optimizers.serialize(optimizer), **settings}


def _given(model: Any) -> Any:
    """Return the objects that ``compile`` was called with, by argument; none if they are hidden."""
    return getattr(getattr(model, "_compile_config", None), "config", {})


def _with_lost(saved: Json, given: Any) -> Json:
    """Return settings with the arguments that Keras has left out.

    Keras 3.15 says that a ``Huber(delta=3.0)`` is a ``Huber`` (``get_config`` of several classes in
    ``keras/src/losses/losses.py``). The object has them among the arguments of its function.
    """
    if isinstance(saved, list) and isinstance(given, list | tuple) and len(saved) == len(given):
        return [_with_lost(*pair) for pair in zip(saved, given, strict=True)]
    if not isinstance(saved, dict):
        return saved
    if isinstance(given, Mapping):
        return {key: _with_lost(value, given.get(key)) for key, value in saved.items()}
    config, arguments = saved.get("config"), getattr(given, "_fn_kwargs", None)
    is_own = str(saved.get("module")).startswith(("keras.", "tf_keras."))
    if not is_own or not isinstance(config, dict) or not isinstance(arguments, dict):
        return saved
    lost = {
        key: value
        for key, value in arguments.items()
        if key not in config and isinstance(value, int | float | str)
    }
    return {**saved, "config": {**config, **lost}}
