"""The state of an optimizer as weights of the page, each arranged as the weight it belongs to.

A slot has one number for each number of its weight. So where the page has a weight in another
arrangement (transposed, cut, joined), the slot is arranged in the same way. This is right as long
as each number of the page's weight *is* a number of Keras's, which is tried with numbers that tell
where they come from. Where a weight is computed, such as from several matrices, its gradients are
others than Keras's, and there is no state to go on with.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from tfjs_serve.conversion.model.sources import (
    Array,
    constant,
    is_reshaped_only,
    origins,
    recomputed,
    values,
    with_origins,
)
from tfjs_serve.conversion.training.model import Setting
from tfjs_serve.conversion.training.slots import Slots
from tfjs_serve.keras_files import WeightRef
from tfjs_serve.layers_model.model import ArraySource, LayersWeight, TensorSource

_GROUP = "optimizer"
_MEANS = frozenset({"r", "c"})
"""Kinds of slots that have fewer numbers than their weight."""
_MOST_TRIED = 1 << 24
"""Larger weights that are rearranged are not tried: it takes a few times their memory."""

_PLAIN = re.compile(r"[\w/ -]+")
"""Patterns that are found wherever they stand."""

_DIFFERING_STEPS = 1000
"""Later factors of Nadam's product are all the same: 0.96**1000 is less than 1 tells. A file may
state any number of steps."""


class NoStateError(ValueError):
    """The state cannot be carried over; the message is the rest of a sentence."""


def state_weights(
    optimizer: Setting,
    slots: Slots,
    trained: Sequence[WeightRef],
    written: Sequence[LayersWeight],
) -> tuple[LayersWeight, ...]:
    """Return the state in the order in which ``training.js`` reads it.

    Parameters
    ----------
    trained
        The weights that Keras trains, to which `slots` belong, in Keras's order.
    written
        The weights that the page trains, in the order of TensorFlow.js.

    Raises
    ------
    NoStateError
        A weight of the page has no counterpart in Keras.
    """
    places = {id(ref): index for index, ref in enumerate(trained)}
    _check_all(written, places)
    return tuple(_all(optimizer, slots, trained, written))


def _all(
    optimizer: Setting,
    slots: Slots,
    trained: Sequence[WeightRef],
    written: Sequence[LayersWeight],
) -> Iterator[LayersWeight]:
    iteration = slots.iteration or ArraySource(np.zeros((), np.int32))
    yield LayersWeight(name="iter", source=iteration, group=_GROUP)
    if optimizer.class_name == "Nadam":
        product = slots.product or _product(optimizer, slots.iteration)
        yield LayersWeight(name="u_product", source=product, group=_GROUP)
    for kind, refs in slots.kinds.items():
        replaced = {
            id(weight): ref for weight, ref in zip(trained, refs, strict=True) if ref is not None
        }
        for weight in written:
            source = _slot(kind, weight.source, replaced)
            if source is not None:
                yield LayersWeight(name=f"{kind}/{weight.name}", source=source, group=_GROUP)


def _slot(
    kind: str, source: TensorSource, replaced: Mapping[int, TensorSource]
) -> TensorSource | None:
    """Return the slot of a weight of the page; ``None`` if it has none of this kind."""
    has_all = {id(one) for one in _distinct(source)} <= replaced.keys()
    if kind in _MEANS:
        return _of_whole_weight(source, replaced) if has_all else constant(0.0)
    return with_origins(source, replaced) if has_all else None


def left_to_adam(
    optimizer: Setting, trained: Sequence[WeightRef], written: Sequence[LayersWeight]
) -> list[bool]:
    """Return which weights Muon leaves to AdamW (``_should_use_adamw`` in ``muon.py``).

    Parameters
    ----------
    trained
        The weights that Keras trains.
    written
        Those that the page trains, whose names and ranks decide there.

    Raises
    ------
    NoStateError
        The page decides otherwise than Keras, or the names are told by regular expressions, which
        are not run for a file of anybody's.
    """
    places = {id(ref): index for index, ref in enumerate(trained)}
    patterns = optimizer.config["exclude_layers"] or []
    if not all(isinstance(one, str) and _PLAIN.fullmatch(one) for one in patterns):
        raise NoStateError("its exclude_layers are regular expressions")
    flags = [True] * len(trained)
    for weight in written:
        is_named = any(one in weight.name for one in patterns) or (
            bool(optimizer.config["exclude_embeddings"]) and "embedding" in weight.name.lower()
        )
        for one in _distinct(weight.source):
            is_matrix = len(one.shape) == 2
            same = one.shape == weight.source.shape and is_reshaped_only(weight.source)
            if not is_named and not same and (is_matrix or len(weight.source.shape) == 2):
                raise NoStateError(f"Muon takes {weight.name!r} for another matrix than in Keras")
            if id(one) in places:
                flags[places[id(one)]] = is_named or not is_matrix
    return flags


def _of_whole_weight(source: TensorSource, replaced: Mapping[int, TensorSource]) -> TensorSource:
    """Return a slot that is a mean over an axis of a weight, which must be as in Keras.

    Raises
    ------
    NoStateError
        It is arranged otherwise, so that the mean is over others.
    """
    found = [one for one in _distinct(source) if one.shape == source.shape]
    if not is_reshaped_only(source) or not found:
        raise NoStateError("the means of a weight that is arranged otherwise cannot follow it")
    return replaced[id(found[0])]


def _product(optimizer: Setting, iteration: WeightRef | None) -> TensorSource:
    """Return what Nadam's product is after so many steps (``nadam.py``)."""
    steps = int(values(iteration)) if iteration is not None else 0
    beta = optimizer.config["beta_1"]
    differing = min(steps, _DIFFERING_STEPS)
    factors = (beta * (1.0 - 0.5 * 0.96**step) for step in range(1, differing + 1))
    return constant(math.prod(factors) * beta ** (steps - differing))


