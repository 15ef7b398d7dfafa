"""Functions of TensorFlow whose arguments differ in more than names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.spelling.operations.errors import UntranslatableError

Arguments = Mapping[str, Json]
Bound = tuple[str, dict[str, Json]]

_METHODS = ("area", "bicubic", "bilinear", "gaussian", "lanczos3", "lanczos5", "mitchellcubic")


def _only(function: str, named: Arguments, *accepted: str, **values: tuple[Json, ...]) -> None:
    """Refuse arguments that are not `accepted` and do not have one of the listed `values`."""
    for key, value in named.items():
        if value is None or key in ("name", *accepted) or value in values.get(key, ()):
            continue
        raise UntranslatableError(f"{function} is called with {key}={value!r}.")


def _getitem(first: Json, named: Arguments) -> Bound:
    return "get_item", {"x": first, "key": named["slice_spec"]}


def _strided_slice(first: Json, named: Arguments) -> Bound:
    _only("strided_slice", named, "begin", "end", "strides", **_NO_MASKS)
    begins, ends = named["begin"], named["end"]
    strides = named.get("strides") or [1] * len(begins)
    slices = [{"slice": list(part)} for part in zip(begins, ends, strides, strict=True)]
    return "get_item", {"x": first, "key": slices}


_NO_MASKS: dict[str, tuple[Json, ...]] = {
    f"{kind}_mask": (0,) for kind in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
}


def _split(first: Json, named: Arguments) -> Bound:
    _only("split", named, "num_or_size_splits", "axis", "num")
    parts, axis = named["num_or_size_splits"], named.get("axis") or 0
    if isinstance(parts, list):
        return "split_lengths", {"x": first, "lengths": parts, "axis": axis}
    return "split", {"x": first, "indices_or_sections": parts, "axis": axis}


def _gather(first: Json, named: Arguments) -> Bound:
    _only("gather", named, "indices", "axis", "batch_dims", validate_indices=(True, False))
    batch, axis = named.get("batch_dims") or 0, named.get("axis")
    indices = named["indices"]
    axis = batch if axis is None else axis
    if batch:
        return "batch_take", {"x": first, "indices": indices, "axis": axis, "batch_dims": batch}
    return "take", {"x": first, "indices": indices, "axis": axis}


def _where(first: Json, named: Arguments) -> Bound:
    _only("where", named, "x", "y")
    if named.get("x") is None:
        raise UntranslatableError("where is called without values: its result has no fixed size.")
    return "where", {"condition": first, "x1": named["x"], "x2": named["y"]}


def _position(name: str) -> Callable[[Json, Arguments], Bound]:
    def translate(first: Json, named: Arguments) -> Bound:
        _only(name, named, "axis", "dimension", "output_type")
        axis = named.get("axis", named.get("dimension"))
        return name, {"x": first, "axis": 0 if axis is None else axis}

    return translate


def _pad(first: Json, named: Arguments) -> Bound:
    _only("pad", named, "paddings", "mode", "constant_values")
    mode = str(named.get("mode") or "CONSTANT").lower()
    config = {"x": first, "pad_width": named["paddings"], "mode": mode}
    if mode == "constant" and named.get("constant_values"):
        config["constant_values"] = named["constant_values"]
    return "pad", config


def _cumulated(name: str) -> Callable[[Json, Arguments], Bound]:
    def translate(first: Json, named: Arguments) -> Bound:
        _only(name, named, "axis", exclusive=(False,), reverse=(False,))
        return name, {"x": first, "axis": named.get("axis") or 0}

    return translate


def _one_hot(first: Json, named: Arguments) -> Bound:
    _only("one_hot", named, "depth", "axis", "dtype", on_value=(1, 1.0), off_value=(0, 0.0))
    axis = -1 if named.get("axis") is None else named["axis"]
    dtype = named.get("dtype") or "float32"
    return "one_hot", {"x": first, "num_classes": named["depth"], "axis": axis, "dtype": dtype}


def _top_k(first: Json, named: Arguments) -> Bound:
    _only("top_k", named, "k", "sorted", "index_type")
    return "top_k", {"x": first, "k": named.get("k", 1)}


def _sort(first: Json, named: Arguments) -> Bound:
    _only("sort", named, "axis", direction=("ASCENDING",))
    return "sort", {"x": first, "axis": named.get("axis", -1)}


def _extract_patches(first: Json, named: Arguments) -> Bound:
    _only("image.extract_patches", named, "sizes", "strides", "rates", "padding")
    sizes, strides, rates = (named[key][1:-1] for key in ("sizes", "strides", "rates"))
    return "extract_patches", {
        "images": first,
        "size": sizes,
        "strides": strides,
        "dilation_rate": rates,
        "padding": str(named["padding"]).lower(),
    }


def _resize(first: Json, named: Arguments) -> Bound:
    _only("image.resize", named, "size", "method", "antialias", preserve_aspect_ratio=(False,))
    method = str(named.get("method") or "bilinear").lower()
    if method == "nearest_neighbor":
        method = "nearest"
    if method not in (*_METHODS, "nearest"):
        raise UntranslatableError(f"image.resize is called with method={method!r}.")
    antialias = bool(named.get("antialias")) and method != "nearest"
    # Only scale_and_translate scales a kernel of more than one pixel with the image.
    if method in ("lanczos3", "lanczos5", "gaussian", "mitchellcubic"):
        antialias = bool(named.get("antialias"))
    return "resize", {
        "images": first,
        "size": named["size"],
        "interpolation": method,
        "antialias": antialias,
        "data_format": "channels_last",
    }


def _pool(name: str, axes: int | None = None) -> Callable[[Json, Arguments], Bound]:
    def translate(first: Json, named: Arguments) -> Bound:
        _only(name, named, "ksize", "strides", "padding", data_format=("NWC", "NHWC", "NDHWC"))
        return name, {
            "inputs": first,
            "pool_size": _spatial(named["ksize"], axes),
            "strides": _spatial(named["strides"], axes),
            "padding": str(named["padding"]).lower(),
            "data_format": "channels_last",
        }

    return translate


def _spatial(value: Json, axes: int | None) -> Json:
    """Return sizes of spatial axes; TensorFlow may also have ones for batch and channels."""
    if not isinstance(value, list) or len(value) == 1:
        return value[0] if isinstance(value, list) else value
    return value[1:-1] if axes is None or len(value) == axes + 2 else value


def _conv(name: str, axes: int, kernel: str) -> Callable[[Json, Arguments], Bound]:
    def translate(first: Json, named: Arguments) -> Bound:
        known = (kernel, "filters", "filter", "strides", "padding", "dilations")
        formats = ("NWC", "NHWC", "NDHWC")
        _only(name, named, *known, data_format=formats, use_cudnn_on_gpu=(True, False))
        padding = named["padding"]
        if not isinstance(padding, str):
            raise UntranslatableError(f"{name} is called with padding={padding!r}.")
        dilations = named.get("dilations")
        return name, {
            "inputs": first,
            "kernel": named.get(kernel, named.get("filter")),
            "strides": _spatial(named.get("strides", 1), axes),
            "padding": padding.lower(),
            "data_format": "channels_last",
            "dilation_rate": 1 if dilations is None else _spatial(dilations, axes),
        }

    return translate


def _bias_add(first: Json, named: Arguments) -> Bound:
    _only("bias_add", named, "bias", data_format=("NHWC", "N...C"))
    return "add", {"x1": first, "x2": named["bias"]}


def _range(first: Json, named: Arguments) -> Bound:
    _only("range", named, "limit", "delta", "dtype")
    config: dict[str, Json] = {"start": first, "dtype": named.get("dtype")}
    if named.get("limit") is not None:
        config["stop"] = named["limit"]
    if named.get("delta") is not None:
        config["step"] = named["delta"]
    return "arange", config


def _moments(first: Json, named: Arguments) -> Bound:
    _only("moments", named, "axes", "keepdims")
    return "moments", {"x": first, "axes": named["axes"], "keepdims": bool(named.get("keepdims"))}


def _batch_norm(first: Json, named: Arguments) -> Bound:
    _only("batch_normalization", named, "mean", "variance", "offset", "scale", "variance_epsilon")
    keys = ("mean", "variance", "offset", "scale")
    given = {key: named[key] for key in keys if named.get(key) is not None}
    return "batch_norm", {"x": first, **given, "epsilon": named["variance_epsilon"]}


def _leaky_relu(first: Json, named: Arguments) -> Bound:
    _only("relu", named, "alpha", max_value=(None,), threshold=(0, 0.0))
    alpha = named.get("alpha")
    if not alpha:
        return "relu", {"x": first}
    return "leaky_relu", {"x": first, "negative_slope": alpha}


SPECIAL: Mapping[str, Callable[[Json, Arguments], Bound]] = {
    "__operators__.getitem": _getitem,
    "argsort": lambda first, named: ("argsort", {"x": first, "axis": named.get("axis", -1)}),
    "compat.v1.argmax": _position("argmax"),
    "compat.v1.argmin": _position("argmin"),
    "compat.v1.gather": _gather,
    "compat.v1.image.resize": _resize,
    "compat.v1.nn.conv2d": _conv("conv", 2, "filter"),
    "compat.v1.nn.depthwise_conv2d": _conv("depthwise_conv", 2, "filter"),
    "compat.v1.nn.max_pool": _pool("max_pool"),
    "compat.v1.pad": _pad,
    "gather": _gather,
    "image.extract_patches": _extract_patches,
    "image.resize": _resize,
    "keras.backend.relu": _leaky_relu,
    "math.argmax": _position("argmax"),
    "math.argmin": _position("argmin"),
    "math.cumprod": _cumulated("cumprod"),
    "math.cumsum": _cumulated("cumsum"),
    "math.top_k": _top_k,
    "nn.avg_pool": _pool("average_pool"),
    "nn.avg_pool1d": _pool("average_pool", 1),
    "nn.avg_pool2d": _pool("average_pool", 2),
    "nn.avg_pool3d": _pool("average_pool", 3),
    "nn.batch_normalization": _batch_norm,
    "nn.bias_add": _bias_add,
    "nn.conv1d": _conv("conv", 1, "filters"),
    "nn.conv2d": _conv("conv", 2, "filters"),
    "nn.conv3d": _conv("conv", 3, "filters"),
    "nn.depthwise_conv2d": _conv("depthwise_conv", 2, "filter"),
    "nn.max_pool": _pool("max_pool"),
    "nn.max_pool1d": _pool("max_pool", 1),
    "nn.max_pool2d": _pool("max_pool", 2),
    "nn.max_pool3d": _pool("max_pool", 3),
    "nn.moments": _moments,
    "one_hot": _one_hot,
    "pad": _pad,
    "range": _range,
    "sort": _sort,
    "split": _split,
    "strided_slice": _strided_slice,
    "where": _where,
    "compat.v1.where": _where,
}
