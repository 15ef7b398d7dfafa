"""Running sums and products, and the differences that undo them (``keras/src/ops/numpy.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.shapes import Shape, known_product
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import like
from tfjs_serve.conversion.operations.signatures import operation


@operation("cumsum", "cumprod", "nancumsum", "nancumprod")
def cumulated(x: Operand, /, axis: int | None = None, dtype: str | None = None) -> Operand:
    """Along one axis, or along the flattened tensor if `axis` is ``None``."""
    flat: Shape = (known_product(x.shape),)
    made = "int32" if x.dtype == "bool" else x.dtype
    return Operand(shape=flat if axis is None else x.shape, dtype=dtype or made)


@operation("diff")
def diff(a: Operand, /, n: int = 1, axis: int = -1) -> Operand:
    """Differences of neighbours, `n` times."""
    at = axis % a.rank
    size = a.shape[at]
    return like(a, [*a.shape[:at], None if size is None else max(size - n, 0), *a.shape[at + 1 :]])
