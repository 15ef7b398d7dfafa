"""ZeroPadding2D (``tfjs-layers/src/layers/padding.ts``)."""

from __future__ import annotations

from collections.abc import Mapping
from operator import gt

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.model import Json
from tfjs_serve.conversion.registry import rule
from tfjs_serve.conversion.shapes import Shape, channels_of, of_each, spatial, with_channels


def edges(value: Json) -> Json:
    """Return ``[[top, bottom], [left, right]]`` of Keras's shorter forms too."""
    if isinstance(value, int):
        value = [value, value]
    return [[side, side] if isinstance(side, int) else side for side in value]


def padding_3d(context: LayerContext, size_key: str, strides: list[int]) -> str:
    """Return the padding of a window that moves over three axes.

    Where a stride is larger than the window, "same" can mean a negative padding in TF.js
    (``get3DPadAndOutInfo`` in ``tfjs-core/src/ops/conv_util.ts``), which shifts the window. A
    window of 1 needs no padding at all.
    """
    hint = "Use 'valid' or 'same'."
    padding = context.read.choice("padding", "valid", ("valid", "same"), hint)
    sizes = context.read.integers(size_key, 3, 2)
    if padding == "valid" or set(sizes) == {1}:
        return "valid"
    if any(map(gt, strides, sizes)):
        hint = f"Use strides of at most {size_key}, or padding='valid'."
        context.read.unsupported("padding='same' and strides", strides, hint)
    return padding


def _padded(config: Mapping[str, Json], shape: Shape) -> Shape:
    added = [sum(sides) for sides in edges(config.get("padding", 1))]
    sizes = spatial(config, shape, lambda axis, size: size + added[axis])
    return with_channels(config, shape, sizes, channels_of(config, shape))


@rule("ZeroPadding2D", shape=of_each(_padded))
def zero_padding_2d(context: LayerContext) -> TfjsLayer:
    """``padding`` as pairs for rows and columns."""
    read = context.read
    return context.native(
        "ZeroPadding2D",
        {
            "padding": edges(read.take("padding", 1)),
            "data_format": read.text("data_format", "channels_last"),
        },
    )
