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
    """Indices in ascending order of what they refer to."""
    shape: Shape = x.shape if axis is not None else (known_product(x.shape),)
    return Operand(shape=shape, dtype="int32")


@operation("top_k")
def top_k(x: Operand, /, k: int, sorted: bool = True) -> tuple[Operand, ...]:
    """The largest of the last axis and their indices."""
    shape = (*x.shape[:-1], k)
    return Operand(shape=shape, dtype=x.dtype), Operand(shape=shape, dtype="int32")


@operation("searchsorted")
def searchsorted(sorted_sequence: Operand, values: Operand, /, side: str = "left") -> Operand:
    """Where values belong in a sorted vector."""
    return Operand(shape=values.shape, dtype="int32")


@operation("digitize")
def digitize(x: Operand, bins: Operand, /) -> Operand:
    """How many limits are not above the value."""
    return Operand(shape=x.shape, dtype="int32")


@operation("isin")
def isin(x1: Operand, x2: Operand, /, assume_unique: bool = False, invert: bool = False) -> Operand:
    """Whether an element of the first one is in the second one."""
    return Operand(shape=x1.shape, dtype="bool")


@operation("bincount")
def bincount(
    x: Operand, /, weights: Json = None, minlength: int = 0, sparse: bool = False
) -> Operand:
    """How often each whole number occurs in the last axis; `minlength` numbers at least."""
    return Operand(shape=(*x.shape[:-1], None), dtype="int32")


@operation("in_top_k")
def in_top_k(targets: Operand, predictions: Operand, /, k: int) -> Operand:
    """Whether the target is among the `k` largest predictions."""
    return Operand(shape=targets.shape, dtype="bool")
