"""Restores the layers of Keras 1: what it saves for each class, as classes of Keras 2.

Sources: ``build`` of the layers in Keras 1, and ``preprocess_weights_for_loading`` in
``engine/saving.py`` of Keras 2.2, which loads their weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tfjs_serve.conversion.model.layers import CONTAINERS, KerasLayer, Variable
from tfjs_serve.conversion.model.sources import Weights, computed_source, reshaped_source
from tfjs_serve.conversion.spelling.keras1.arguments import CLASSES, modern_arguments
from tfjs_serve.conversion.spelling.keras1.merging import merge_class
from tfjs_serve.conversion.stored.forms import FormOf, Restored, StoredForm
from tfjs_serve.layers_model.model import TensorSource

_GATES = {"ConvLSTM2D": "icfo", "GRU": "zrh", "LSTM": "icfo"}
"""The gates of a layer, in the order of Keras 1's variables."""
_MODERN_GATES = {"ConvLSTM2D": "ifco", "GRU": "zrh", "LSTM": "ifco"}
_RECURRENT = ("kernel", "recurrent_kernel", "bias")
_WITHOUT_FORMAT_IN_FILE = frozenset(
    {f"{name}{rank}D" for name in ("Cropping", "UpSampling", "ZeroPadding") for rank in (2, 3)}
    | {"SpatialDropout2D", "SpatialDropout3D"}
)
"""Layers that do not write their ``dim_ordering`` (in all versions of Keras 1)."""

_NORMALIZATIONS = {1: "SampleNormalization", 2: "BatchStatisticsNormalization"}
"""Classes for those modes of BatchNormalization that Keras 2 does not have."""

_TRAINED: dict[str, tuple[str, ...]] = {
    "Embedding": ("embeddings",),
    "Highway": ("0", "1", "2", "3"),
    "PReLU": ("alpha",),
    "ParametricSoftplus": ("alpha", "beta"),
    "SReLU": ("t_left", "a_left", "t_right", "a_right"),
    "SimpleRNN": _RECURRENT,
}
_WITH_BIAS: dict[str, tuple[str, ...]] = {
    "AtrousConvolution1D": ("kernel",),
    "AtrousConvolution2D": ("kernel",),
    "Convolution1D": ("kernel",),
    "Convolution2D": ("kernel",),
    "Convolution3D": ("kernel",),
    "Deconvolution2D": ("kernel",),
    "Dense": ("kernel",),
    "LocallyConnected1D": ("kernel",),
    "LocallyConnected2D": ("kernel",),
    "MaxoutDense": ("kernel",),
    "SeparableConvolution2D": ("depthwise_kernel", "pointwise_kernel"),
    "TimeDistributedDense": ("kernel",),
}


def keras1_forms(model: KerasLayer) -> FormOf:
    """Return the forms of the layers of a model of Keras 1."""
    formats = _data_formats(model)

    def form(layer: KerasLayer) -> StoredForm | None:
        if layer.class_name in CONTAINERS or layer.is_custom:
            return None

        def restore(restored: KerasLayer, weights: Weights) -> Restored:
            return _restored(restored, weights, formats.get(restored.path))

        return StoredForm(variables=_variables(layer), restore=restore)

    return form


def _data_formats(model: KerasLayer) -> dict[str, str]:
    """Return the data format of layers by path, also of those that do not write it.

    Such layers used the user's setting. Other layers of the same model wrote it down.
    """
    known = [
        (layer.path, layer.config.get("dim_ordering"))
        for layer in model.walk()
        if layer.config.get("dim_ordering") or layer.class_name in _WITHOUT_FORMAT_IN_FILE
    ]
    written = [value for _, value in known if value in ("th", "tf")]
    latest = written[0] if written else "tf"
    formats = {}
    for path, value in known:
        latest = value if value in ("th", "tf") else latest
        formats[path] = {"th": "channels_first", "tf": "channels_last"}[latest]
    return formats


def _variables(layer: KerasLayer) -> tuple[Variable, ...]:
    name, config = layer.class_name, layer.config
    if name == "BatchNormalization":
        trained = [Variable(name=item) for item in ("gamma", "beta")]
        fixed = ("moving_mean", "moving_variance")
        return (*trained, *(Variable(name=item, trainable=False) for item in fixed))
    if name in _GATES and not (name != "ConvLSTM2D" and config.get("consume_less") == "gpu"):
        return tuple(
            Variable(name=f"{part}_{gate}") for gate in _GATES[name] for part in _RECURRENT
        )
    if name in _GATES:
        return tuple(Variable(name=part) for part in _RECURRENT)
    names = _TRAINED.get(name, ())
    if name == "Highway" and config.get("bias") is False:
        names = names[:2]
    if name in _WITH_BIAS:
        names = (*_WITH_BIAS[name], *(() if config.get("bias") is False else ("bias",)))
    return tuple(Variable(name=item) for item in names)


