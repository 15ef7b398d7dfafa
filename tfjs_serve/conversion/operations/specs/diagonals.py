"""Diagonals and triangles of matrices (``keras/src/ops/numpy.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_sum
from tfjs_serve.conversion.model.shapes import Size
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import axes_of, like, reduced
from tfjs_serve.conversion.operations.signatures import operation
from tfjs_serve.conversion.operations.specs.shaping import ravel


@operation("diag")
def diag(x: Operand, /, k: int = 0) -> Operand:
    """A matrix of a vector, or the diagonal of a matrix."""
    if x.rank == 1:
        size = None if x.shape[0] is None else x.shape[0] + abs(k)
        return like(x, [size, size])
    return like(x, [_diagonal_length(x.shape[0], x.shape[1], k)])


@operation("diagflat")
def diagflat(x: Operand, /, k: int = 0) -> Operand:
    """A matrix with the elements on a diagonal."""
    return diag(ravel(x), k)


@operation("diagonal")
def diagonal(x: Operand, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Operand:
    """The diagonal becomes the last axis."""
    one, other = axes_of([axis1, axis2], x.rank)
    rest = [size for index, size in enumerate(x.shape) if index not in (one, other)]
    return like(x, [*rest, _diagonal_length(x.shape[one], x.shape[other], offset)])


def _diagonal_length(rows: Size, columns: Size, offset: int) -> Size:
    if rows is None or columns is None:
        return None
    remaining = columns - offset if offset > 0 else rows + offset
    return max(0, min(remaining, rows, columns))


@operation("tril", "triu")
def triangle(x: Operand, /, k: int = 0) -> Operand:
    """Zeros above or below a diagonal."""
    return like(x, x.shape)


@operation("trace")
def trace(x: Operand, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Operand:
    """The sum of a diagonal."""
    return Operand(shape=reduced(x.shape, [axis1, axis2]), dtype=as_sum(x.dtype))
