"""Makers of what the models of the cases are fed.

Each gets random numbers that belong to the case, and the shape and dtype of an input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
InputMaker = Callable[[np.random.Generator, tuple[int, ...], str], Array]


def numbers(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return normally distributed numbers, or small integers where the model wants integers."""
    if dtype.startswith("int"):
        return random.integers(0, 5, shape).astype(dtype)
    return random.normal(0, 1, shape).astype(dtype)


def tokens(count: int) -> InputMaker:
    """Return a maker of integers from 0 to `count` - 1."""
    return lambda random, shape, dtype: random.integers(0, count, shape).astype(dtype)


def padded_tokens(count: int) -> InputMaker:
    """Return a maker of token rows of different lengths, zeros at their ends."""

    def make(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
        rows = random.integers(1, count, shape)
        for index, row in enumerate(rows):
            row[len(row) - 1 - index :] = 0
        return rows.astype(dtype)

    return make


def padded_sequences(value: float = 0.0, *, at_start: bool = False) -> InputMaker:
    """Return a maker of sequences in which whole steps hold `value`, as Masking looks for."""

    def make(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
        sequences = random.normal(0, 1, shape).astype(dtype)
        for index, sequence in enumerate(sequences):
            steps = slice(0, 1 + index) if at_start else slice(len(sequence) - 1 - index, None)
            sequence[steps] = value
        return sequences

    return make


def bytes_(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return the values of pixels, of whatever dtype the model wants."""
    return random.integers(0, 256, shape).astype(dtype)


def wide(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return integers from the whole range of the dtype, as far as that is small."""
    if dtype in ("float32", "bool"):
        return random.integers(0, 2, shape).astype(dtype)
    bounds = np.iinfo(dtype)
    lowest, highest = max(bounds.min, -200), min(bounds.max, 200)
    return random.integers(lowest, highest + 1, shape).astype(dtype)


def flags(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers, and zeros and ones where the model wants a mask."""
    if len(shape) > 2:
        return numbers(random, shape, dtype)
    return (random.random(shape) < 0.6).astype(dtype)


def within(low: float, high: float) -> InputMaker:
    """Return a maker of numbers in a range, for functions that others are not in the domain of."""

    def make(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
        return random.uniform(low, high, shape).astype(dtype)

    return make


def halves(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return multiples of a half, among them equal ones and ones between integers."""
    return (random.integers(-6, 7, shape) / 2).astype(dtype)


def with_nan(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers some of which are NaN."""
    values = random.normal(0, 1, shape).astype(dtype)
    values[random.uniform(0, 1, shape) < 0.25] = np.nan
    return values


def with_infinities(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers some of which are infinite or NaN."""
    values = with_nan(random, shape, dtype)
    values[random.uniform(0, 1, shape) < 0.2] = np.inf
    values[random.uniform(0, 1, shape) < 0.2] = -np.inf
    return values
