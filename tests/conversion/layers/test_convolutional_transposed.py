"""What TensorFlow.js's transposed convolutions compute too much or too little."""

from __future__ import annotations

import pytest

from tfjs_serve.conversion.layers.convolutional_transposed import Surplus, surplus


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
