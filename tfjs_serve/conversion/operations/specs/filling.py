"""Functions that make tensors of numbers (``keras/src/ops/numpy.py``)."""

from __future__ import annotations

import math

from tfjs_serve.conversion.model.dtypes import as_float, result_type
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, broadcast
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import unknown_sizes
from tfjs_serve.conversion.operations.signatures import operation


@operation("zeros_like", "ones_like", "empty_like")
def filled_like(x: Operand, /, dtype: str | None = None, shape: Json = None) -> Operand:
    """A tensor of the shape of x."""
    return Operand(shape=x.shape, dtype=dtype or x.dtype)


@operation("full_like")
def full_like(x: Operand, fill_value: Operand, /, dtype: str | None = None) -> Operand:
    """A tensor of the shape of x."""
    return Operand(shape=x.shape, dtype=dtype or x.dtype)


@operation("full")
def full(fill_value: Operand, /, shape: Json, dtype: str | None = None) -> Operand:
    """A shape is a tensor, or a list of numbers and tensors."""
    if isinstance(shape, Operand):
        return Operand(shape=unknown_sizes(shape), dtype=dtype or result_type(fill_value.dtype))
    sizes: Shape = tuple(size if isinstance(size, int) else None for size in shape)
    return Operand(shape=sizes, dtype=dtype or result_type(fill_value.dtype))


@operation("arange")
def arange(
    start: Operand,
    stop: Operand | None = None,
    step: Operand | None = None,
    /,
    dtype: str | None = None,
) -> Operand:
    """The length is known if all three are constants."""
    given = [x for x in (start, stop, step) if x is not None]
    made = dtype or result_type(*(x.dtype for x in given))
    first, last = (None, start) if stop is None else (start, stop)
    numbers = [
        0 if first is None else first.number,
        last.number,
        1 if step is None else step.number,
    ]
    if None in numbers:
        return Operand(shape=(None,), dtype=made)
    begin, end, by = (number or 0 for number in numbers)
    return Operand(shape=(max(math.ceil((end - begin) / by), 0),), dtype=made)


@operation("linspace")
def linspace(
    start: Operand,
    stop: Operand,
    /,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: str | None = None,
    axis: int = 0,
) -> Operand:
    """Along a new axis, from one tensor to the other in equal steps."""
    return _spaced(start, stop, num, dtype, axis)


@operation("logspace")
def logspace(
    start: Operand,
    stop: Operand,
    /,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: str | None = None,
    axis: int = 0,
) -> Operand:
    """Powers of `base`, whose exponents are those of ``linspace``."""
    return _spaced(start, stop, num, dtype, axis)


@operation("geomspace")
def geomspace(
    start: Operand,
    stop: Operand,
    /,
    num: int = 50,
    endpoint: bool = True,
    dtype: str | None = None,
    axis: int = 0,
) -> Operand:
    """Along a new axis, from one tensor to the other in equal ratios."""
    return _spaced(start, stop, num, dtype, axis)


def _spaced(start: Operand, stop: Operand, num: int, dtype: str | None, axis: int) -> Operand:
    shape = broadcast([start.shape, stop.shape]) if start.shape or stop.shape else ()
    at = axis % (len(shape) + 1)
    return Operand(shape=(*shape[:at], num, *shape[at:]), dtype=dtype or as_float(start.dtype))


@operation("vander")
def vander(x: Operand, /, N: int | None = None, increasing: bool = False) -> Operand:  # noqa: N803  # Keras's name
    """One row for each element of a vector: its powers."""
    return Operand(shape=(x.shape[0], x.shape[0] if N is None else N), dtype=x.dtype)
