"""The windows of adaptive pooling."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.conversion.layers.adaptive_pooling import parts

SIZES = st.integers(1, 30)


@given(size=SIZES, count=SIZES)
def test_adaptive_windows_cover_everything(size: int, count: int) -> None:
    windows = parts(size, count)
    assert windows[0][0] == 0
    assert windows[-1][1] == size
    lengths = {stop - start for start, stop in windows}
    assert lengths <= {-(-size // count), -(-size // count) + 1}
    assert all(one[1] >= other[0] for one, other in pairwise(windows))
