"""Windows, and the zeros around a tensor that their padding stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
