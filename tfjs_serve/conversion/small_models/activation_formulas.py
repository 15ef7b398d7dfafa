"""Activations that several layers of TF.js compute together, as parts of small models.

The formulas are those of ``keras/src/activations/activations.py``. Each function raises before it
adds layers, so that a companion can compute what it cannot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor

Arguments = Mapping[str, Json]
Formula = Callable[[Lowering, Tensor, Arguments], Tensor]
"""Takes a small model, the input, of any shape, and all arguments of the function by name; returns
the output in the small model. Raises `NotLoweredError`."""


class NotLoweredError(Exception):
    """No layers of TF.js compute it with these arguments, or for an input of this shape."""


def _relu(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """`x` from `threshold` on, at most `max_value`; ``slope * (x - threshold)`` below."""
    slope, threshold = float(arguments["negative_slope"]), float(arguments["threshold"])
    most = arguments["max_value"]
    if slope and not threshold and most is None:
        return _leaky_relu(low, x, arguments)
    above = _relu_above(low, x, threshold)
    if most is not None:
        above = low.layer("ReLU", {"max_value": float(most)}, above, shape=x.shape)
    if not slope:
        return above
    below = low.activation(low.rescale(x, -1.0, threshold), "relu")
    return low.add(above, low.rescale(below, -slope))


def _relu_above(low: Lowering, x: Tensor, threshold: float) -> Tensor:
    if not threshold:
        return low.activation(x, "relu")
    return low.layer("ThresholdedReLU", {"theta": threshold}, x, shape=x.shape)


def _leaky_relu(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """``x`` above zero, ``slope * x`` below."""
    return low.layer("LeakyReLU", {"alpha": float(arguments["negative_slope"])}, x, shape=x.shape)


def _elu(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """``x`` above zero, ``alpha * (exp(x) - 1)`` below, where alpha is a slope after ``elu``."""
    curved = low.activation(x, "elu")
    return low.layer("LeakyReLU", {"alpha": float(arguments["alpha"])}, curved, shape=x.shape)


def _celu(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """``alpha * elu(x / alpha)``."""
    alpha = _positive(arguments["alpha"])
    return low.rescale(low.activation(low.rescale(x, 1 / alpha), "elu"), alpha)


def _hard_sigmoid(low: Lowering, x: Tensor, _arguments: Arguments) -> Tensor:
    """``relu6(x + 3) / 6`` (Keras 3)."""
    return low.rescale(low.activation(low.rescale(x, 1.0, 3.0), "relu6"), 1 / 6)


def _hard_silu(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """``x * hard_sigmoid(x)``."""
    return low.multiply(x, _hard_sigmoid(low, x, arguments))


def _hard_tanh(low: Lowering, x: Tensor, _arguments: Arguments) -> Tensor:
    """`x` limited to -1 .. 1."""
    return low.clip(x, -1.0, 1.0)


def _log_sigmoid(low: Lowering, x: Tensor, _arguments: Arguments) -> Tensor:
    """``-softplus(-x)``."""
    return low.rescale(low.activation(low.rescale(x, -1.0), "softplus"), -1.0)


def _soft_shrink(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """``relu(x - threshold) - relu(-x - threshold)``."""
    threshold = _positive(arguments["threshold"])
    above = low.activation(low.rescale(x, 1.0, -threshold), "relu")
    below = low.activation(low.rescale(x, -1.0, -threshold), "relu")
    return low.subtract(above, below)


def _hard_shrink(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """`x` where its distance from zero is larger than `threshold`, zero elsewhere."""
    config = {"theta": _positive(arguments["threshold"])}
    above = low.layer("ThresholdedReLU", config, x, shape=x.shape)
    below = low.layer("ThresholdedReLU", config, low.rescale(x, -1.0), shape=x.shape)
    return low.subtract(above, below)


def _tanh_shrink(low: Lowering, x: Tensor, _arguments: Arguments) -> Tensor:
    """``x - tanh(x)``."""
    return low.subtract(x, low.activation(x, "tanh"))


def _sparse_plus(low: Lowering, x: Tensor, _arguments: Arguments) -> Tensor:
    """``(x + 1)^2 / 4`` between -1 and 1, zero below, `x` above."""
    shifted = low.rescale(x, 1.0, 1.0)
    curved = low.layer("ReLU", {"max_value": 2.0}, shifted, shape=x.shape)
    square = low.rescale(low.multiply(curved, curved), 0.25)
    return low.add(square, low.activation(low.rescale(x, 1.0, -1.0), "relu"))


def _sparse_sigmoid(low: Lowering, x: Tensor, _arguments: Arguments) -> Tensor:
    """``(x + 1) / 2`` limited to 0 .. 1."""
    return low.clip(low.rescale(x, 0.5, 0.5), 0.0, 1.0)


def _gelu(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """``x / 2 * (1 + tanh(z)) = x * sigmoid(2 z)``, ``z = sqrt(2 / pi) (x + 0.044715 x^3)``."""
    if not arguments["approximate"]:
        return low.activation(x, "gelu")
    scale = 2 * math.sqrt(2 / math.pi)
    factor = low.rescale(low.multiply(x, x), scale * 0.044715, scale)
    return low.multiply(x, low.activation(low.multiply(x, factor), "sigmoid"))


def _threshold(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """`x` above `threshold`, `default_value` elsewhere."""
    if arguments["default_value"]:
        # Shifting by it would round numbers near the threshold to its other side.
        raise NotLoweredError("its default value is not zero")
    return _relu_above(low, x, float(arguments["threshold"]))


def _softmax(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """Over one or several axes. TF.js's activation takes only the last one, its layer several."""
    axis = arguments["axis"]
    if isinstance(axis, list) and len(axis) > 1:
        return low.layer("Softmax", {"axis": axis}, x, shape=x.shape)
    return _over_last_axis(low, x, axis, "softmax")


