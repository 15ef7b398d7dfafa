"""Spectrograms (``keras/src/layers/preprocessing/{mel,stft}_spectrogram.py``)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tfjs_serve.conversion.model.layers import Json, Variable
from tfjs_serve.conversion.model.shapes import Shape, Size, of_each, window_length
from tfjs_serve.conversion.model.sources import constant, reshaped_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor


def _mel_shape(config: Mapping[str, Json], shape: Shape) -> Shape:
    stride, size = config.get("sequence_stride", 512), shape[-1]
    frames = None if size is None else (size + stride + 1) // stride
    return (*shape[:-1], config.get("num_mel_bins", 128), frames)


@rule(
    "MelSpectrogram",
    outcome=Outcome.COMPANION,
    shape=of_each(_mel_shape),
    support=Support(companion="always", training="always"),
)
def mel_spectrogram(context: LayerContext) -> TfjsLayer:
    """The power in bands of the mel scale, in decibels."""
    read = context.read
    fft_length, rate = read.integer("fft_length", 2048), read.number("sampling_rate", 16000)
    window = read.take("window", "hann")
    top_db = read.take("top_db", 80.0)
    arguments = {
        "fft_length": fft_length,
        "stride": read.integer("sequence_stride", 512),
        "length": read.take("sequence_length") or fft_length,
        "window": window["config"]["value"] if isinstance(window, dict) else window,
        "rate": rate,
        "bins": read.integer("num_mel_bins", 128),
        "lowest": read.number("min_freq", 20.0),
        "highest": read.take("max_freq") or int(rate / 2),
        "in_decibels": read.boolean("power_to_db", True),
        # Keras allows None unless it computes decibels.
        "range": 80.0 if top_db is None else read.number("top_db", 80.0),
        "exponent": read.number("mag_exp", 2.0),
        "least_power": read.number("min_power", 1e-10),
        "reference": read.number("ref_power", 1.0),
    }
    return context.companion("MelSpectrogram", arguments)


_KERNELS = {"real": ("real_kernel",), "imag": ("imag_kernel",)}
_BOTH = ("real_kernel", "imag_kernel")
_PLAIN = ("real", "imag", "stft", "psd")
"""Modes that need only convolutions, products and sums, but no root, logarithm or arc tangent."""


def _stft_variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    return tuple(map(_variable, _KERNELS.get(config.get("mode", "log"), _BOTH)))


def _variable(name: str) -> Variable:
    return Variable(name=name)


def _frequencies(config: Mapping[str, Json]) -> int:
    length = config.get("fft_length") or 2 ** math.ceil(math.log2(_frame_length(config)))
    return int(length) // 2 + 1


def _frame_length(config: Mapping[str, Json]) -> int:
    return int(config.get("frame_length", 256))


def _step(config: Mapping[str, Json]) -> int:
    return int(config.get("frame_step") or _frame_length(config) // 2)


def _stft_shape(config: Mapping[str, Json], shape: Shape) -> Shape:
    first = config.get("data_format") == "channels_first"
    size, channels = (shape[2], shape[1]) if first else (shape[1], shape[2])
    bins = _frequencies(config) * (2 if config.get("mode") == "stft" else 1)
    frames: Size = None
    if size is not None:
        padding = config.get("padding", "valid")
        frames = window_length(size, _frame_length(config), _step(config), padding)
    if config.get("expand_dims"):
        sizes = (channels, frames, bins) if first else (frames, bins, channels)
        return (shape[0], *sizes)
    flat = None if channels is None else channels * bins
    return (shape[0], flat, frames) if first else (shape[0], frames, flat)


@rule(
    "STFTSpectrogram",
    variables=_stft_variables,
    outcome=Outcome.LOWERED,
    shape=of_each(_stft_shape),
    support=Support(
        lowered="`mode` real, imag, stft and psd: Conv2D with the saved kernels",
        companion="the logarithm, root or arc tangent of the other modes",
    ),
)
def stft_spectrogram(context: LayerContext) -> TfjsLayer:
    """Convolves each channel with waves of all frequencies."""
    read, config = context.read, context.layer.config
    read.ignore("frame_length", "frame_step", "fft_length")
    # The kernels in the file were made with these.
    read.ignore("window", "periodic", "scaling")
    mode, padding = read.text("mode", "log"), read.text("padding", "valid")
    first = read.text("data_format", "channels_last") == "channels_first"
    expands = read.boolean("expand_dims", False)
    low = Lowering(context)
    (x,) = low.inputs
    series = low.permute(x, (0, 2, 1)) if first else x
    image = low.reshape(series, (*series.shape[1:], 1))
    parts = [_waves(low, context, image, name, padding) for name in _KERNELS.get(mode, _BOTH)]
    spectrum = _spectrum(low, mode, parts, _frequencies(config))
    return low.model(_arranged(low, spectrum, first, expands))


def _waves(low: Lowering, context: LayerContext, image: Tensor, name: str, padding: str) -> Tensor:
    """Return shape ``(batch, frames, channels, frequencies)``."""
    config = context.layer.config
    length, step, bins = _frame_length(config), _step(config), _frequencies(config)
    layer = {
        "filters": bins,
        "kernel_size": [length, 1],
        "strides": [step, 1],
        "padding": padding,
        "use_bias": False,
        "data_format": "channels_last",
    }
    kernel = reshaped_source(context.weights[name], (length, 1, 1, bins))
    return low.layer("Conv2D", layer, image, weights={"kernel": kernel})


def _spectrum(low: Lowering, mode: str, parts: list[Tensor], bins: int) -> Tensor:
    if len(parts) == 1:
        return parts[0]
    if mode == "stft":
        return low.concatenate(parts, -1)
    if mode not in _PLAIN:
        return low.companion("Spectrum", {"mode": mode}, *parts, shape=parts[0].shape)
    power = low.add(*(low.multiply(part, part) for part in parts))
    # Each frequency but the first and the last also counts for its negative.
    factors = np.full(bins, 2.0)
    factors[[0, -1]] = 1.0
    return low.affine(power, constant(factors), None, trainable=False)


def _arranged(low: Lowering, x: Tensor, first: bool, expands: bool) -> Tensor:
    """Return frames, channels and frequencies in the order that Keras returns them in."""
    if expands:
        return low.permute(x, (0, 2, 1, 3) if first else (0, 1, 3, 2))
    frames, channels, bins = x.shape[1:]
    flat = None if channels is None or bins is None else channels * bins
    joined = low.reshape(x, (frames, flat))
    return low.permute(joined, (0, 2, 1)) if first else joined
