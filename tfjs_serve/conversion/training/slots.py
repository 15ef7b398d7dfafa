"""Which saved variable of an optimizer is what: each generation of Keras has an order of its own.

Keras 3, and Keras 2 since version 2.11, keep what belongs to one weight together (``build`` in
``keras/src/optimizers/*.py``); older ones keep one list after the other (``_create_slots``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.conversion.model.sources import constant
from tfjs_serve.conversion.training.model import Setting
from tfjs_serve.keras_files import WeightRef
from tfjs_serve.layers_model.model import TensorSource

Kinds = tuple[str, ...]

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
}
"""Groups of kinds that are saved together, weight by weight."""
_AVERAGE = "average"


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
        In the order of ``training.js``: for each kind, a variable per trained weight.
    """

    iteration: WeightRef | None
    product: WeightRef | None
    kinds: Mapping[str, Sequence[TensorSource]]


def find_slots(
    optimizer: Setting, saved: Sequence[WeightRef], trained: Sequence[WeightRef], *, legacy: bool
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
    """
    rest = list(saved)
    iteration = rest.pop(0) if rest and rest[0].shape == () else None
    if optimizer.class_name == "Adafactor" and not optimizer.config["use_ema"]:
        kinds_of_factors = _factors(rest, trained)
        if kinds_of_factors is None:
            return None
        return Slots(iteration=iteration, product=None, kinds=kinds_of_factors)
    groups = groups_of(optimizer, legacy=legacy)
    if groups is None:
        return None
    expected = sum(map(len, groups)) * len(trained)
    if len(rest) > expected and rest[0].shape == ():
        rest.pop(0)  # the learning rate, which is part of the settings, too
    product = rest[expected] if len(rest) > expected and optimizer.class_name == "Nadam" else None
    if len(rest) < expected:
        return None
    kinds = _by_kind(groups, rest[:expected], len(trained))
    shapes = [weight.shape for weight in trained]
    if any([ref.shape for ref in refs] != shapes for refs in kinds.values()):
        return None
    if _AVERAGE in kinds:
        kinds[_AVERAGE] = kinds.pop(_AVERAGE)
    return Slots(iteration=iteration, product=product, kinds=kinds)


def _factors(
    saved: Sequence[WeightRef], trained: Sequence[WeightRef]
) -> Mapping[str, Sequence[TensorSource]] | None:
    """Return the slots of Adafactor: means over rows and columns, and over all of a weight.

    A weight with fewer than two axes has no such means. Keras 3 saves a number in their place.
    """
    kinds: dict[str, list[TensorSource]] = {"r": [], "c": [], "v": []}
    if not all(weight.shape for weight in trained):
        return None
    left = [ref for ref in saved if ref.shape]
    for weight in trained:
        shape = weight.shape
        means = {"r": shape[:-1], "c": (*shape[:-2], shape[-1])} if len(shape) > 1 else {}
        for kind, wanted in {**means, "v": shape}.items():
            if not left or left[0].shape != wanted:
                return None
            kinds[kind].append(left.pop(0))
        if not means:
            kinds["r"].append(constant(0.0))
            kinds["c"].append(constant(0.0))
    return kinds


def groups_of(optimizer: Setting, *, legacy: bool) -> list[Kinds] | None:
    """Return the groups in saved order; ``None`` for an optimizer whose order is not known."""
    known = _KINDS.get(optimizer.class_name)
    if known is None:
        return None
    config = optimizer.config
    groups: list[Kinds] = [(_AVERAGE,)] if config["use_ema"] else []
    groups += known
    groups += [("velocity_hat",)] if config.get("amsgrad") else []
    if optimizer.class_name in ("RMSprop", "SGD") and config["momentum"]:
        groups.append(("momentum",))
    groups += [("average_gradient",)] if config.get("centered") else []
    if legacy and optimizer.class_name != "Ftrl":
        return [(kind,) for group in groups for kind in group]
    return groups


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
