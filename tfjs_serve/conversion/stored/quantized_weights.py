"""Arithmetic that turns quantized weights into floats (``keras/src/quantizers``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfjs_serve.conversion.model.sources import Array, computed_source, values
from tfjs_serve.layers_model.model import TensorSource

_FLOAT8_LARGEST = 448.0
_FLOAT8_SMALLEST_EXPONENT = -6
_FLOAT8_DIGITS = 3


def unpacked(packed: Array, axis: int, length: int, signed: bool) -> Array:
    """Return integers of four bits, two of which are in each byte.

    Parameters
    ----------
    packed
        The bytes. The low bits are the first number along `axis`.
    axis, length
        The axis along which the two are neighbours, and its length in the result.
    signed
        Whether the range is -8 to 7, and not 0 to 15.
    """
    raw = np.moveaxis(packed.astype(np.uint8), axis, 0)
    pairs = np.stack([raw & 0x0F, raw >> 4], axis=1)
    numbers = pairs.reshape(-1, *raw.shape[1:]).astype(np.int16)
    if signed:
        numbers = (numbers ^ 8) - 8
    return np.moveaxis(numbers[:length], 0, axis)


def divided(numbers: TensorSource, scale: TensorSource, scale_shape: Sequence[int]) -> TensorSource:
    """Return integers divided by scales, which are broadcast in the shape `scale_shape`."""
    return computed_source(
        lambda n, s: n / s.reshape(tuple(scale_shape)), numbers, scale, shape=numbers.shape
    )


def of_groups(numbers: Array, scale: Array, zero: Array, groups: Array, *, axis: int) -> Array:
    """Return the floats for integers in groups along `axis`.

    Parameters
    ----------
    numbers
        The integers.
    scale, zero
        The scale and the zero of each group, along `axis`.
    groups
        The group of each step along `axis`.
    """
    places = groups.astype(np.int64)
    zeros = np.take(zero, places, axis=axis).astype(np.float32)
    return np.asarray((numbers - zeros) * np.take(scale, places, axis=axis))


def scalar(source: TensorSource) -> float:
    """Return the value of a variable without axes."""
    return float(values(source).reshape(()))


def as_float8(array: Array, scale: float) -> Array:
    """Return `array` rounded to what ``float8_e4m3fn`` has of ``array / scale``."""
    limited = np.clip(array / np.float32(scale), -_FLOAT8_LARGEST, _FLOAT8_LARGEST)
    exponents = np.maximum(np.frexp(limited)[1] - 1, _FLOAT8_SMALLEST_EXPONENT)
    steps = np.exp2(exponents - _FLOAT8_DIGITS)
    return np.asarray(np.round(limited / steps) * steps * np.float32(scale))


def as_bfloat16(array: Array) -> Array:
    """Return the nearest numbers that bfloat16 has; halves are rounded to even."""
    bits = array.astype(np.float32).view(np.uint32)
    rounded = bits + 0x7FFF + ((bits >> 16) & 1)
    return (rounded & 0xFFFF0000).astype(np.uint32).view(np.float32)
