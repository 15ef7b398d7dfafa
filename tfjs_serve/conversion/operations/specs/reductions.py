"""Functions that reduce axes: sums, extremes, statistics, norms."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_float, as_sum, result_type
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, broadcast
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


def reduced(shape: Shape, axis: Json = None, keepdims: bool = False) -> Shape:
    """Return the shape without some axes, or with ones in their places; ``None`` means all."""
    axes = axes_of(axis, len(shape))
    if keepdims:
        return tuple(1 if index in axes else size for index, size in enumerate(shape))
    return tuple(size for index, size in enumerate(shape) if index not in axes)


def axes_of(axis: Json, rank: int) -> list[int]:
    """Return axes counted from the front; ``None`` means all."""
    if axis is None:
        return list(range(rank))
    axes = axis if isinstance(axis, list | tuple) else [axis]
    if any(not -rank <= item < rank for item in axes):
        raise ValueError(f"axis {axis} of {rank} axes")
    return [item % rank for item in axes]


@operation("sum", "nansum")
def total(x: Operand, /, axis: Json = None, keepdims: bool = False) -> Operand:
    """Small integers are added as larger ones."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=as_sum(x.dtype))


@operation("prod", "nanprod")
def product(
    x: Operand, /, axis: Json = None, keepdims: bool = False, dtype: str | None = None
) -> Operand:
    """Small integers are multiplied as larger ones."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=dtype or as_sum(x.dtype))


@operation("max", "min")
def extreme(
    x: Operand, /, axis: Json = None, keepdims: bool = False, initial: float | None = None
) -> Operand:
    """``initial`` takes part like another element."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=x.dtype)


@operation("amax", "amin", "nanmax", "nanmin", "ptp")
def plain_extreme(x: Operand, /, axis: Json = None, keepdims: bool = False) -> Operand:
    """Keeps the dtype."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=x.dtype)


@operation("mean", "std", "var", "median", "logsumexp", "nanmean", "nanmedian", "nanstd", "nanvar")
def statistic(x: Operand, /, axis: Json = None, keepdims: bool = False) -> Operand:
    """Whole numbers have means with fractions."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=as_float(x.dtype))


@operation("all", "any")
def truth(x: Operand, /, axis: Json = None, keepdims: bool = False) -> Operand:
    """Whatever is not zero is true."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype="bool")


@operation("argmax", "argmin", "nanargmax", "nanargmin")
def position(x: Operand, /, axis: int | None = None, keepdims: bool = False) -> Operand:
    """Of the first one; in the flat tensor if there is no axis."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype="int32")


@operation("count_nonzero")
def count_nonzero(x: Operand, /, axis: Json = None) -> Operand:
    """How many elements are not zero."""
    return Operand(shape=reduced(x.shape, axis), dtype="int32")


@operation("average")
def average(x: Operand, weights: Operand | None = None, /, axis: int | None = None) -> Operand:
    """Weights have the shape of x or belong to the steps of the axis."""
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
    """Several of them come along a new first axis."""
    shape = (*q.shape, *reduced(x.shape, axis, keepdims))
    return Operand(shape=shape, dtype=as_float(x.dtype))


@operation("moments")
def moments(
    x: Operand, /, axes: Json, keepdims: bool = False, synchronized: bool = False
) -> tuple[Operand, ...]:
    """Mean and variance."""
    shape = reduced(x.shape, axes, keepdims)
    return (Operand(shape=shape, dtype=x.dtype),) * 2


@operation("norm")
def norm(x: Operand, /, ord: Json = None, axis: Json = None, keepdims: bool = False) -> Operand:
    """Of vectors along one axis or matrices along two."""
    return Operand(shape=reduced(x.shape, axis, keepdims), dtype=as_float(x.dtype))


@operation("allclose")
def allclose(
    x1: Operand,
    x2: Operand,
    /,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Operand:
    """One truth value."""
    return Operand(shape=(), dtype="bool")


@operation("trapezoid")
def trapezoid(y: Operand, /, x: Json = None, dx: float = 1.0, axis: int = -1) -> Operand:
    """The integral along an axis."""
    return Operand(shape=reduced(y.shape, axis), dtype=as_float(y.dtype))


@operation("trace")
def trace(x: Operand, /, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Operand:
    """The sum of a diagonal."""
    return Operand(shape=reduced(x.shape, [axis1, axis2]), dtype=as_sum(x.dtype))


@operation("cumsum", "cumprod", "nancumsum", "nancumprod")
def cumulated(x: Operand, /, axis: int | None = None, dtype: str | None = None) -> Operand:
    """Over the flat tensor if there is no axis."""
    flat: Shape = (None if None in x.shape else _size(x.shape),)
    made = "int32" if x.dtype == "bool" else x.dtype
    return Operand(shape=flat if axis is None else x.shape, dtype=dtype or made)


def _size(shape: Shape) -> int:
    size = 1
    for item in shape:
        size *= item or 0
    return size


@operation("normalize")
def normalize(
    x: Operand, /, axis: Json = -1, order: Json = 2, epsilon: float | None = None
) -> Operand:
    """Divided by the norm."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


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


@operation("psnr")
def psnr(x1: Operand, x2: Operand, /, max_val: float) -> Operand:
    """Peak signal to noise ratio of everything."""
    broadcast([x1.shape, x2.shape])
    return Operand(shape=())
