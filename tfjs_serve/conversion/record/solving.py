"""Finds the variables of Keras from the weights of a page, by trying what the rules compute.

A rule makes the weights of a page from variables: it hands them on, arranges them otherwise, cuts
or joins them, and sometimes scales them. How it does so is not written down a second time here. It
is asked with numbers that tell where they come from, and what comes out tells where each number of
a page's weight has to go. Whatever is found so is then put through the rule again, and has to give
the page's weights.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tfjs_serve.conversion.model.sources import Array, combined, is_computed, parts, values
from tfjs_serve.layers_model.model import ArraySource, TensorSource

_APART = "the page has copies of it that are no longer the same"
_TOLERANCE = 1e-5
"""How far a scaled weight may be off, relative to its largest number: float32 rounds twice."""


class UnsolvedError(ValueError):
    """What a page has does not tell a variable; the message is the rest of a sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """A variable whose values are looked for. Who reads it all the same gets zeros."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    def blocks(self, max_bytes: int) -> Iterator[Array]:
        """Yield zeros."""
        return ArraySource(np.zeros(self.shape, np.float32)).blocks(max_bytes)


def evaluated(source: TensorSource, known: Mapping[int, Array]) -> Array:
    """Return what a tensor is if some of those that it is made of have other values.

    Parameters
    ----------
    known
        These values, by the ``id`` of the tensor.
    """
    if id(source) in known:
        return known[id(source)]
    inner = parts(source)
    if not inner:
        return values(source)
    return combined(source, [evaluated(one, known) for one in inner])


def made_of(source: TensorSource, wanted: Collection[int]) -> dict[int, TensorSource]:
    """Return those of the tensors `wanted` (by ``id``) that a tensor is made of."""
    if id(source) in wanted:
        return {id(source): source}
    found: dict[int, TensorSource] = {}
    for one in parts(source):
        found |= made_of(one, wanted)
    return found


@dataclass(slots=True)
class _Found:
    """The numbers of one variable that are known so far."""

    numbers: Array
    is_known: Array

    def take(self, places: Array, numbers: Array) -> None:
        """Take numbers at places."""
        self.numbers[places] = numbers
        self.is_known[places] = True

    def agrees(self, places: Array, numbers: Array) -> bool:
        """Whether what is known of these places already is the same."""
        again = self.is_known[places]
        return np.array_equal(self.numbers[places[again]], numbers[again], equal_nan=True)


@dataclass(slots=True)
class Solution:
    """What is found of the variables.

    Parameters
    ----------
    unknown
        The variables that are looked for, by ``id``.
    is_rounded
        Whether the weights of the page are, so that copies of a number may differ a little.
    moves_only
        Whether numbers that a rule scales are not to be found: slots scale otherwise.
    """

    unknown: Mapping[int, TensorSource]
    is_rounded: bool = False
    moves_only: bool = False
    _whole: dict[int, Array] = field(default_factory=dict)
    _parts: dict[int, _Found] = field(default_factory=dict)

    def learn(self, source: TensorSource, target: Array) -> None:
        """Learn from a weight of the page how it is made and what it is.

        Raises
        ------
        UnsolvedError
            It cannot be told from it what its variables were.
        """
        found = made_of(source, self.unknown)
        if not found:
            return
        if target.shape != source.shape:
            raise UnsolvedError(f"its weight has the shape {target.shape}, not {source.shape}")
        if is_handed_on(source, found):
            self._take_whole(next(iter(found.values())), target)
        else:
            self._take_parts(source, target, found)

    def value(self, variable: TensorSource) -> Array | None:
        """Return a variable; ``None`` if nothing, or not all of it, is known."""
        whole = self._whole.get(id(variable))
        if whole is not None:
            return whole
        found = self._parts.get(id(variable))
        if found is None or not found.is_known.all():
            return np.zeros(variable.shape, np.float32) if 0 in variable.shape else None
        return found.numbers.reshape(variable.shape)

    def _take_whole(self, variable: TensorSource, target: Array) -> None:
        new = target.reshape(variable.shape)
        old = self._whole.get(id(variable))
        if old is not None and not self.is_rounded and not np.array_equal(old, new, equal_nan=True):
            raise UnsolvedError(_APART)
        self._whole[id(variable)] = new

    def _take_parts(
        self, source: TensorSource, target: Array, found: Mapping[int, TensorSource]
    ) -> None:
        solved = _solved(source, target, found, moves_only=self.moves_only)
        for key, (places, numbers) in solved.items():
            size = math.prod(self.unknown[key].shape)
            known = self._parts.setdefault(
                key, _Found(numbers=np.zeros(size, target.dtype), is_known=np.zeros(size, bool))
            )
            if not self.is_rounded and not known.agrees(places, numbers):
                raise UnsolvedError(_APART)
            known.take(places, numbers)


def is_handed_on(source: TensorSource, found: Mapping[int, TensorSource]) -> bool:
    """Whether a weight is one variable, in another shape at most."""
    while id(source) not in found:
        inner = parts(source)
        if is_computed(source) or not inner:
            return False
        (source,) = inner
    return True


Solved = dict[int, tuple[Array, Array]]
"""For each variable by ``id``: places in it, and the numbers there."""


def _solved(
    source: TensorSource, target: Array, found: Mapping[int, TensorSource], *, moves_only: bool
) -> Solved:
    """Return what a weight that is computed tells of its variables.

    Raises
    ------
    UnsolvedError
        It is made of several numbers each, or not by scaling one.
    """
    count = sum(math.prod(one.shape) for one in found.values())
    ask = _Question(source=source, found=found, count=count)
    with np.errstate(all="ignore"):
        nothing = ask(np.zeros(count))
        numbers = np.arange(1, count + 1, dtype=np.float64)
        first = ask(numbers)
        order = np.random.default_rng(count).permutation(count).astype(np.float64) + 1
        second = ask(order)
        is_fixed = (first == nothing) & (second == nothing)
        selected = _selection(first, second, nothing, is_fixed, order)
        if selected is not None:
            return ask.split(selected, target.reshape(-1), is_fixed)
        if moves_only:
            raise UnsolvedError("its weight in the page is computed")
        return _rescaled(ask, target, (nothing, first, second))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Asks what a weight would be if its variables had certain numbers, all in one array."""

    source: TensorSource
    found: Mapping[int, TensorSource]
    count: int

    def __call__(self, flat: Array) -> Array:
        known: dict[int, Array] = {}
        start = 0
        for key, one in self.found.items():
            size = math.prod(one.shape)
            known[key] = flat[start : start + size].reshape(one.shape)
            start += size
        return np.asarray(evaluated(self.source, known), np.float64).reshape(-1)

    def split(self, at: Array, numbers: Array, is_fixed: Array) -> Solved:
        """Return places and numbers by variable; `at` are places in all of them together."""
        at, numbers = at[~is_fixed], numbers[~is_fixed]
        solved: Solved = {}
        start = 0
        for key, one in self.found.items():
            size = math.prod(one.shape)
            mine = (at >= start) & (at < start + size)
            solved[key] = (at[mine] - start, numbers[mine])
            start += size
        return solved


