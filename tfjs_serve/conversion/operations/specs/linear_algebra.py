"""Linear algebra (``keras/src/ops/linalg.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_float
from tfjs_serve.conversion.model.shapes import broadcast
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


@operation("cholesky", "cholesky_inverse")
def cholesky(x: Operand, /, upper: bool = False) -> Operand:
    """Matrices in the last two axes."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("inv")
def inv(x: Operand, /) -> Operand:
    """Matrices in the last two axes."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("det", "logdet")
def det(x: Operand, /) -> Operand:
    """One number per matrix."""
    return Operand(shape=x.shape[:-2], dtype=as_float(x.dtype))


@operation("slogdet")
def slogdet(x: Operand, /) -> tuple[Operand, ...]:
    """Sign and logarithm of the determinant."""
    return (Operand(shape=x.shape[:-2], dtype=as_float(x.dtype)),) * 2


@operation("solve")
def solve(a: Operand, b: Operand, /) -> Operand:
    """The right side is a vector, or a matrix of them."""
    return Operand(shape=b.shape, dtype=as_float(a.dtype))


@operation("solve_triangular")
def solve_triangular(a: Operand, b: Operand, /, lower: bool = False) -> Operand:
    """Only one triangle of the matrix is read."""
    return Operand(shape=b.shape, dtype=as_float(a.dtype))


@operation("qr")
def qr(x: Operand, /, mode: str = "reduced") -> tuple[Operand, ...]:
    """An orthogonal matrix and a triangular one."""
    rows, columns = x.shape[-2:]
    if rows is None or columns is None:
        raise ValueError("the size of the matrix is not known")
    inner = rows if mode == "complete" else min(rows, columns)
    dtype = as_float(x.dtype)
    return (
        Operand(shape=(*x.shape[:-1], inner), dtype=dtype),
        Operand(shape=(*x.shape[:-2], inner, columns), dtype=dtype),
    )


@operation("cdist")
def cdist(x: Operand, y: Operand, /) -> Operand:
    """Distances of the rows of two matrices."""
    batch = broadcast([x.shape[:-2], y.shape[:-2]]) if x.rank > 2 or y.rank > 2 else ()
    return Operand(shape=(*batch, x.shape[-2], y.shape[-2]), dtype=as_float(x.dtype))
