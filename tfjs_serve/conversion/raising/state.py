"""Takes the state of an optimizer back: from lists of a page to variables in Keras 3's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tfjs_serve.conversion.model.sources import Array, values
from tfjs_serve.conversion.training.model import Setting
from tfjs_serve.conversion.training.slots import groups_of
from tfjs_serve.layers_model.model import ArraySource, TensorSource

Slots = Mapping[str, Array]
"""A slot for each weight of the page, by the name of the weight."""
Arranged = Callable[[Slots], Sequence[Array | None]]
"""From these to a slot for each trained variable of Keras, in its order."""
_AVERAGE = "average"


class FreshError(ValueError):
    """The state cannot be taken over; the message is the rest of a sentence."""


def state_of(
    setting: Setting,
    optimizer: Mapping[str, TensorSource],
    page_class: str,
    trained: Sequence[str],
    arranged: Arranged,
) -> tuple[list[TensorSource], list[TensorSource]]:
    """Return the variables of an optimizer in the order of Keras 3, and of tf_keras.

    tf_keras takes an optimizer whose settings Keras 3 takes, too, for one of its older ones, which
    have list after list, and no learning rate.

    Parameters
    ----------
    optimizer
        What the page has, in order: the number of steps first.
    page_class
        The class of the optimizer in TensorFlow.js; empty for that of ``training.js``.
    trained
        Names of the weights that the page trains, in its order.

    Raises
    ------
    FreshError
        They are others than the settings tell, or arranged so that Keras's slots cannot be told.
    """
    rest = list(optimizer.values())
    if not rest or rest[0].shape not in ((), (1,)):
        raise FreshError("it does not tell the number of steps")
    steps = int(values(rest.pop(0)).reshape(-1)[0])
    groups = groups_of(setting, legacy=False)
    if groups is None:
        raise FreshError(f"the state of {setting.class_name} is not known")
    product = [rest.pop(0)] if setting.class_name == "Nadam" and rest else []
    kinds = _kinds(groups, page_class)
    if len(rest) != len(kinds) * len(trained):
        raise FreshError(f"it has {len(rest)} slots for {len(trained)} weights")
    found: dict[str, Sequence[Array | None]] = {}
    for index, kind in enumerate(kinds):
        mine = rest[index * len(trained) : (index + 1) * len(trained)]
        scale = -float(setting.config["learning_rate"]) if page_class == "Momentum" else 1.0
        slots = {name: values(one) for name, one in zip(trained, mine, strict=True)}
        if scale != 1.0:
            slots = {name: (one * scale).astype(one.dtype) for name, one in slots.items()}
        found[kind] = arranged(slots)
    iteration = ArraySource(np.int64(steps))
    rate = ArraySource(np.float32(_rate(setting)))
    newer = _interleaved(groups, found)
    older = _interleaved([(kind,) for group in groups for kind in group], found)
    return [iteration, rate, *newer, *product], [iteration, *older]


def _kinds(groups: Sequence[Sequence[str]], page_class: str) -> list[str]:
    """Return the kinds of slots in the order of the page's lists."""
    kinds = [kind for group in groups for kind in group]
    if page_class == "RMSProp":
        return [
            "velocity",
            "momentum",
            *(["average_gradient"] if "average_gradient" in kinds else []),
        ]
    if _AVERAGE in kinds:
        kinds.remove(_AVERAGE)
        kinds.append(_AVERAGE)
    return kinds


def _interleaved(
    groups: Sequence[Sequence[str]], found: Mapping[str, Sequence[Array | None]]
) -> list[TensorSource]:
    made: list[TensorSource] = []
    for group in groups:
        for slots in zip(*(found[kind] for kind in group), strict=True):
            for slot in slots:
                if slot is None:
                    raise FreshError("a weight is arranged otherwise than in Keras")
                made.append(ArraySource(slot))
    return made


def _rate(setting: Setting) -> float:
    rate = setting.config["learning_rate"]
    if isinstance(rate, Setting):
        raise FreshError("it has a schedule of learning rates")
    return float(rate)
