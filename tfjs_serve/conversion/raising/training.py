"""Spells compile settings so that both Kerases read them.

They come from the record, or from the ``trainingConfig`` of a page that was compiled anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.training.model import Setting, UnknownSettingError, Writer
from tfjs_serve.conversion.training.objects import Named, named
from tfjs_serve.conversion.training.optimizers import read_optimizer
from tfjs_serve.conversion.training.tables import OF_ALL_OPTIMIZERS

_LACKING = frozenset({"Lamb", "LossScaleOptimizer", "Muon", "ScheduleFreeAdamW"})
"""Optimizers that tf_keras has not."""
_IN_ARCHIVES = {
    **dict.fromkeys(("Adafactor", "AdamW", "Lion"), "tf_keras"),
    "Lamb": "Keras 3",
}
"""Optimizers that a Keras takes from .keras files alone, and that Keras.

tf_keras looks for older ones in .h5 files, unless they have a setting that Keras 3 refuses. Keras 3
does not know all of its own ones there.
"""
_ACCURACY = frozenset({"accuracy", "acc", "crossentropy", "ce"})
_LOSSES = {
    "cosine_proximity": "cosine_similarity",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}
"""Names that both Kerases find everywhere; Keras 3 does not find all short ones in HDF5."""
_NO_LOSS = (
    "The loss is a function of the page: compile the model anew before you train it in Keras."
)
_AUTO = {"auto": "sum_over_batch_size"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """Compile settings for Keras.

    Attributes
    ----------
    training
        ``loss``, ``metrics`` and so on.
    optimizer
        ``{"module", "class_name", "config", ...}``.
    setting
        The optimizer as its state is known by; ``None`` if it is not one of Keras's own.
    """

    training: Mapping[str, Json]
    optimizer: Mapping[str, Json]
    setting: Setting | None
    notes: tuple[str, ...] = ()


def compiled_for_keras(settings: Mapping[str, Any], writer: Writer) -> Compiled | None:
    """Return settings in a spelling that both Kerases read; ``None`` if there is no optimizer.

    Parameters
    ----------
    settings
        The arguments of ``compile`` as some Keras has saved them.
    """
    saved = settings.get("optimizer_config", settings.get("optimizer"))
    if saved is None:
        return None
    notes: list[str] = []
    setting = None
    try:
        setting = read_optimizer(saved, writer)
        optimizer = _optimizer(setting)
    except UnknownSettingError as error:
        notes.append(f"The optimizer stays as it was saved: {error}.")
        optimizer = dict(saved) if isinstance(saved, dict) else {"class_name": saved, "config": {}}
    notes += _who_takes(setting.class_name) if setting is not None else []
    training: dict[str, Json] = {
        key: _each(settings.get(key), module)
        for key, module in (
            ("loss", "keras.losses"),
            ("metrics", "keras.metrics"),
            ("weighted_metrics", "keras.metrics"),
        )
    }
    for key in ("metrics", "weighted_metrics"):
        listed = training[key]
        if isinstance(listed, list) and len(listed) == 1 and isinstance(listed[0], list):
            training[key] = listed[0]
    training["loss_weights"] = settings.get("loss_weights")
    if training["loss"] == {}:  # what TensorFlow.js writes of a function
        training["loss"] = None
        notes.append(_NO_LOSS)
    return Compiled(training=training, optimizer=optimizer, setting=setting, notes=tuple(notes))


def _optimizer(setting: Setting) -> dict[str, Json]:
    """Return an optimizer without the arguments that have their defaults in both Kerases."""
    config = {
        key: _schedule(value) if isinstance(value, Setting) else value
        for key, value in setting.config.items()
        if key not in OF_ALL_OPTIMIZERS or value != OF_ALL_OPTIMIZERS[key]
    }
    return _object("keras.optimizers", setting.class_name, config)


def _who_takes(optimizer: str) -> list[str]:
    """Say which Keras does not load the model with this optimizer, and what to do there."""
    notes = []
    if optimizer in _LACKING:
        there = "load the model there with compile=False"
        notes.append(f"tf_keras has no optimizer {optimizer}: {there}.")
    if keras := _IN_ARCHIVES.get(optimizer):
        there = "load an .h5 file there with compile=False"
        notes.append(f"{keras} takes the optimizer {optimizer} from .keras files alone: {there}.")
    return notes


def _schedule(setting: Setting) -> dict[str, Json]:
    return _object("keras.optimizers.schedules", setting.class_name, dict(setting.config))


def _object(module: str, class_name: str, config: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "module": module,
        "class_name": class_name,
        "config": dict(config),
        "registered_name": None,
    }


def _each(value: Json, module: str) -> Json:
    """Return losses or metrics, which may be nested in lists and dictionaries."""
    if isinstance(value, str) and module == "keras.losses":
        return _LOSSES.get(value.lower(), value)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list):
        return [_each(one, module) for one in value]
    if not isinstance(value, dict):
        return None
    if not isinstance(value.get("class_name"), str):
        return {key: _each(one, module) for key, one in value.items()}
    try:
        return _named(named(value), value, module)
    except UnknownSettingError:
        return value


def _named(found: Named, value: Mapping[str, Any], module: str) -> Json:
    """Return a loss or metric: a function by its name, a class with its arguments."""
    if not found.is_class or found.spelling.islower():
        wrapped = value.get("config")
        name = wrapped.get("name") if isinstance(wrapped, dict) else None
        return name if name in _ACCURACY else found.spelling
    config = {key: one for key, one in found.config.items() if key != "dtype"}
    if config.get("reduction") in _AUTO:
        config["reduction"] = _AUTO[str(config["reduction"])]
    return _object(module, found.spelling, config)


# --- From what a page says -------------------------------------------------------------------

_OPTIMIZERS = {"RMSProp": "RMSprop", "Momentum": "SGD"}
_ARGUMENTS = {"beta1": "beta_1", "beta2": "beta_2", "use_nesterov": "nesterov"}


def settings_of_page(training: Mapping[str, Any]) -> dict[str, Json]:
    """Return a ``trainingConfig`` as Keras 3 would have saved it."""
    saved = training.get("optimizer_config")
    name = saved.get("class_name") if isinstance(saved, dict) else None
    config = dict(saved.get("config") or {}) if isinstance(saved, dict) else {}
    # TensorFlow.js leaves the arguments of optimizers in camel case.
    named = {re.sub("([a-z])([A-Z])", r"\1_\2", key).lower(): one for key, one in config.items()}
    config = {_ARGUMENTS.get(key, key): one for key, one in named.items() if one is not None}
    if name == "RMSProp" and "decay" in config:
        config["rho"] = config.pop("decay")
    if name == "Adamax":
        config.pop("decay", None)
    return {
        "optimizer_config": {"class_name": _OPTIMIZERS.get(str(name), name), "config": config},
        "loss": training.get("loss"),
        "metrics": training.get("metrics"),
        "weighted_metrics": training.get("weighted_metrics"),
        "loss_weights": training.get("loss_weights"),
    }


def is_for_script(training: Mapping[str, Any]) -> bool:
    """Whether ``training.js`` reads the settings, which are Keras's own then."""
    return isinstance(training.get("keras"), dict)