def _restored(layer: KerasLayer, weights: Weights, data_format: str | None) -> Restored:
    config = modern_arguments(layer.class_name, layer.config, data_format)
    if layer.class_name == "PReLU":
        config["shared_axes"] = _shared_axes(weights.get("alpha"))
    if layer.class_name == "Merge":
        class_name, config = merge_class(layer.config)
    elif layer.class_name == "BatchNormalization":
        class_name = _NORMALIZATIONS.get(config.pop("mode", 0), layer.class_name)
    else:
        class_name = CLASSES.get(layer.class_name, layer.class_name)
    convert = _CONVERSIONS.get(layer.class_name)
    made = weights if convert is None or not weights else convert(layer, weights)
    dtype = str(config.pop("dtype", None) or "float32")
    return replace(layer, class_name=class_name, config=config, dtype=dtype), {layer.path: made}


def _shared_axes(alpha: TensorSource | None) -> list[int] | None:
    """Return the axes that share a slope, which Keras 1 does not write, from the saved slopes."""
    shape = () if alpha is None else alpha.shape
    return [axis for axis, size in enumerate(shape, start=1) if size == 1] or None


def _transposed(source: TensorSource, axes: Sequence[int]) -> TensorSource:
    shape = tuple(source.shape[axis] for axis in axes)
    return computed_source(lambda array: np.transpose(array, axes), source, shape=shape)


def _channels_first(layer: KerasLayer) -> bool:
    return layer.config.get("dim_ordering") == "th"


def _convolution(layer: KerasLayer, weights: Weights) -> Weights:
    """With ``dim_ordering='th'``, kernels have filters and channels first."""
    if not _channels_first(layer):
        return weights
    kernels = {
        name: _transposed(source, (*range(2, len(source.shape)), 1, 0))
        for name, source in weights.items()
        if name != "bias"
    }
    return {**weights, **kernels}


def _convolution_1d(layer: KerasLayer, weights: Weights) -> Weights:
    """The saved kernel has an additional axis: ``(length, 1, channels, filters)``.

    Before Keras 1.1, it is ``(filters, channels, length, 1)``.
    """
    kernel = weights["kernel"]
    length, filters = layer.config.get("filter_length"), layer.config.get("nb_filter")
    if kernel.shape[:2] != (length, 1) or kernel.shape[3] != filters:
        kernel = _transposed(kernel, (2, 3, 1, 0))
    shape = (kernel.shape[0], *kernel.shape[2:])
    return {**weights, "kernel": reshaped_source(kernel, shape)}


def _deconvolution(layer: KerasLayer, weights: Weights) -> Weights:
    """In Keras 2, the filters come before the channels of the input."""
    axes = (2, 3, 0, 1) if _channels_first(layer) else (0, 1, 3, 2)
    return {**weights, "kernel": _transposed(weights["kernel"], axes)}


def _gates(layer: KerasLayer, weights: Weights) -> Weights:
    """Variables for single gates become one for all gates, side by side."""
    if "kernel" in weights:
        return weights
    return {
        part: _side_by_side([weights[f"{part}_{gate}"] for gate in _MODERN_GATES[layer.class_name]])
        for part in _RECURRENT
    }


def _convolved_gates(layer: KerasLayer, weights: Weights) -> Weights:
    return _gates(layer, _convolution_of_gates(layer, weights))


def _convolution_of_gates(layer: KerasLayer, weights: Weights) -> Weights:
    if not _channels_first(layer):
        return weights
    return {
        name: source if name.startswith("bias") else _transposed(source, (2, 3, 1, 0))
        for name, source in weights.items()
    }


def _side_by_side(sources: Sequence[TensorSource]) -> TensorSource:
    *leading, width = sources[0].shape
    shape = (*leading, width * len(sources))
    return computed_source(lambda *arrays: np.concatenate(arrays, axis=-1), *sources, shape=shape)


def _highway(_layer: KerasLayer, weights: Weights) -> Weights:
    """Before Keras 1.2, matrices and vectors alternate; the order within each kind is the same."""
    matrices = [source for source in weights.values() if len(source.shape) == 2]
    vectors = [source for source in weights.values() if len(source.shape) == 1]
    names = ("kernel", "carry_kernel", "bias", "carry_bias")
    return dict(zip(names, [*matrices, *vectors], strict=False))


_CONVERSIONS: Mapping[str, Callable[[KerasLayer, Weights], Weights]] = {
    "AtrousConvolution1D": _convolution_1d,
    "AtrousConvolution2D": _convolution,
    "ConvLSTM2D": _convolved_gates,
    "Convolution1D": _convolution_1d,
    "Convolution2D": _convolution,
    "Convolution3D": _convolution,
    "Deconvolution2D": _deconvolution,
    "GRU": _gates,
    "Highway": _highway,
    "LSTM": _gates,
    "SeparableConvolution2D": _convolution,
}
