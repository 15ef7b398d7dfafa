"""Spells the arguments of a layer so that Keras 3 and tf_keras both take them, where they can.

The differences are those between the constructors of Keras 3.15 and tf_keras 2.21, see
``tools/list_keras_layers.py``. An argument that only one of them has is left out if it has its
default value there; if not, only that one can load the layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.raising.model import BOTH, KERAS2, KERAS3
from tfjs_serve.conversion.rules.activation_names import UnknownActivationError, named

_ONLY = {
    KERAS2: frozenset(
        {"DenseFeatures", "LocallyConnected1D", "LocallyConnected2D", "RandomHeight"}
        | {"RandomWidth", "SyncBatchNormalization", "ThresholdedReLU"}
    ),
    KERAS3: frozenset(
        {"AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D"}
        | {"AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D", "AugMix"}
        | {"AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "CutMix"}
        | {"Equalization", "GroupedQueryAttention", "MaxNumBoundingBoxes", "MelSpectrogram"}
        | {"MixUp", "Pipeline", "RMSNormalization", "RandAugment", "RandomColorDegeneration"}
        | {"RandomColorJitter", "RandomElasticTransform", "RandomErasing", "RandomGaussianBlur"}
        | {"RandomGrayscale", "RandomHue", "RandomInvert", "RandomPerspective"}
        | {"RandomPosterization", "RandomSaturation", "RandomSharpness", "RandomShear"}
        | {"ReversibleEmbedding", "STFTSpectrogram", "Solarization"}
    ),
}
_NONE = frozenset(
    {"AbsMaxQuantizer", "BatchStatisticsNormalization", "CosineMerge", "CuDNNGRU", "CuDNNLSTM"}
    | {"CustomScaleLayer", "Deconvolution2D", "Float8Quantizer", "Highway", "MaxoutDense"}
    | {"Merge", "SReLU", "SampleNormalization", "StochasticDepth", "MaskedActivation"}
    | {"AtrousConvolution1D", "AtrousConvolution2D", "ParametricSoftplus", "TimeDistributedDense"}
)
"""Layers of older versions that neither has any more."""
_NEWER_NAMES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "UnifiedGRU": "GRU",
    "UnifiedLSTM": "LSTM",
}
_EXPORTED = {"GroupedQueryAttention": "GroupQueryAttention"}
"""Classes that Keras finds under another name than their own."""
_DERIVED = frozenset({"all_digits", "readers", "has_idf_weights", "of_first_call"})
"""What the converter adds to arguments."""
_OF_OLDER = frozenset(
    {"implementation", "enable_caching_device", "fused", "adjustment", "batch_size"}
    | {"build_config", "input_dtype", "seed_generator", "dynamic", "autocast", "synchronized"}
    | {"rng_type", "query_shape", "key_shape", "value_shape"}
)
"""What changes nothing that is computed, or is not an argument everywhere."""
_DEFAULTS_OF_KERAS3: Mapping[str, Json] = {
    "antialias": False,
    "dropout": 0.0,
    "fill_mode": "constant",
    "fill_value": 0.0,
    "flash_attention": None,
    "gptq_unpacked_column_size": None,
    "lora_alpha": None,
    "lora_rank": None,
    "oov_method": "floormod",
    "optional": False,
    "pad_to_aspect_ratio": False,
    "quantization_config": None,
    "rms_scaling": False,
    "salt": None,
    "seed": None,
    "sliding_window": None,
    "use_cudnn": "auto",
    "use_gate": False,
    "value_range": [0, 255],
    "zero_output_for_mask": False,
}
_DEFAULTS_OF_KERAS2: Mapping[str, Json] = {
    "activity_regularizer": None,
    "groups": 1,
    "input_length": None,
    "renorm": False,
    "robust_masking": False,
    "softmax_robust_masking": False,
    "sparse": False,
    "time_major": False,
    "virtual_batch_size": None,
}
_ONLY_KERAS3: Mapping[str, frozenset[str]] = {
    "CenterCrop": frozenset({"data_format"}),
    "ConvLSTM1D": frozenset({"seed"}),
    "ConvLSTM2D": frozenset({"seed"}),
    "ConvLSTM3D": frozenset({"seed"}),
    "Dense": frozenset({"lora_rank", "lora_alpha", "quantization_config"}),
    "EinsumDense": frozenset(
        {"lora_rank", "lora_alpha", "gptq_unpacked_column_size", "quantization_config"}
    ),
    "Embedding": frozenset({"lora_rank", "lora_alpha", "quantization_config"}),
    "GRU": frozenset({"seed", "use_cudnn"}),
    "GRUCell": frozenset({"seed"}),
    "InputLayer": frozenset({"optional"}),
    "IntegerLookup": frozenset({"oov_method", "salt"}),
    "LSTM": frozenset({"seed", "use_cudnn"}),
    "LSTMCell": frozenset({"seed"}),
    "MultiHeadAttention": frozenset({"sliding_window", "flash_attention", "use_gate", "seed"}),
    "LayerNormalization": frozenset({"rms_scaling"}),
    "RandomBrightness": frozenset({"data_format"}),
    "RandomContrast": frozenset({"value_range", "data_format"}),
    "RandomCrop": frozenset({"data_format"}),
    "RandomFlip": frozenset({"data_format"}),
    "RandomRotation": frozenset({"data_format"}),
    "RandomTranslation": frozenset({"data_format"}),
    "RandomZoom": frozenset({"data_format"}),
    "Resizing": frozenset(
        {"pad_to_aspect_ratio", "fill_mode", "fill_value", "antialias", "data_format"}
    ),
    "Attention": frozenset({"seed"}),
    "SimpleRNN": frozenset({"seed"}),
    "SimpleRNNCell": frozenset({"seed"}),
    "SpatialDropout1D": frozenset({"seed"}),
    "SpatialDropout2D": frozenset({"seed"}),
    "SpatialDropout3D": frozenset({"seed"}),
    "StringLookup": frozenset({"salt"}),
    "ZeroPadding1D": frozenset({"data_format"}),
}
_FREE = frozenset(
    {"input_length", "kernel_constraint", "kernel_initializer", "kernel_regularizer", "seed"}
    | {"use_cudnn", "value_range"}
)
"""What matters in training only, or not at all: left out whatever it is."""
_ONLY_KERAS2: Mapping[str, frozenset[str]] = {
    "Conv1DTranspose": frozenset({"groups"}),
    "Conv2DTranspose": frozenset({"groups"}),
    "Conv3DTranspose": frozenset({"groups"}),
    **dict.fromkeys(
        ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
        frozenset({"groups", "kernel_constraint", "kernel_initializer", "kernel_regularizer"}),
    ),
    "ConvLSTM1D": frozenset({"time_major"}),
    "ConvLSTM2D": frozenset({"time_major"}),
    "ConvLSTM3D": frozenset({"time_major"}),
    "SpatialDropout1D": frozenset({"noise_shape"}),
    "SpatialDropout2D": frozenset({"noise_shape"}),
    "SpatialDropout3D": frozenset({"noise_shape"}),
    "EinsumDense": frozenset({"activity_regularizer"}),
    "Embedding": frozenset({"activity_regularizer", "input_length", "sparse"}),
    "GRU": frozenset({"time_major"}),
    "LSTM": frozenset({"time_major"}),
    "MultiHeadAttention": frozenset({"softmax_robust_masking"}),
    "RNN": frozenset({"time_major"}),
    "SimpleRNN": frozenset({"time_major"}),
    "Softmax": frozenset({"robust_masking"}),
    "BatchNormalization": frozenset({"virtual_batch_size"}),
}
_FORMAT = "channels_last"
_MODULES = {
    "initializer": "keras.initializers",
    "regularizer": "keras.regularizers",
    "constraint": "keras.constraints",
    "activation": "keras.layers",
}
_INTERPOLATION = "interpolation"
_INTERPOLATIONS = frozenset({"bicubic", "bilinear", "lanczos3", "lanczos5", "nearest"})
_ACTIVATIONS = {"silu": "swish", "hard_swish": "hard_silu"}
_OF_BOTH = frozenset(
    {"elu", "exponential", "gelu", "hard_sigmoid", "leaky_relu", "linear", "mish", "relu", "relu6"}
    | {"selu", "sigmoid", "softmax", "softplus", "softsign", "swish", "tanh"}
)
_NOT_IN_OBJECTS = frozenset({"input_axes", "output_axes", "dtype", "name", "trainable"})
"""What only Keras 3 has among the arguments of initializers, and what says nothing of a layer that
is an activation."""
_OBJECTS = {"IdentityInitializer": "Identity", "OrthogonalInitializer": "Orthogonal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelled:
    """A layer for Keras.

    Attributes
    ----------
    loaded_by
        The generations of Keras that have it with these arguments; none if nobody has.
    because
        The reason why one of them has not: a class, or an argument of it.
    """

    class_name: str
    config: dict[str, Json]
    loaded_by: frozenset[int] = BOTH
    because: str = ""

    @property
    def exported_name(self) -> str:
        """The name of the class in a configuration."""
        return _EXPORTED.get(self.class_name, self.class_name)


def spelled_layer(layer: KerasLayer) -> Spelled:
    """Return the class and arguments of a layer, without its name, dtype, flag and children."""
    name = _NEWER_NAMES.get(layer.class_name, layer.class_name)
    given = {key: one for key, one in layer.config.items() if key not in _DERIVED | _OF_OLDER}
    config = {key: _argument(key, value) for key, value in given.items()}
    config |= _RENAMED.get(name, _as_it_is)(layer, config)
    if name in _NONE:
        return Spelled(class_name=name, config=config, loaded_by=frozenset(), because=name)
    loaded_by, because = _by_functions(given)
    for one, classes in _ONLY.items():
        if name in classes:
            loaded_by, because = frozenset({one}), name
    for one, only, defaults in (
        (KERAS3, _ONLY_KERAS3, _DEFAULTS_OF_KERAS3),
        (KERAS2, _ONLY_KERAS2, _DEFAULTS_OF_KERAS2),
    ):
        for key in only.get(name, frozenset()) & config.keys():
            value = config[key]
            if key in _FREE or value is None or value == defaults.get(key, _FORMAT):
                del config[key]
            else:
                loaded_by, because = loaded_by & {one}, f"{key}={value!r}"[:60]
    return Spelled(
        class_name=name,
        config={key: value for key, value in config.items() if value is not ...},
        loaded_by=loaded_by,
        because=because,
    )


def _argument(key: str, value: Json) -> Json:
    """Return an argument with the module of its class, without which Keras finds none."""
    if key.endswith("activation") and isinstance(value, str):
        return _ACTIVATIONS.get(value, value)
    if key == _INTERPOLATION and isinstance(value, str):
        return value.lower()
    if not isinstance(value, dict) or "class_name" not in value:
        return value
    kind = key.rpartition("_")[2]
    name = _OBJECTS.get(value["class_name"], value["class_name"])
    config = value.get("config") or {}
    return {
        "module": _MODULES.get(kind, "keras.layers"),
        "class_name": name,
        "config": {key: one for key, one in config.items() if key not in _NOT_IN_OBJECTS},
        "registered_name": None,
    }


def _by_functions(config: Mapping[str, Json]) -> tuple[frozenset[int], str]:
    """Return which Kerases have the functions among the arguments, and which one lacks."""
    method = str(config.get(_INTERPOLATION, "nearest")).lower()
    if method not in _INTERPOLATIONS:
        return frozenset({KERAS2}), f"{_INTERPOLATION}={method!r}"
    for key, value in config.items():
        is_name = key.endswith("activation") and isinstance(value, str)
        if is_name and _ACTIVATIONS.get(value, value) not in _OF_BOTH:
            return _with_activation(value), f"{key}={value!r}"
    return BOTH, ""


def _with_activation(name: str) -> frozenset[int]:
    """Return which Kerases have an activation that is not in both."""
    try:
        named(name, KERAS3)
    except UnknownActivationError:
        return frozenset()  # such as gelu_new, which only TensorFlow.js has
    return frozenset({KERAS3})


# --- Arguments that have other names, or other values when they are left out -----------------


def _as_it_is(_layer: KerasLayer, _config: Mapping[str, Json]) -> dict[str, Json]:
    return {}


def _leaky(_layer: KerasLayer, config: Mapping[str, Json]) -> dict[str, Json]:
    """Return the slope under its old name, which Keras 3 still takes."""
    slope = config.get("negative_slope", config.get("alpha"))
    return {"negative_slope": ..., "alpha": 0.3 if slope is None else slope}


def _gated(layer: KerasLayer, config: Mapping[str, Json]) -> dict[str, Json]:
    return {"reset_after": config.get("reset_after", layer.generation >= 3)}


def _hard_gates(layer: KerasLayer, config: Mapping[str, Json]) -> dict[str, Json]:
    default = "sigmoid" if layer.generation >= 3 else "hard_sigmoid"
    return {"recurrent_activation": config.get("recurrent_activation", default)}


def _axes(_layer: KerasLayer, config: Mapping[str, Json]) -> dict[str, Json]:
    """Return one axis as a number: Keras 2 writes a list."""
    axis = config.get("axis", -1)
    return {"axis": axis[0] if isinstance(axis, list) and len(axis) == 1 else axis}


_RENAMED = {
    "BatchNormalization": _axes,
    "ConvLSTM1D": _hard_gates,
    "ConvLSTM2D": _hard_gates,
    "ConvLSTM3D": _hard_gates,
    "GRU": _gated,
    "GRUCell": _gated,
    "LeakyReLU": _leaky,
}
