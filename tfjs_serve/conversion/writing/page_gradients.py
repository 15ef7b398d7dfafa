"""Which layers of a page need ``training.js`` to train as they do in Keras.

TensorFlow.js 4.22 computes some gradients wrong, and some not at all: it throws. The parts of
``browser/training`` whose names end in ``gradients`` have the right ones. What is asked here is
what was written for the page, so it holds for layers that were lowered, too.
``tests/parity/test_gradients.py`` tries every layer with and without these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfjs_serve.companion import PACKAGE
from tfjs_serve.conversion.model.layers import Json

Config = Mapping[str, Json]


def needs_training_script(value: Json) -> bool:
    """Whether a page can train through a layer with ``training.js`` only.

    Parameters
    ----------
    value
        The layer as it is written, with ``class_name`` and ``config``; or a part of one.
    """
    if isinstance(value, dict):
        config = value.get("config")
        if isinstance(config, dict) and _has_wrong_gradient(str(value.get("class_name")), config):
            return True
        value = list(value.values())
    return isinstance(value, list) and any(map(needs_training_script, value))


def _has_wrong_gradient(class_name: str, config: Config) -> bool:
    package, _, name = class_name.rpartition(">")
    if not package:
        return class_name in _LAYERS and _LAYERS[class_name](config)
    arguments = config.get("arguments")
    if package != PACKAGE or not isinstance(arguments, dict):
        return False
    if name == "Operation":
        return arguments.get("operation") in FUNCTIONS
    return name in _COMPANIONS and _COMPANIONS[name](arguments)


# --- What it depends on ---------------------------------------------------------------------------


def _always(_config: Config) -> bool:
    return True


def _is_padded(config: Config) -> bool:
    return config.get("padding") == "same"


def _averages_padding(config: Config) -> bool:
    return _is_padded(config) and not config.get("largest")


def _is_dilated(config: Config) -> bool:
    rates = config.get("dilation_rate", config.get("dilation", 1))
    return any(rate != 1 for rate in (rates if isinstance(rates, list) else [rates]))


def _has_dilated_cells(config: Config) -> bool:
    cells = config["cells"]
    assert isinstance(cells, list)
    return any(_is_dilated(cell) for cell in cells if isinstance(cell, dict))


def _is_uneven(config: Config) -> bool:
    size = config.get("pool_size")
    return isinstance(size, list) and size[1] != size[2]


def _lacks_parameter(config: Config) -> bool:
    return not (config.get("center", True) and config.get("scale", True))


# --- What it is -----------------------------------------------------------------------------------

_Needs = Mapping[str, Callable[[Config], bool]]
_LAYERS: _Needs = {
    **dict.fromkeys(("AveragePooling1D", "AveragePooling2D", "AveragePooling3D"), _is_padded),
    **dict.fromkeys(("BatchNormalization", "LayerNormalization"), _lacks_parameter),
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D", "ConvLSTM2D", "ConvLSTM2DCell"), _is_dilated),
    **dict.fromkeys(("DepthwiseConv2D", "SeparableConv2D"), _is_dilated),
    "MaxPooling3D": _is_uneven,
    **dict.fromkeys(("Conv3DTranspose", "Masking", "Maximum", "Minimum"), _always),
    **dict.fromkeys(("ThresholdedReLU", "UpSampling2D"), _always),
}
_COMPANIONS: _Needs = {
    **dict.fromkeys(("Convolution", "ConvolutionTranspose", "DepthwiseConvolution"), _is_dilated),
    **dict.fromkeys(("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _has_dilated_cells),
    "Pooling": _averages_padding,
    **dict.fromkeys(("AutoContrast", "MelSpectrogram"), _always),
    **dict.fromkeys(("JoinedMask", "Mask", "MaskedMerge", "MergedMask"), _always),
}
FUNCTIONS = frozenset(
    # Of arithmetic
    {"divide_no_nan", "floor_divide", "fmax", "fmin", "hypot", "logaddexp", "logaddexp2", "maximum"}
    | {"minimum", "multiply_no_nan", "nan_to_num", "cast", "saturate_cast", "convert_to_tensor"}
    | {"angle", "array", "erfinv", "hard_shrink", "i0", "sinc", "threshold", "average_pool"}
    # Of comparing
    | {"all", "allclose", "any", "count_nonzero", "equal", "greater", "greater_equal", "heaviside"}
    | {
        "in_top_k",
        "isclose",
        "isfinite",
        "isin",
        "isinf",
        "isnan",
        "isneginf",
        "isposinf",
        "isreal",
    }
    | {"less", "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "not_equal"}
    | {"select", "signbit", "where"}
    # Of ordering and picking
    | {
        "argsort",
        "diag",
        "diagflat",
        "digitize",
        "median",
        "percentile",
        "quantile",
        "searchsorted",
    }
    | {"sort", "take_along_axis", "take_nd", "tile", "top_k", "nanmax", "nanmean", "nanmedian"}
    | {"nanmin", "nanpercentile", "nanprod", "nanquantile", "nanstd", "nansum", "nanvar"}
    | {"nanargmax", "nanargmin", "nancumprod", "nancumsum"}
    # Of images
    | {"affine_transform", "rgb_to_hsv", "resize"}
)
"""Functions that compare numbers, or that compute what is in `_LAYERS`."""
