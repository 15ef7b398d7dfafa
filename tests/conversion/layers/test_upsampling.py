"""Factors by which TensorFlow.js repeats steps exactly."""

from __future__ import annotations

from tfjs_serve.conversion.layers.upsampling import repeats_exactly


def test_few_factors_are_repeated_inexactly() -> None:
    assert [factor for factor in range(1, 64) if not repeats_exactly(factor)] == [
        41,
        47,
        49,
        55,
        61,
    ]