def _selection(
    first: Array, second: Array, nothing: Array, is_fixed: Array, order: Array
) -> Array | None:
    """Return the place that each number comes from; ``None`` if one does not come from a place."""
    at = np.where(is_fixed, 1, first - nothing).round()
    if not ((at >= 1) & (at <= len(order))).all():
        return None
    places = at.astype(np.int64) - 1
    same = (first - nothing == at) & (second - nothing == order[places])
    return places if bool((same | is_fixed).all()) else None


def _rescaled(ask: _Question, target: Array, answers: tuple[Array, Array, Array]) -> Solved:
    """Return the variable of a weight that is ``a * variable + b``, number by number."""
    nothing, first, second = answers
    if len(ask.found) != 1 or len(nothing) != ask.count:
        raise UnsolvedError("its weight in the page is computed from several numbers")
    numbers = np.arange(1, ask.count + 1, dtype=np.float64)
    order = np.random.default_rng(ask.count).permutation(ask.count).astype(np.float64) + 1
    factor = (first - nothing) / numbers
    is_linear = np.isclose(second - nothing, factor * order, rtol=1e-6, atol=0).all()
    if not is_linear or not np.isfinite(factor).all() or not factor.all():
        raise UnsolvedError("its weight in the page is computed in a way that cannot be undone")
    solved = ((target.reshape(-1).astype(np.float64) - nothing) / factor).astype(target.dtype)
    (key,) = ask.found
    return {key: (np.arange(ask.count), solved)}


def is_nearly(expected: Array, actual: Array, tolerance: float = _TOLERANCE) -> bool:
    """Whether two arrays are the same but for rounding, relative to the largest number."""
    with np.errstate(all="ignore"):
        wanted = np.asarray(expected, np.float64)
        error = np.abs(wanted - np.asarray(actual, np.float64))
        most = np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)
    same = (
        (error <= tolerance * most) | (expected == actual) | (np.isnan(expected) & np.isnan(actual))
    )
    return bool(same.all())
