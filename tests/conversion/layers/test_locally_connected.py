"""Saved kernels of locally connected layers, laid out by window, whichever way they were saved."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tfjs_serve.conversion.layers.locally_connected import Layout, by_window
from tfjs_serve.conversion.small_models.windows import Windows

Array = npt.NDArray[Any]
CHANNELS, FILTERS = 2, 3


def layout(padding: str, channels_first: bool) -> Layout:
    windows = Windows(size=(3, 2), strides=(2, 1), dilation=(1, 1), padding=padding)
    return Layout(
        windows=windows,
        sizes=(5, 3),
        channels=CHANNELS,
        filters=FILTERS,
        channels_first=channels_first,
    )


def connections(of: Layout) -> Array:
    """Return a number for each pair of a number of the input and one of the output, or 0.

    Shape ``(places, channels, windows, filters)``.
    """
    shape = (math.prod(of.sizes), CHANNELS, math.prod(of.counts), FILTERS)
    full = np.arange(1, math.prod(shape) + 1).reshape(shape)
    connected = np.zeros(shape, np.bool_)
    for window, seen in enumerate(of.seen()):
        connected[seen[seen >= 0], :, window] = True
    return np.where(connected, full, 0)


def turned(pairs: Array, of: Layout) -> Array:
    """Return pairs in the order of a layer whose channels are first."""
    return pairs.transpose(1, 0, 3, 2) if of.channels_first else pairs


@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_all_ways_of_saving_mean_the_same(padding: str, channels_first: bool) -> None:
    of = layout(padding, channels_first)
    pairs = turned(connections(of), of)
    matrix = pairs.reshape(math.prod(of.sizes) * CHANNELS, -1)
    sparse = matrix.T[matrix.T > 0]
    expected = by_window(pairs, of, 2)
    np.testing.assert_array_equal(by_window(sparse, of, 3), expected)
    assert expected.shape == (of.steps, math.prod(of.counts), FILTERS)


@pytest.mark.parametrize("channels_first", [False, True])
def test_windows_of_their_own_are_turned(channels_first: bool) -> None:
    of = layout("valid", channels_first)
    expected = by_window(turned(connections(of), of), of, 2)
    kernel = np.zeros((math.prod(of.counts), of.steps, FILTERS))
    taps = math.prod(of.windows.size)
    for tap, channel in product(range(taps), range(CHANNELS)):
        own = channel * taps + tap if channels_first else tap * CHANNELS + channel
        kernel[:, own] = expected[tap * CHANNELS + channel]
    np.testing.assert_array_equal(by_window(kernel, of, 1), expected)


def test_windows_hang_over_the_edges_evenly_whatever_the_strides() -> None:
    seen = layout("same", False).seen()
    assert seen[0].tolist() == [-1, -1, -1, 0, -1, 3]
    assert (layout("valid", False).seen() >= 0).all()
