"""Activations as operations: the same as those of layers."""

from __future__ import annotations

from tfjs_serve.conversion.operations.lowering import Build, NotLoweredError, lowered
from tfjs_serve.conversion.small_models.activations import apply_activation
from tfjs_serve.conversion.small_models.arithmetic import Tensor

_NAMES = (
    *("celu", "elu", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh"),
    *("hard_sigmoid_keras2", "leaky_relu", "log_sigmoid", "log_softmax", "mish", "relu", "relu6"),
    *("selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus"),
    *("sparse_sigmoid", "squareplus", "tanh", "tanh_shrink", "threshold"),
)


@lowered(*_NAMES)
def activation(build: Build) -> Tensor:
    """The layers of the same activation."""
    x = build.tensor("x")
    if len(x.shape) < 2 or not build.operand("x").dtype.startswith(("float", "bfloat")):
        raise NotLoweredError("it is a vector, or has no fractions")
    arguments = {key: item for key, item in build.call.arguments.items() if key != "x"}
    if "axis" in arguments:
        build.axes("axis", len(x.shape))
    value = {"class_name": build.call.name, "config": arguments} if arguments else build.call.name
    return apply_activation(build.low, value, x, 3)
