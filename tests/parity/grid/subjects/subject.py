"""What a subject of the grid is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.parity.cases.case import BOTH
from tests.parity.cases.inputs import Array, InputMaker, numbers, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An input of a model: `shape` does not count the batch axis."""

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    make: InputMaker = numbers


def floats(*shape: int | None) -> Given:
    return Given(shape=shape)


def pixels(*shape: int | None) -> Given:
    """Return an input of integers from 0 to 255, as floats."""
    return Given(shape=shape, make=_pixels)


def whole(*shape: int | None, below: int, dtype: str = "int32") -> Given:
    """Return an input of integers."""
    return Given(shape=shape, dtype=dtype, make=tokens(below))


def flags(*shape: int | None) -> Given:
    """Return an input of truth values, the first of every row being true."""
    return Given(shape=shape, dtype="bool", make=_flags)


def words(*shape: int | None, among: Sequence[str]) -> Given:
    """Return an input of strings."""

    def make(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
        return np.asarray(random.choice(list(among), shape), dtype=object)

    return Given(shape=shape, dtype="string", make=make)


def _pixels(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    return random.integers(0, 256, shape).astype(dtype)


def _flags(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    values = random.integers(0, 2, shape).astype(bool)
    values[..., 0] = True
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A class of layers, and what it takes to build one.

    Attributes
    ----------
    inputs
        What the layer is called with: one tensor, or a list of several.
    base
        Arguments that are always given.
    values
        Values of arguments other than those in the table.
    calls
        Values of arguments of the call; a :class:`Given` is a further input of the model.
    label
        Tells subjects of one class apart.
    called
        Arguments of the call that are always given.
    smooth
        Whether a small change of the input makes a small change of the output.
    positional
        Whether several inputs are arguments of their own, instead of a list.
    inside
        The layer that it is a part of: cells cannot be called by themselves.
    limited
        Whether only the arguments in `values` vary: further inputs of a class that has another
        subject for the rest.
    """

    class_name: str
    inputs: tuple[Given, ...]
    base: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    calls: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    called: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    smooth: bool = True
    positional: bool = False
    inside: str = ""
    limited: bool = False
    tolerance: float = 1e-5
    dialects: tuple[str, ...] = BOTH

    @property
    def title(self) -> str:
        return f"{self.class_name}.{self.label}" if self.label else self.class_name


def subject(class_name: str, *inputs: Given, **options: Any) -> Subject:
    """Return a :class:`Subject`; reads better in tables."""
    return Subject(class_name=class_name, inputs=inputs, **options)
