"""Fourier transforms."""

from __future__ import annotations

from tests.parity.cases.functions import Function, operations

SIGNALS: dict[str, Function] = {
    "fft": lambda ops, x: ops.fft((x, x * 2)),
    "fft2": lambda ops, x: ops.fft2((x, x * 2)),
    "ifft2": lambda ops, x: ops.ifft2((x, x * 2)),
    "rfft": lambda ops, x: ops.rfft(x),
    "rfft-length": lambda ops, x: ops.rfft(x, fft_length=6),
    "rfft-longer": lambda ops, x: ops.rfft(x, fft_length=20),
    "irfft": lambda ops, x: ops.irfft((x, x * 2)),
    "irfft-length": lambda ops, x: ops.irfft((x, x * 2), fft_length=7),
    "stft": lambda ops, x: ops.stft(x, 6, 3, 8),
    "stft-hamming": lambda ops, x: ops.stft(x, 4, 2, 4, window="hamming", center=False),
}
BACK: dict[str, Function] = {
    "istft": lambda ops, x: ops.istft(ops.stft(x, 8, 2, 8), 8, 2, 8),
    "istft-whole": lambda ops, x: ops.istft(
        ops.stft(x, 4, 2, 6, center=False), 4, 2, 6, window="hamming", center=False
    ),
    "istft-plain": lambda ops, x: ops.istft(
        ops.stft(x, 6, 3, 6, window=None), 6, 3, 6, window=None, center=False
    ),
}

CASES = [
    *operations("signals", SIGNALS, (4, 12)),
    *operations("signals", BACK, (4, 12), by_tensorflow=True),
]
