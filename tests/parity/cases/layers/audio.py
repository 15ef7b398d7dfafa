"""Spectrograms of sound."""

from __future__ import annotations

from tests.parity.cases.case import KERAS3, Case, each, grid, layer_cases

_MODES = ["log", "magnitude", "psd", "real", "imag", "angle", "stft"]
_SHORT = {"frame_length": 8}
_MEL = {"fft_length": 32, "sequence_stride": 8, "num_mel_bins": 6, "sampling_rate": 400}
_FLOAT32 = "decibels of sums in float32"

CASES: list[Case] = [
    *layer_cases(
        "STFTSpectrogram",
        (40, 2),
        grid(mode=_MODES, expand_dims=[False, True]),
        base=_SHORT,
        dialects=(KERAS3,),
    ),
    *layer_cases(
        "STFTSpectrogram",
        (2, 40),
        grid(mode=["log", "psd", "stft"], expand_dims=[False, True]),
        base={**_SHORT, "data_format": "channels_first"},
        label="first",
        dialects=(KERAS3,),
    ),
    *layer_cases(
        "STFTSpectrogram",
        (40, 1),
        [
            {"padding": "same", "frame_step": 3},
            {"fft_length": 16, "scaling": None, "window": None},
            *each(window=["hamming"], scaling=["spectrum"], periodic=[True]),
        ],
        base={**_SHORT, "mode": "real"},
        label="one",
        dialects=(KERAS3,),
    ),
    *layer_cases(
        "STFTSpectrogram", (None, 2), [{"frame_length": 4}], label="unknown", dialects=(KERAS3,)
    ),
    *layer_cases(
        "MelSpectrogram",
        (120,),
        [
            {},
            *each(
                power_to_db=[False],
                window=["hamming", None],
                sequence_length=[20],
                mag_exp=[1.0],
                max_freq=[150.0],
                ref_power=[0.1],
                top_db=[10.0],
            ),
            {"min_freq": 30.0, "min_power": 0.5},
        ],
        base=_MEL,
        tolerance=1e-4,
        reason=_FLOAT32,
        dialects=(KERAS3,),
    ),
    *layer_cases(
        "MelSpectrogram",
        (None,),
        [_MEL],
        label="unknown",
        tolerance=1e-4,
        reason=_FLOAT32,
        dialects=(KERAS3,),
    ),
]
