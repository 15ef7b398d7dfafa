"""Pooling and windows (``keras/src/ops/nn.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_float
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import channels_of, pair, pooled, with_channels
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation
from tfjs_serve.conversion.operations.specs.shaping import like


@operation("max_pool", "average_pool")
def pool(
    inputs: Operand,
    /,
    pool_size: Json,
    strides: Json = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Operand:
    """One to three spatial axes."""
    config = {
        "pool_size": pool_size,
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
    }
    return Operand(shape=pooled(config, inputs.shape), dtype=inputs.dtype)


@operation("adaptive_max_pool", "adaptive_average_pool")
def adaptive_pool(inputs: Operand, /, output_size: Json, data_format: str | None = None) -> Operand:
    """Windows of nearly equal sizes."""
    config = {"data_format": data_format}
    sizes = pair(output_size, inputs.rank - 2)
    shape = with_channels(config, inputs.shape, sizes, channels_of(config, inputs.shape))
    return Operand(shape=shape, dtype=as_float(inputs.dtype))


@operation("unfold")
def unfold(
    x: Operand, /, kernel_size: Json, dilation: Json = 1, padding: Json = 0, stride: Json = 1
) -> Operand:
    """Patches of images with channels first become columns."""
    batch, channels, *sizes = x.shape
    windows = pair(kernel_size, 2)
    arguments = zip(
        sizes, windows, pair(dilation, 2), pair(padding, 2), pair(stride, 2), strict=True
    )
    counts = [
        None if size is None else (size + 2 * pad - rate * (window - 1) - 1) // step + 1
        for size, window, rate, pad, step in arguments
    ]
    columns = None if None in counts else (counts[0] or 0) * (counts[1] or 0)
    depth = None if channels is None else channels * windows[0] * windows[1]
    return like(x, [batch, depth, columns])


@operation("fold")
def fold(
    x: Operand,
    /,
    output_size: Json,
    kernel_size: Json,
    dilation: Json = 1,
    padding: Json = 0,
    stride: Json = 1,
) -> Operand:
    """Columns become overlapping patches, which are added."""
    windows = pair(kernel_size, 2)
    depth = x.shape[1]
    channels = None if depth is None else depth // (windows[0] * windows[1])
    return like(x, [x.shape[0], channels, *pair(output_size, 2)])
