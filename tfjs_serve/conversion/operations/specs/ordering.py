"""Functions that sort, search and count (``keras/src/ops/numpy.py``, ``math.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, known_product
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import like
from tfjs_serve.conversion.operations.signatures import operation


@operation("sort")
def sort(x: Operand, /, axis: int | None = -1) -> Operand:
    """Ascending."""
    return like(x, x.shape if axis is not None else [known_product(x.shape)])


@operation("argsort")
def argsort(x: Operand, /, axis: int | None = -1) -> Operand:
    """The indices of the elements in ascending order."""
    shape: Shape = x.shape if axis is not None else (known_product(x.shape),)
    return Operand(shape=shape, dtype="int32")


@operation("top_k")
def top_k(x: Operand, /, k: int, sorted: bool = True) -> tuple[Operand, ...]:
    """The `k` largest elements of the last axis, and their indices."""
    shape = (*x.shape[:-1], k)
    return Operand(shape=shape, dtype=x.dtype), Operand(shape=shape, dtype="int32")


@operation("searchsorted")
def searchsorted(sorted_sequence: Operand, values: Operand, /, side: str = "left") -> Operand:
    """The index at which each value belongs in a sorted vector."""
    return Operand(shape=values.shape, dtype="int32")


@operation("digitize")
def digitize(x: Operand, bins: Operand, /) -> Operand:
    """For each value, how many of the limits are not above it."""
    return Operand(shape=x.shape, dtype="int32")


@operation("isin")
def isin(x1: Operand, x2: Operand, /, assume_unique: bool = False, invert: bool = False) -> Operand:
    """Whether each element of x1 is in x2."""
    return Operand(shape=x1.shape, dtype="bool")


@operation("bincount")
def bincount(
    x: Operand, /, weights: Json = None, minlength: int = 0, sparse: bool = False
) -> Operand:
    """How often each integer occurs in the last axis; at least `minlength` integers."""
    return Operand(shape=(*x.shape[:-1], None), dtype="int32")


@operation("in_top_k")
def in_top_k(targets: Operand, predictions: Operand, /, k: int) -> Operand:
    """Whether the target is among the `k` largest predictions."""
    return Operand(shape=targets.shape, dtype="bool")
