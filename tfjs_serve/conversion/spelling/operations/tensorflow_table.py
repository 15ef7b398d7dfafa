"""TensorFlow's functions, and the operations of ``keras.ops`` that compute the same.

A line of the table has the name under which Keras 2 saves the function, the name of the operation,
and the parameters of the operation in TensorFlow's order:

- ``ours=theirs``: TensorFlow has another name for it.
- ``ours:value``: its value if TensorFlow leaves it out, where Keras 3 has another default.
- ``-theirs``: a parameter of TensorFlow that does not change the result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tfjs_serve.conversion.model.layers import Json

_UNARY = {
    "math.abs": "absolute",
    "math.acos": "arccos",
    "math.acosh": "arccosh",
    "math.angle": "angle",
    "math.asin": "arcsin",
    "math.asinh": "arcsinh",
    "math.atan": "arctan",
    "math.atanh": "arctanh",
    "math.bessel_i0": "i0",
    "math.ceil": "ceil",
    "math.cos": "cos",
    "math.cosh": "cosh",
    "math.erf": "erf",
    "math.erfc": "erfc",
    "math.erfinv": "erfinv",
    "math.exp": "exp",
    "math.expm1": "expm1",
    "math.floor": "floor",
    "math.is_finite": "isfinite",
    "math.is_inf": "isinf",
    "math.is_nan": "isnan",
    "math.log": "log",
    "math.log1p": "log1p",
    "math.log_sigmoid": "log_sigmoid",
    "math.logical_not": "logical_not",
    "math.negative": "negative",
    "math.reciprocal": "reciprocal",
    "math.rint": "round",
    "math.round": "round",
    "math.rsqrt": "rsqrt",
    "math.sigmoid": "sigmoid",
    "math.sign": "sign",
    "math.sin": "sin",
    "math.sinh": "sinh",
    "math.softplus": "softplus",
    "math.sqrt": "sqrt",
    "math.square": "square",
    "math.tan": "tan",
    "math.tanh": "tanh",
    "nn.elu": "elu",
    "nn.relu": "relu",
    "nn.relu6": "relu6",
    "nn.selu": "selu",
    "nn.softsign": "softsign",
    "compat.v1.nn.relu_layer": "relu",
    "identity": "copy",
    "compat.v1.identity": "copy",
    "stop_gradient": "stop_gradient",
    "keras.backend.batch_flatten": "batch_flatten",
}
_BINARY = {
    "__operators__.add": "add",
    "__operators__.eq": "equal",
    "__operators__.ne": "not_equal",
    "bitwise.bitwise_and": "bitwise_and_x1",
    "math.add": "add",
    "math.atan2": "arctan2",
    "math.divide": "divide",
    "math.divide_no_nan": "divide_no_nan",
    "math.equal": "equal",
    "math.floordiv": "floor_divide",
    "compat.v1.floor_div": "floor_divide",
    "compat.v1.div": "divide",
    "compat.v1.div_no_nan": "divide_no_nan",
    "math.floormod": "mod",
    "math.greater": "greater",
    "math.greater_equal": "greater_equal",
    "math.less": "less",
    "math.less_equal": "less_equal",
    "math.logical_and": "logical_and",
    "math.logical_or": "logical_or",
    "math.logical_xor": "logical_xor",
    "math.maximum": "maximum",
    "math.minimum": "minimum",
    "math.mod": "mod",
    "math.multiply": "multiply",
    "math.not_equal": "not_equal",
    "math.pow": "power",
    "math.squared_difference": "squared_difference",
    "math.subtract": "subtract",
    "math.truediv": "divide",
    "realdiv": "divide",
    "truncatemod": "fmod",
}
_REDUCTIONS = {
    "all": "all",
    "any": "any",
    "logsumexp": "logsumexp",
    "max": "max",
    "mean": "mean",
    "min": "min",
    "prod": "prod",
    "std": "std",
    "sum": "sum",
    "variance": "var",
    "euclidean_norm": "norm",
}
_TABLE = """
argsort argsort x axis -direction -stable
broadcast_to broadcast_to x shape
cast cast x dtype
clip_by_value clip x x_min=clip_value_min x_max=clip_value_max
compat.v1.batch_to_space_nd refused
compat.v1.expand_dims expand_dims x axis dim
compat.v1.gather_nd take_nd x indices batch_dims -bad_indices_policy
compat.v1.norm norm x ord axis keepdims
compat.v1.ones_like ones_like x dtype -optimize
compat.v1.shape shape x -out_type
compat.v1.size size x -out_type
compat.v1.squeeze squeeze x axis squeeze_dims
compat.v1.transpose transpose x axes=perm -conjugate
compat.v1.zeros_like zeros_like x dtype -optimize
compat.v1.math.scalar_mul multiply x1 x2=x
math.scalar_mul multiply x1 x2=x
compat.v1.where where condition x1=x x2=y
concat concatenate xs axis
convert_to_tensor convert_to_tensor x dtype
ensure_shape copy x -shape
expand_dims expand_dims x axis
fill full shape fill_value=value
gather_nd take_nd x indices batch_dims -bad_indices_policy
image.flip_left_right flip x axis:2
image.flip_up_down flip x axis:1
image.hsv_to_rgb hsv_to_rgb images
image.rgb_to_grayscale tf_rgb_to_grayscale images
image.rgb_to_hsv rgb_to_hsv images
image.transpose transpose x axes:[0,2,1,3]
keras.activations.elu elu x alpha:1.0
keras.activations.exponential exp x
keras.activations.gelu gelu x approximate:false
keras.activations.hard_sigmoid hard_sigmoid_keras2 x
keras.activations.linear copy x
keras.activations.mish mish x
keras.activations.relu relu x
keras.activations.selu selu x
keras.activations.sigmoid sigmoid x
keras.activations.softmax softmax x axis:-1
keras.activations.softplus softplus x
keras.activations.softsign softsign x
keras.activations.swish silu x
keras.activations.tanh tanh x
keras.backend.batch_dot batch_dot x1 x2=y axes
keras.backend.cast cast x dtype
keras.backend.clip clip x x_min=min_value x_max=max_value
keras.backend.concatenate concatenate xs=tensors axis:-1
keras.backend.dot dot x1 x2=y
keras.backend.exp exp x
keras.backend.expand_dims expand_dims x axis:-1
keras.backend.flatten ravel x
keras.backend.l2_normalize l2_normalize x axis
keras.backend.max max x axis keepdims
keras.backend.mean mean x axis keepdims
keras.backend.min min x axis keepdims
keras.backend.permute_dimensions transpose x axes=pattern
keras.backend.pow power x1 x2=a
keras.backend.prod prod x axis keepdims
keras.backend.repeat_elements repeat x repeats=rep axis
keras.backend.reshape reshape x newshape=shape
keras.backend.reverse flip x axis=axes
keras.backend.sqrt sqrt x
keras.backend.square square x
keras.backend.squeeze squeeze x axis
keras.backend.stack stack xs axis:0
keras.backend.std std x axis keepdims
keras.backend.sum sum x axis keepdims
keras.backend.tile tile x repeats=n
keras.backend.var var x axis keepdims
linalg.cholesky cholesky x
linalg.det det x
linalg.diag_part diagonal x offset=k axis1:-2 axis2:-1
linalg.inv inv x -adjoint
linalg.matmul batch_matmul x1 x2=b transpose_a transpose_b -a_is_sparse -b_is_sparse
linalg.matrix_transpose matrix_transpose x -conjugate
linalg.norm norm x ord axis keepdims
linalg.normalize refused
linalg.solve solve a b=rhs
linalg.trace trace x axis1:-2 axis2:-1
linspace linspace start stop num axis
math.add_n add_n xs
math.bincount refused
math.count_nonzero count_nonzero x axis
math.l2_normalize l2_normalize x axis epsilon
math.multiply_no_nan multiply_no_nan x1 x2=y
norm norm x ord axis keepdims
ones_like ones_like x dtype
rank ndim x
repeat repeat x repeats axis
reshape reshape x newshape=shape
reverse flip x axis
roll roll x shift axis
shape shape x -out_type
size size x -out_type
slice slice inputs start_indices=begin shape=size
squeeze squeeze x axis
stack stack xs axis:0
tensordot tensordot x1 x2=b axes
tile tile x repeats=multiples
transpose transpose x axes=perm -conjugate
unstack unstack x num axis:0
where where condition x1=x x2=y
zeros_like zeros_like x dtype
nn.gelu gelu x approximate:false
nn.leaky_relu leaky_relu x negative_slope=alpha
nn.l2_normalize l2_normalize x axis epsilon
nn.log_softmax log_softmax x axis:-1
nn.silu tf_silu x beta:1.0
nn.softmax softmax x axis:-1
nn.crelu refused
nn.depth_to_space depth_to_space x block_size data_format:"NHWC"
nn.space_to_depth space_to_depth x block_size data_format:"NHWC"
signal.fft2d refused
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """How one function of TensorFlow becomes an operation.

    Attributes
    ----------
    operation
        Name of the operation; ``"refused"`` if there is none.
    first
        Name of the operation's parameter that is the first one of the function.
    renamed
        From the other parameters of the function to those of the operation.
    given
        Arguments of the operation for those that are left out.
    ignored
        Parameters of the function that do not change the result.
    """

    operation: str
    first: str = "x"
    renamed: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Json] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()


