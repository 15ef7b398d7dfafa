"""Windows and blocks of images and sequences (``keras/src/ops/image.py``, ``nn.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Size, pair, window_length
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import like
from tfjs_serve.conversion.operations.signatures import operation
from tfjs_serve.conversion.operations.specs.images import image_axes


@operation("extract_patches")
def extract_patches(
    images: Operand,
    /,
    size: Json,
    strides: Json = None,
    dilation_rate: Json = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Operand:
    """The pixels of each patch become channels; images or volumes."""
    count = len(size) if isinstance(size, list) else 2
    windows = pair(size, count)
    steps = windows if strides is None else pair(strides, count)
    rates = pair(dilation_rate, count)
    first, channels = image_axes(images.rank, data_format, count)
    shape: list[Size] = list(images.shape)
    for axis in range(count):
        length = shape[first + axis]
        if length is not None:
            length = window_length(length, windows[axis], steps[axis], padding, rates[axis])
        shape[first + axis] = length
    depth = shape[channels]
    for window in windows:
        depth = None if depth is None else depth * window
    shape[channels] = depth
    return like(images, shape)


@operation("unfold")
def unfold(
    x: Operand, /, kernel_size: Json, dilation: Json = 1, padding: Json = 0, stride: Json = 1
) -> Operand:
    """The pixels of each patch become a column; the channels come first."""
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
    """The inverse of ``unfold``: patches that overlap are added."""
    windows = pair(kernel_size, 2)
    depth = x.shape[1]
    channels = None if depth is None else depth // (windows[0] * windows[1])
    return like(x, [x.shape[0], channels, *pair(output_size, 2)])


@operation("extract_sequences")
def extract_sequences(x: Operand, /, sequence_length: int, sequence_stride: int) -> Operand:
    """Overlapping windows of the last axis."""
    size = x.shape[-1]
    count = None if size is None else 1 + (size - sequence_length) // sequence_stride
    return like(x, [*x.shape[:-1], count, sequence_length])


@operation("depth_to_space")
def depth_to_space(
    x: Operand, /, block_size: int, data_format: str | None = "channels_last"
) -> Operand:
    """Channels become blocks of pixels."""
    return _blocks(x, block_size, data_format, grow=True)


@operation("space_to_depth")
def space_to_depth(
    x: Operand, /, block_size: int, data_format: str | None = "channels_last"
) -> Operand:
    """Blocks of pixels become channels."""
    return _blocks(x, block_size, data_format, grow=False)


def _blocks(x: Operand, block: int, data_format: str | None, *, grow: bool) -> Operand:
    channels = 1 if data_format == "channels_first" else 3

    def change(axis: int, size: Size) -> Size:
        if size is None or axis == 0:
            return size
        if axis == channels:
            return size // block**2 if grow else size * block**2
        return size * block if grow else size // block

    return like(x, [change(axis, size) for axis, size in enumerate(x.shape)])
