"""Which saved variable of an optimizer is what: each generation of Keras has an order of its own.

Keras 3, and Keras 2 since version 2.11, keep what belongs to one weight together (``build`` in
``keras/src/optimizers/*.py``); older ones keep one list after the other (``_create_slots``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.conversion.training.model import Setting
from tfjs_serve.keras_files import WeightRef
from tfjs_serve.layers_model.model import TensorSource

_OF_LOSS_SCALE = 4
Kinds = tuple[str, ...]
Kept = dict[str, list[TensorSource | None]]
"""By kind, a variable for each trained weight, or none for one that has no such slot."""

_MOMENTS = (("momentum", "velocity"),)
_KINDS: Mapping[str, tuple[Kinds, ...]] = {
    "Adadelta": (("accumulated_grad", "accumulated_delta_var"),),
    "Adagrad": (("accumulator",),),
    "Adam": _MOMENTS,
    "AdamW": _MOMENTS,
    "Adamax": (("m", "u"),),
    "Ftrl": (("accumulator", "linear"),),
    "Lamb": (("m", "v"),),
    "Lion": (("momentum",),),
    "Nadam": _MOMENTS,
    "RMSprop": (("velocity",),),
    "SGD": (),
    "ScheduleFreeAdamW": _MOMENTS,
}
"""Groups of kinds that are saved together, weight by weight."""
_AVERAGE = "average"
_SUM = "gradient_accumulator"
_LAST = (_SUM, _AVERAGE)
"""Kinds that belong to any optimizer: first in files, in this order last in the page."""
_RANKS = ("r", "c", "v", "momentum", "velocity", *_LAST)
"""The order in the page of kinds that not every weight has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """The variables of an optimizer.

    Attributes
    ----------
    iteration
        How many steps it made; ``None`` if that was not saved.
    product
        The ``u_product`` of Nadam, if it was saved.
    kinds
        In the order of ``training.js``: for each kind, a variable per trained weight; ``None`` for
        a weight without.
    """

    iteration: WeightRef | None
    product: WeightRef | None
    kinds: Mapping[str, Sequence[TensorSource | None]]


def find_slots(
    optimizer: Setting,
    saved: Sequence[WeightRef],
    trained: Sequence[WeightRef],
    *,
    legacy: bool,
    left_to_adam: Sequence[bool] = (),
) -> Slots | None:
    """Return the variables by what they are; ``None`` if they do not fit, or are not known.

    Parameters
    ----------
    saved
        The variables of the optimizer in saved order.
    trained
        The trained weights in the order of Keras.
    legacy
        Whether lists are saved one after the other.
    left_to_adam
        For Muon, which of the weights have the slots of AdamW.
    """
    rest = _unscaled(saved)
    iteration = rest.pop(0) if rest and rest[0].shape == () else None
    product = None
    if optimizer.class_name == "Adafactor":
        kinds = _one_by_one(optimizer, rest, trained, [_means(one.shape) for one in trained])
    elif optimizer.class_name == "Muon":
        flags = zip(trained, left_to_adam, strict=True)
        kinds = _one_by_one(
            optimizer, rest, trained, [_moments(one.shape, is_) for one, is_ in flags]
        )
    else:
        kinds, product = _in_groups(optimizer, rest, trained, legacy=legacy)
    if kinds is None:
        return None
    for kind in _LAST:
        if kind in kinds:
            kinds[kind] = kinds.pop(kind)
    return Slots(iteration=iteration, product=product, kinds=kinds)


def _unscaled(saved: Sequence[WeightRef]) -> list[WeightRef]:
    """Return the variables of the optimizer inside a ``LossScaleOptimizer`` of Keras 3.

    It puts four numbers of its own in front of the two with which every optimizer begins. Keras
    wraps the optimizer of a model of ``mixed_float16``, and does not say so in the settings.
    """
    leading = next((at for at, ref in enumerate(saved) if ref.shape), 0)
    return list(saved[_OF_LOSS_SCALE:] if leading == _OF_LOSS_SCALE + 2 else saved)