def _log_softmax(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """Over any axis. TF.js's activation takes only the last one."""
    return _over_last_axis(low, x, arguments["axis"], "log_softmax")


def _over_last_axis(low: Lowering, x: Tensor, axis: Json, name: str) -> Tensor:
    (axis,) = axis if isinstance(axis, list) else [axis]
    last = len(x.shape) - 1
    axis = _axis(x.shape, axis)
    if axis == last:
        return low.activation(x, name)
    order = list(range(last + 1))
    order[axis], order[last] = last, axis
    return low.permute(low.activation(low.permute(x, order), name), order)


def _glu(low: Lowering, x: Tensor, arguments: Arguments) -> Tensor:
    """The first half along an axis times the sigmoid of the second half."""
    axis = _axis(x.shape, arguments["axis"])
    half = halved(x.shape, axis)[axis]
    if half is None or x.shape[1:].count(None) > 1:
        raise NotLoweredError("the size that is split is not known, or several others")
    values, gates = low.slice(x, axis, 0, half), low.slice(x, axis, half, half)
    return low.multiply(values, low.activation(gates, "sigmoid"))


def halved(shape: Shape, axis: int) -> Shape:
    """Return the shape after ``glu`` along `axis`."""
    sizes = list(shape)
    size = sizes[axis]
    sizes[axis] = None if size is None else size // 2
    return tuple(sizes)


def _axis(shape: Shape, axis: int) -> int:
    """Return the axis counted from the front; no layer computes along the batch axis."""
    counted = axis + len(shape) if axis < 0 else axis
    if not counted:
        raise NotLoweredError("the size of the batch is not known")
    return counted


def _positive(value: Json) -> float:
    if not value > 0:
        raise NotLoweredError("its argument is not positive")
    return float(value)


FORMULAS: Mapping[str, Formula] = {
    "celu": _celu,
    "elu": _elu,
    "gelu": _gelu,
    "glu": _glu,
    "hard_shrink": _hard_shrink,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": _hard_silu,
    "hard_tanh": _hard_tanh,
    "leaky_relu": _leaky_relu,
    "log_sigmoid": _log_sigmoid,
    "log_softmax": _log_softmax,
    "relu": _relu,
    "soft_shrink": _soft_shrink,
    "softmax": _softmax,
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _sparse_sigmoid,
    "tanh_shrink": _tanh_shrink,
    "threshold": _threshold,
}
"""By the name of the function in Keras 3."""