def _translation(line: str) -> tuple[str, Translation]:
    name, operation, *parameters = line.split()
    first = parameters[0].partition("=")[0] if parameters else "x"
    renamed: dict[str, str] = {}
    given: dict[str, Json] = {}
    for parameter in parameters[1:]:
        if parameter.startswith("-"):
            continue
        ours, _, value = parameter.partition(":")
        if value:
            given[ours] = json.loads(value)
        ours, _, theirs = ours.partition("=")
        renamed[theirs or ours] = ours
    ignored = frozenset(item[1:] for item in parameters if item.startswith("-"))
    return name, Translation(
        operation=operation, first=first, renamed=renamed, given=given, ignored=ignored
    )


def _table() -> dict[str, Translation]:
    table = dict(map(_translation, _TABLE.strip().splitlines()))
    for name, operation in _UNARY.items():
        table[name] = Translation(operation=operation)
    for name, operation in _BINARY.items():
        pair = Translation(operation=operation, first="x1", renamed={"y": "x2"})
        table[name] = pair
    for name, operation in _REDUCTIONS.items():
        reduction = Translation(
            operation=operation,
            renamed={"axis": "axis", "keepdims": "keepdims", "reduction_indices": "axis"},
        )
        table[f"math.reduce_{name}"] = reduction
        table[f"compat.v1.reduce_{name}"] = reduction
    return table


TRANSLATIONS: Mapping[str, Translation] = _table()
