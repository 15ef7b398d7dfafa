"""LocallyConnected1D and 2D of Keras 2 (``locally_connected1d.py``, ``locally_connected2d.py``).

TF.js has neither. So the numbers in each window are laid out, with windows as channels and the
steps of a window as rows. A depthwise convolution over all rows then has a kernel for each window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfjs_serve.conversion.layers.shared.convolution import (
    Convolution,
    filters_of,
    read_convolution,
    read_kernel,
    shape_rule,
)
from tfjs_serve.conversion.model.shapes import window_length
from tfjs_serve.conversion.model.sources import Array, computed_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, kernel_and_bias, rule
from tfjs_serve.conversion.small_models.activations import activated
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.convolutions import (
    Kernel,
    depthwise,
    elementwise,
    imagewise,
)
from tfjs_serve.conversion.small_models.patches import patches
from tfjs_serve.conversion.small_models.spatial import (
    as_image,
    with_first_channels,
    with_last_channels,
    zero_padded,
)
from tfjs_serve.conversion.small_models.windows import Windows
from tfjs_serve.layers_model.model import TensorSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the windows of a layer are on its input.

    Attributes
    ----------
    sizes
        The sizes of the input, without batch and channels.
    """

    windows: Windows
    sizes: tuple[int, ...]
    channels: int
    filters: int
    channels_first: bool

    @property
    def counts(self) -> tuple[int, ...]:
        """How many windows there are along each axis."""
        moves = zip(self.sizes, self.windows.size, self.windows.strides, strict=True)
        padding = self.windows.padding
        return tuple(window_length(size, k, stride, padding) for size, k, stride in moves)

    @property
    def steps(self) -> int:
        """How many numbers are in a window, in all channels."""
        return math.prod(self.windows.size) * self.channels

    @property
    def edges(self) -> list[tuple[int, int]]:
        """The zeros around the input (``conv_connected_inputs`` in ``conv_utils.py``).

        Unlike those of a convolution, they do not depend on the strides.
        """
        if self.windows.padding == "valid":
            return [(0, 0)] * len(self.sizes)
        edges = []
        for axis, (size, window) in enumerate(zip(self.sizes, self.windows.size, strict=True)):
            last = (self.counts[axis] - 1) * self.windows.strides[axis]
            edges.append((window // 2, max(last + window - window // 2 - size, 0)))
        return edges

    def seen(self) -> Array:
        """Return which step of the input is at each step of each window.

        Returns
        -------
        Array
            Indices of shape ``(windows, steps of a window)``, both without channels; -1 outside of
            the input.
        """
        places = []
        for axis, (before, _) in enumerate(self.edges):
            starts = np.arange(self.counts[axis]) * self.windows.strides[axis] - before
            place = starts[:, None] + np.arange(self.windows.size[axis])
            places.append(np.where((place >= 0) & (place < self.sizes[axis]), place, -1))
        flat = np.zeros((1, 1), np.int64)
        for place, size in zip(places, self.sizes, strict=True):
            one, other = flat[:, None, :, None], place[None, :, None, :]
            merged = np.where((one < 0) | (other < 0), -1, one * size + other)
            flat = merged.reshape(merged.shape[0] * merged.shape[1], -1)
        return flat


def by_window(kernel: Array, layout: Layout, implementation: int) -> Array:
    """Return a saved kernel as an array of shape ``(steps of a window, windows, filters)``.

    Parameters
    ----------
    implementation
        The layer's argument, which decides what is saved: 1, a kernel for each window; 2, a number
        for each pair of input and output; 3, only for the pairs that a window connects.
    """
    if implementation == 1:
        return _of_windows(kernel, layout)
    steps, windows = math.prod(layout.windows.size), math.prod(layout.counts)
    values = np.zeros((steps, layout.channels, windows, layout.filters), kernel.dtype)
    blocks = _pairs if implementation == 2 else _connected
    for window, (inside, block) in enumerate(blocks(kernel, layout)):
        values[inside, :, window] = block
    return values.reshape(layout.steps, -1, layout.filters)


def _of_windows(kernel: Array, layout: Layout) -> Array:
    if layout.channels_first:
        shape = (len(kernel), layout.channels, -1, layout.filters)
        kernel = kernel.reshape(shape).swapaxes(1, 2)
    return np.swapaxes(kernel.reshape(-1, layout.steps, layout.filters), 0, 1)


def _pairs(kernel: Array, layout: Layout) -> Iterator[tuple[Array, Array]]:
    """Yield which steps of each window are inside the input, and their numbers.

    The numbers have the shape ``(steps inside, channels, filters)``.
    """
    places, windows = math.prod(layout.sizes), math.prod(layout.counts)
    if layout.channels_first:
        shape = (layout.channels, places, layout.filters, windows)
        pairs = kernel.reshape(shape).transpose(3, 1, 0, 2)
    else:
        shape = (places, layout.channels, windows, layout.filters)
        pairs = kernel.reshape(shape).transpose(2, 0, 1, 3)
    for numbers, seen in zip(pairs, layout.seen(), strict=True):
        yield seen >= 0, numbers[seen[seen >= 0]]


def _connected(kernel: Array, layout: Layout) -> Iterator[tuple[Array, Array]]:
    """Yield the same as `_pairs`, from numbers that ``conv_kernel_idxs`` sorts by output."""
    filters, channels = layout.filters, layout.channels
    by_filter = kernel.reshape(filters, -1)
    start = 0
    for seen in layout.seen():
        inside = seen >= 0
        count = int(np.count_nonzero(inside)) * channels
        if layout.channels_first:
            block = by_filter[:, start : start + count].reshape(filters, channels, -1)
            yield inside, block.transpose(2, 1, 0)
        else:
            block = kernel[start * filters : (start + count) * filters]
            yield inside, block.reshape(filters, -1, channels).transpose(1, 2, 0)
        start += count


def _locally_connected(class_name: str, rank: int) -> None:
    @rule(
        class_name,
        variables=kernel_and_bias("kernel"),
        outcome=Outcome.LOWERED,
        shape=shape_rule(rank, filters_of),
        support=Support(lowered="DepthwiseConv2D of laid out windows"),
    )
    @activated
    def translate(context: LayerContext, activation: str) -> TfjsLayer:
        conv = read_convolution(context, rank, activation)
        filters = context.read.integer("filters")
        implementation = context.read.integer("implementation", 1)
        low = Lowering(context)
        x = with_last_channels(low, low.inputs[0], conv.data_format, rank)
        here = _layout(conv, x.shape[1:], filters)
        kernel = elementwise(context, read_kernel(context, conv))
        flat = depthwise(
            low,
            _windows_as_channels(low, x, here),
            Windows(size=(here.steps, 1), strides=(1, 1), dilation=(1, 1), padding="valid"),
            _depthwise_kernel(kernel, here, implementation),
        )
        y = low.reshape(flat, (*here.counts, filters))
        y = with_first_channels(low, y, conv.data_format, rank)
        return low.model(y if conv.activation == "linear" else low.activation(y, conv.activation))


def _layout(conv: Convolution, shape: Sequence[int | None], filters: int) -> Layout:
    known = [size for size in shape if size is not None]
    if len(known) < len(shape):
        raise UnknownShapeError("a size of its input is not known")
    return Layout(
        windows=conv.windows,
        sizes=tuple(known[:-1]),
        channels=known[-1],
        filters=filters,
        channels_first=conv.channels_first,
    )


def _windows_as_channels(low: Lowering, x: Tensor, here: Layout) -> Tensor:
    """Return an image of one column, with the steps of windows as rows and windows as channels."""
    windows = replace(here.windows, padding="valid")
    x = zero_padded(low, x, here.edges)
    if len(windows.size) == 1:
        x, windows = as_image(low, x), imagewise(windows)
    count = math.prod(here.counts)
    seen = low.reshape(patches(low, x, windows), (count, here.steps))
    return low.reshape(low.permute(seen, (0, 2, 1)), (here.steps, 1, count))


def _depthwise_kernel(kernel: Kernel, here: Layout, implementation: int) -> Kernel:
    count = math.prod(here.counts)

    def lay_out(values: Array) -> Array:
        return by_window(values, here, implementation)[:, None]

    values = computed_source(lay_out, kernel.values, shape=(here.steps, 1, count, here.filters))
    return replace(kernel, values=values, bias=kernel.bias and _bias(kernel.bias, here))


def _bias(bias: TensorSource, here: Layout) -> TensorSource:
    """Return the bias as one number for each window and filter.

    With channels first, Keras reads the bias as if its channels were first too, but saves it with
    channels last (``bias_add`` in ``backend.py``).
    """
    count = math.prod(here.counts)

    def lay_out(values: Array) -> Array:
        if here.channels_first:
            values = values.reshape(here.filters, count).T
        return values.reshape(-1)

    return computed_source(lay_out, bias, shape=(count * here.filters,))


for _rank in (1, 2):
    _locally_connected(f"LocallyConnected{_rank}D", _rank)
