"""What the tables of operations are written with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .case import KERAS3, Array, Build, Case, InputMaker, Keras, numbers

Shape = tuple[int | None, ...]
Function = Callable[..., Any]


def model_of(function: Function, *shapes: Shape, dtype: str = "float32") -> Build:
    """Return the builder of a model that is one expression of its inputs.

    Parameters
    ----------
    function
        Gets ``keras.ops`` and a tensor for each shape.
    """

    def build(keras: Keras) -> Any:
        inputs = [keras.Input(shape, dtype=dtype) for shape in shapes]
        return keras.Model(inputs, function(keras.ops, *inputs))

    return build


def operations(
    label: str,
    functions: Mapping[str, Function],
    *shapes: Shape,
    dtype: str = "float32",
    inputs: InputMaker = numbers,
    **options: Any,
) -> Iterator[Case]:
    """Yield one Keras 3 model for each function."""
    for name, function in functions.items():
        yield Case(
            id=f"ops.{label}-{name}",
            build=model_of(function, *shapes, dtype=dtype),
            inputs=inputs,
            dialects=(KERAS3,),
            **options,
        )


def within(low: float, high: float) -> InputMaker:
    """Return a maker of numbers in a range, for functions that others are not in the domain of."""

    def make(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
        return random.uniform(low, high, shape).astype(dtype)

    return make


def halves(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return multiples of a half, among them equal ones and ones between whole numbers."""
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
