"""Optimizers and learning rate schedules in Keras 3's names, whatever generation wrote them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.serialized import plain
from tfjs_serve.conversion.training.model import Setting, UnknownSettingError, Writer
from tfjs_serve.conversion.training.objects import Named, arguments, is_number, named, shown
from tfjs_serve.conversion.training.tables import (
    LEARNING_RATES,
    OF_ALL_OPTIMIZERS,
    OPTIMIZERS,
    SCHEDULES,
    optimizer_class,
)

_IGNORED = (
    "jit_compile",
    "is_legacy_optimizer",
    "loss_scale_factor",
)
_BEFORE_2_11 = "keras2"
"""For ``training.js``: the optimizers of tf.keras computed as those of Keras 2 until then."""
_REGISTERED = "Custom>"
"""Keras 2.11 and 2.12 register their own optimizers as if they were the user's."""


def read_optimizer(value: Json, writer: Writer) -> Setting:
    """Return the optimizer, whose ``learning_rate`` is a number or a schedule.

    Raises
    ------
    UnknownSettingError
        It is not one of Keras's, or its arguments make no sense.
    """
    if value is None:
        raise UnknownSettingError("it was not saved")
    name = _unscaled(named(value))
    spelling = name.spelling.removeprefix(_REGISTERED if writer.generation == 2 else "")
    class_name = optimizer_class(spelling)
    if not class_name:
        raise UnknownSettingError(f"{shown(name.spelling)} is not one of Keras's")
    saved = _modern(class_name, name.config, writer)
    by_default = LEARNING_RATES[class_name]
    rate = _learning_rate(saved.pop("learning_rate", by_default), saved.pop("decay", None))
    modern = Named(spelling=name.spelling, config=saved)
    defaults = {**OF_ALL_OPTIMIZERS, **OPTIMIZERS[class_name]}
    config = {"learning_rate": rate, **arguments(modern, defaults, ignored=_IGNORED)}
    if writer.is_tensorflow and is_legacy(name.config, writer):
        config["dialect"] = _BEFORE_2_11
    return Setting(class_name=class_name, config=config)


def _unscaled(name: Named) -> Named:
    """Return the optimizer inside one that scales losses: the page computes in float32."""
    if name.spelling not in ("LossScaleOptimizer", "LossScaleOptimizerV3"):
        return name
    return named(name.config.get("inner_optimizer") or name.config.get("optimizer"))


def _modern(class_name: str, saved: Mapping[str, Json], writer: Writer) -> dict[str, Json]:
    """Return the arguments under Keras 3's names, with the old defaults filled in.

    Raises
    ------
    UnknownSettingError
        The optimizer computed something else then.
    """
    config = dict(saved)
    if "lr" in config:
        config["learning_rate"] = config.pop("lr")
    if is_legacy(saved, writer):
        if class_name == "Nadam":
            raise UnknownSettingError("the Nadam of that Keras computes otherwise than today's")
        if class_name == "Adagrad":
            config.setdefault("initial_accumulator_value", 0.0)
        if not writer.is_tensorflow and "clipnorm" in config:
            config["global_clipnorm"] = config.pop("clipnorm")  # the norm of all gradients then
    for key in ("epsilon",):
        if key in config and config[key] is None:
            del config[key]
    if config.get("beta_1") is None:
        config.pop("beta_1", None)
    return config


def is_legacy(saved: Mapping[str, Json], writer: Writer) -> bool:
    """Whether it is an optimizer from before Keras 2.11, or of ``optimizers.legacy``.

    Parameters
    ----------
    saved
        Its arguments. There are none if it was given by its name, which archives keep as it was;
        there were archives only after 2.11.
    """
    return writer.generation < 3 and bool(saved) and saved.get("is_legacy_optimizer") is not False


def saved_arguments(value: Json) -> Mapping[str, Json]:
    """Return the arguments of a serialized optimizer, of the one inside if it scales losses."""
    try:
        return _unscaled(named(value)).config
    except UnknownSettingError:
        return {}


def _learning_rate(rate: Json, decay: Json) -> float | Setting:
    """Return a number, or a schedule.

    Raises
    ------
    UnknownSettingError
        It is neither.
    """
    if isinstance(rate, dict):
        return _schedule(rate)
    if not is_number(rate):
        raise UnknownSettingError(f"the learning rate {str(rate)[:60]} is not a number")
    if not decay:
        return short(rate)
    if not is_number(decay):
        raise UnknownSettingError(f"the decay {str(decay)[:60]} is not a number")
    config = {
        "initial_learning_rate": short(rate),
        "decay_steps": 1,
        "decay_rate": short(decay),
        "staircase": False,
    }
    return Setting(class_name="InverseTimeDecay", config=config)


def _schedule(value: Json) -> Setting:
    name = named(plain(value))
    if name.spelling not in SCHEDULES:
        raise UnknownSettingError(f"the schedule {shown(name.spelling)} is Python code")
    return Setting(class_name=name.spelling, config=arguments(name, SCHEDULES[name.spelling]))


def short(number: float) -> float:
    """Return the shortest number that is the same in float32, as Keras saves what was 0.001."""
    value = float(number)
    with np.errstate(over="ignore", under="ignore"):
        nearest = np.float32(value)
    return float(str(nearest)) if float(nearest) == value else value
