"""Windows: the zeros around a tensor, and what transposed convolutions have too much."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.conversion.layers.adaptive_pooling import parts
from tfjs_serve.conversion.layers.convolutional_transposed import Surplus, surplus
from tfjs_serve.conversion.layers.upsampling import repeats_exactly
from tfjs_serve.conversion.model.shapes import window_length
from tfjs_serve.conversion.small_models.arithmetic import UnknownShapeError
from tfjs_serve.conversion.small_models.windows import Windows, padding_edges

SIZES = st.integers(1, 30)
STEPS = st.integers(1, 6)


@given(size=SIZES, extent=STEPS, stride=STEPS, padding=st.sampled_from(["same", "causal"]))
def test_zeros_make_as_many_windows_as_keras_has(
    size: int, extent: int, stride: int, padding: str
) -> None:
    whole = size + sum(padding_edges(padding, size, extent, stride))
    assert window_length(whole, extent, stride, "valid") == window_length(
        size, extent, stride, padding
    )


@given(size=SIZES, extent=STEPS, stride=STEPS)
def test_zeros_lie_on_both_sides_and_never_fill_a_window(
    size: int, extent: int, stride: int
) -> None:
    before, after = padding_edges("same", size, extent, stride)
    assert 0 <= after - before <= 1
    assert after < extent


def test_a_causal_window_sees_nothing_that_is_to_come() -> None:
    assert padding_edges("causal", None, 5, 2) == [4, 0]


def test_only_strides_need_to_know_the_size() -> None:
    assert padding_edges("same", None, 3, 1) == [1, 1]
    with pytest.raises(UnknownShapeError):
        padding_edges("same", None, 3, 2)


def test_a_window_of_one_step_skips_none() -> None:
    windows = Windows(size=(1, 3), strides=(1, 1), dilation=(4, 1), padding="valid")
    assert windows.extent == (1, 3)
    assert not windows.is_dilated


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((3, 1, "valid", None), Surplus(before=0, after=0)),
        ((2, 4, "valid", None), Surplus(before=0, after=0)),
        ((2, 4, "valid", 1), Surplus(before=0, after=1)),
        ((3, 2, "valid", 1), Surplus(before=0, after=-1)),
        ((4, 2, "same", None), Surplus(before=1, after=1)),
        ((3, 2, "same", 1), Surplus(before=0, after=1)),
        ((3, 2, "same", 0), Surplus(before=1, after=1)),
        ((1, 3, "same", 2), Surplus(before=0, after=0)),
    ],
)
def test_what_a_transposed_convolution_cuts_off(
    arguments: tuple[int, int, str, int | None], expected: Surplus
) -> None:
    assert surplus(*arguments) == expected


@given(size=SIZES, count=SIZES)
def test_adaptive_windows_cover_everything(size: int, count: int) -> None:
    windows = parts(size, count)
    assert windows[0][0] == 0
    assert windows[-1][1] == size
    lengths = {stop - start for start, stop in windows}
    assert lengths <= {-(-size // count), -(-size // count) + 1}
    assert all(one[1] >= other[0] for one, other in pairwise(windows))


def test_few_factors_are_repeated_inexactly() -> None:
    assert [factor for factor in range(1, 64) if not repeats_exactly(factor)] == [
        41,
        47,
        49,
        55,
        61,
    ]