def _check_all(written: Sequence[LayersWeight], places: Mapping[int, int]) -> None:
    """Check that each number that the page trains is one that Keras trains, and no other's copy.

    Raises
    ------
    NoStateError
        One is not.
    """
    uses = Counter(id(one) for weight in written for one in _distinct(weight.source))
    used: dict[int, Array] = {}
    for weight in written:
        if not {id(one) for one in _distinct(weight.source)} <= places.keys():
            raise NoStateError(f"Keras does not train {weight.name!r}, and the page does")
        is_alone = all(uses[id(one)] == 1 for one in _distinct(weight.source))
        if is_alone and is_reshaped_only(weight.source):
            continue
        for origin, numbers in _selected(weight).items():
            taken = used.setdefault(origin, np.zeros(0, np.int64))
            used[origin] = np.concatenate([taken, numbers])
            if len(np.unique(used[origin])) != len(used[origin]):
                raise NoStateError(f"{weight.name!r} has numbers of Keras's that occur twice")


def _distinct(source: TensorSource) -> Collection[TensorSource]:
    return {id(one): one for one in origins(source)}.values()


def _selected(weight: LayersWeight) -> Mapping[int, Array]:
    """Return which numbers of each origin a weight has, by the ``id`` of the origin.

    Raises
    ------
    NoStateError
        It has others, too, or is too large to find out.
    """
    sizes = {id(one): math.prod(one.shape) for one in origins(weight.source)}
    count = sum(sizes.values())
    if count > _MOST_TRIED:
        raise NoStateError(f"{weight.name!r} is arranged otherwise than in Keras, and large")
    starts = dict(zip(sizes, np.cumsum([0, *sizes.values()]), strict=False))

    def tried(flat: Array) -> Array:
        def of(one: TensorSource) -> Array:
            start = starts[id(one)]
            return flat[start : start + sizes[id(one)]].reshape(one.shape)

        return np.asarray(recomputed(weight.source, of), np.float64).reshape(-1)

    numbers = np.arange(1, count + 1, dtype=np.float64)
    places = tried(numbers)
    noise = np.random.default_rng(0).normal(size=count).astype(np.float32).astype(np.float64)
    is_selection = np.isin(places, numbers).all()
    if not is_selection or not np.array_equal(tried(noise), noise[places.astype(np.int64) - 1]):
        raise NoStateError(f"{weight.name!r} is computed from several numbers of Keras's")
    at = places.astype(np.int64) - 1
    return {
        origin: at[(at >= start) & (at < start + sizes[origin])] - start
        for origin, start in starts.items()
    }