def _in_groups(
    optimizer: Setting, saved: list[WeightRef], trained: Sequence[WeightRef], *, legacy: bool
) -> tuple[Kept | None, WeightRef | None]:
    """Return the slots where all weights have the same ones, and Nadam's product."""
    groups = groups_of(optimizer, legacy=legacy)
    if groups is None:
        return None, None
    rest = list(saved)
    expected = sum(map(len, groups)) * len(trained)
    if len(rest) > expected and rest[0].shape == ():
        rest.pop(0)  # the learning rate, which is part of the settings, too
    product = rest[expected] if len(rest) > expected and optimizer.class_name == "Nadam" else None
    if len(rest) < expected:
        return None, None
    kinds = _by_kind(groups, rest[:expected], len(trained))
    shapes = [weight.shape for weight in trained]
    if any([ref.shape for ref in refs] != shapes for refs in kinds.values()):
        return None, None
    return {kind: list(refs) for kind, refs in kinds.items()}, product


def _means(shape: tuple[int, ...]) -> Mapping[str, tuple[int, ...]]:
    """Return the slots of a weight in Adafactor: means over rows and columns, if it has both."""
    means = {"r": shape[:-1], "c": (*shape[:-2], shape[-1])} if len(shape) > 1 else {}
    return {**means, "v": shape}


def _moments(shape: tuple[int, ...], is_left_to_adam: bool) -> Mapping[str, tuple[int, ...]]:
    """Return the slots of a weight in Muon."""
    return {"momentum": shape, **({"velocity": shape} if is_left_to_adam else {})}


def _one_by_one(
    optimizer: Setting,
    saved: Sequence[WeightRef],
    trained: Sequence[WeightRef],
    wanted: Sequence[Mapping[str, tuple[int, ...]]],
) -> Kept | None:
    """Return the slots where each weight has its own, saved weight by weight.

    Where a weight lacks one that others have, Keras 3 may save a number, and there is none here.

    Parameters
    ----------
    wanted
        The shapes of the slots of each weight, by their kinds.
    """
    if not all(weight.shape for weight in trained):
        return None
    of_all = [kind for group in _of_all(optimizer) for kind in group]
    first = [{kind: weight.shape} for kind in of_all for weight in trained]
    left = [ref for ref in saved if ref.shape]
    names = dict.fromkeys(kind for shapes in (*wanted, *first) for kind in shapes)
    kinds: Kept = {kind: [None] * len(trained) for kind in sorted(names, key=_RANKS.index)}
    for index, shapes in enumerate([*first, *wanted]):
        for kind, shape in shapes.items():
            if not left or left[0].shape != shape:
                return None
            kinds[kind][index % len(trained)] = left.pop(0)
    return None if left else kinds


def groups_of(optimizer: Setting, *, legacy: bool) -> list[Kinds] | None:
    """Return the groups in saved order; ``None`` for an optimizer whose order is not known."""
    known = _KINDS.get(optimizer.class_name)
    if known is None:
        return None
    config = optimizer.config
    groups = [*_of_all(optimizer), *known]
    groups += [("velocity_hat",)] if config.get("amsgrad") else []
    if optimizer.class_name in ("RMSprop", "SGD") and config["momentum"]:
        groups.append(("momentum",))
    groups += [("average_gradient",)] if config.get("centered") else []
    if legacy and optimizer.class_name != "Ftrl":
        return [(kind,) for group in groups for kind in group]
    return groups


def _of_all(optimizer: Setting) -> list[Kinds]:
    """Return the groups that ``build`` in ``base_optimizer.py`` makes first, if there are any."""
    config = optimizer.config
    averages: list[Kinds] = [(_AVERAGE,)] if config["use_ema"] else []
    sums: list[Kinds] = [(_SUM,)] if config["gradient_accumulation_steps"] else []
    return [*averages, *sums]


def _by_kind(
    groups: Sequence[Kinds], saved: Sequence[WeightRef], count: int
) -> dict[str, list[WeightRef]]:
    kinds: dict[str, list[WeightRef]] = {}
    start = 0
    for group in groups:
        end = start + len(group) * count
        for index, kind in enumerate(group):
            kinds[kind] = list(saved[start + index : end : len(group)])
        start = end
    return kinds
