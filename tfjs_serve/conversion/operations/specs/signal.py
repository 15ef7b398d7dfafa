"""Fourier transforms (``keras/src/ops/math.py``): complex numbers are pairs of tensors."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Size
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import like
from tfjs_serve.conversion.operations.signatures import operation


def _pair(x: Operand, size: Size) -> tuple[Operand, ...]:
    return (like(x, [*x.shape[:-1], size]),) * 2


@operation("fft", "fft2", "ifft2")
def fft(x: list[Operand], /) -> tuple[Operand, ...]:
    """Of the last axis, or of the last two."""
    return (like(x[0], x[0].shape),) * 2


@operation("rfft")
def rfft(x: Operand, /, fft_length: int | None = None) -> tuple[Operand, ...]:
    """Half of the spectrum and its middle."""
    length = x.shape[-1] if fft_length is None else fft_length
    return _pair(x, None if length is None else length // 2 + 1)


@operation("irfft")
def irfft(x: list[Operand], /, fft_length: int | None = None) -> Operand:
    """The inverse of ``rfft``."""
    size = x[0].shape[-1]
    if fft_length is None and size is not None:
        fft_length = 2 * (size - 1)
    return like(x[0], [*x[0].shape[:-1], fft_length])


@operation("stft")
def stft(
    x: Operand,
    /,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Json = "hann",
    center: bool = True,
) -> tuple[Operand, ...]:
    """Spectra of overlapping windows."""
    size = x.shape[-1]
    padded = (fft_length // 2) * 2 if center else 0
    count = None if size is None else 1 + (size + padded - fft_length) // sequence_stride
    return (like(x, [*x.shape[:-1], count, fft_length // 2 + 1]),) * 2


@operation("istft")
def istft(
    x: list[Operand],
    /,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Json = "hann",
    center: bool = True,
) -> Operand:
    """The inverse of ``stft``."""
    frames = x[0].shape[-2]
    if length is None and frames is not None:
        length = fft_length + sequence_stride * (frames - 1) - (fft_length // 2) * 2 * center
    return like(x[0], [*x[0].shape[:-2], length])
