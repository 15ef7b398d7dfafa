"""Weights of quantized layers as the numbers that they stand for (``keras/src/quantizers``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfjs_serve.conversion.model.sources import Array, computed_source, values
from tfjs_serve.layers_model.model import TensorSource

_FLOAT8_LARGEST = 448.0
_FLOAT8_SMALLEST_EXPONENT = -6
_FLOAT8_DIGITS = 3


def unpacked(packed: Array, axis: int, length: int, signed: bool) -> Array:
    """Return numbers of four bits, of which each byte holds two along `axis`: low bits first.

    Parameters
    ----------
    length
        Of the result along `axis`.
    """
    raw = np.moveaxis(packed.astype(np.uint8), axis, 0)
    pairs = np.stack([raw & 0x0F, raw >> 4], axis=1)
    numbers = pairs.reshape(-1, *raw.shape[1:]).astype(np.int16)
    if signed:
        numbers = (numbers ^ 8) - 8
    return np.moveaxis(numbers[:length], 0, axis)


def divided(numbers: TensorSource, scale: TensorSource, scale_shape: Sequence[int]) -> TensorSource:
    """Return whole numbers divided by scales that are broadcast in a given shape."""
    return computed_source(
        lambda n, s: n / s.reshape(tuple(scale_shape)), numbers, scale, shape=numbers.shape
    )


def of_groups(numbers: Array, scale: Array, zero: Array, groups: Array, *, axis: int) -> Array:
    """Return numbers of which each group along `axis` has a scale and a zero of its own."""
    places = groups.astype(np.int64)
    zeros = np.take(zero, places, axis=axis).astype(np.float32)
    return np.asarray((numbers - zeros) * np.take(scale, places, axis=axis))


def scalar(source: TensorSource) -> float:
    """Return the value of a variable without axes."""
    return float(values(source).reshape(()))


def as_float8(array: Array, scale: float) -> Array:
    """Return what is left of `array` after it was a ``float8_e4m3fn`` of ``array / scale``."""
    limited = np.clip(array / np.float32(scale), -_FLOAT8_LARGEST, _FLOAT8_LARGEST)
    exponents = np.maximum(np.frexp(limited)[1] - 1, _FLOAT8_SMALLEST_EXPONENT)
    steps = np.exp2(exponents - _FLOAT8_DIGITS)
    return np.asarray(np.round(limited / steps) * steps * np.float32(scale))


def as_bfloat16(array: Array) -> Array:
    """Return the nearest numbers of 16 bits, halves to even."""
    bits = array.astype(np.float32).view(np.uint32)
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)
    return (rounded & 0xFFFF0000).astype(np.uint32).view(np.float32)
