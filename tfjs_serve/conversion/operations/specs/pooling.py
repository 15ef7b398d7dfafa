"""Pooling (``keras/src/ops/nn.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import as_float
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import channels_of, pair, pooled, with_channels
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


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
