"""Functions that reduce axes: sums, extremes, statistics.

Of ``numpy.py`` and ``math.py`` in ``keras/src/ops``.
"""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_float, as_sum, result_type
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import reduced
from tfjs_serve.conversion.operations.signatures import operation


@operation("sum", "nansum")
def total(x: Operand, /, axis: Json = None, keepdims: bool = False) -> Operand:
    """The sum of small integers has 32 bits."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=as_sum(x.dtype))


@operation("prod", "nanprod")
def product(
    x: Operand, /, axis: Json = None, keepdims: bool = False, dtype: str | None = None
) -> Operand:
    """The product of small integers has 32 bits."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=dtype or as_sum(x.dtype))


@operation("max", "min")
def extreme(
    x: Operand, /, axis: Json = None, keepdims: bool = False, initial: float | None = None
) -> Operand:
    """`initial` counts like another element."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=x.dtype)


@operation("amax", "amin", "nanmax", "nanmin", "ptp")
def plain_extreme(x: Operand, /, axis: Json = None, keepdims: bool = False) -> Operand:
    """Keeps the dtype."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=x.dtype)


@operation("mean", "std", "var", "median", "logsumexp", "nanmean", "nanmedian", "nanstd", "nanvar")
def statistic(x: Operand, /, axis: Json = None, keepdims: bool = False) -> Operand:
    """Fractions, also of integers."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=as_float(x.dtype))


@operation("all", "any")
def truth(x: Operand, /, axis: Json = None, keepdims: bool = False) -> Operand:
    """Whatever is not zero is true."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype="bool")


@operation("argmax", "argmin", "nanargmax", "nanargmin")
def position(x: Operand, /, axis: int | None = None, keepdims: bool = False) -> Operand:
    """An index along the axis, or in the flattened tensor if `axis` is ``None``."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype="int32")


@operation("count_nonzero")
def count_nonzero(x: Operand, /, axis: Json = None) -> Operand:
    """How many elements are not zero."""
    return Operand(shape=reduced(x.shape, axis), dtype="int32")


@operation("average")
def average(x: Operand, weights: Operand | None = None, /, axis: int | None = None) -> Operand:
    """The weights have the shape of x, or there is one for each step of the axis."""
    dtypes = [x.dtype, "float", *([weights.dtype] if weights is not None else [])]
    return Operand(shape=reduced(x.shape, axis), dtype=result_type(*dtypes))


@operation("quantile", "percentile", "nanquantile", "nanpercentile")
def quantile(
    x: Operand,
    q: Operand,
    /,
    axis: Json = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Operand:
    """Of several `q`, the quantiles are along a new first axis."""
    shape = (*q.shape, *reduced(x.shape, axis, keepdims))
    return Operand(shape=shape, dtype=as_float(x.dtype))


@operation("moments")
def moments(
    x: Operand, /, axes: Json, keepdims: bool = False, synchronized: bool = False
) -> tuple[Operand, ...]:
    """Mean and variance."""
    shape = reduced(x.shape, axes, keepdims)
    return (Operand(shape=shape, dtype=x.dtype),) * 2


@operation("trapezoid")
def trapezoid(y: Operand, /, x: Json = None, dx: float = 1.0, axis: int = -1) -> Operand:
    """The integral along an axis."""
    return Operand(shape=reduced(y.shape, axis), dtype=as_float(y.dtype))


@operation("segment_sum", "segment_max", "segment_min", "segment_prod")
def segment(
    data: Operand,
    segment_ids: Operand,
    /,
    num_segments: int | None = None,
    sorted: bool = False,
) -> Operand:
    """One row per segment."""
    return Operand(shape=(num_segments, *data.shape[1:]), dtype=data.dtype)
