"""Functions of each element (``keras/src/ops/numpy.py``, ``nn.py``, ``math.py``, ``core.py``)."""

from __future__ import annotations

from collections.abc import Callable

from tfjs_serve.conversion.model.dtypes import as_float, result_type
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import broadcast
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import Specification, operation

_FRACTIONS = (
    *("arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "cos"),
    *("cosh", "deg2rad", "exp", "exp2", "expm1", "floor", "i0", "log", "log10", "log1p", "log2"),
    *("rad2deg", "reciprocal", "sigmoid", "sin", "sinc", "sinh", "sqrt", "tan", "tanh", "angle"),
    *("erf", "erfc", "erfinv", "rsqrt", "hard_sigmoid", "hard_silu", "log_sigmoid", "selu"),
    *(
        "hard_sigmoid_keras2",
        "mish",
        "silu",
        "softplus",
        "softsign",
        "sparse_plus",
        "sparse_sigmoid",
        "tanh_shrink",
    ),
)
_KEPT = (
    *("absolute", "abs", "fabs", "bitwise_invert", "bitwise_not", "conj", "conjugate", "copy"),
    *("hard_tanh", "negative", "positive", "real", "relu", "relu6", "sign", "square"),
    *("stop_gradient", "trunc", "imag"),
)
_TRUTHS = ("isfinite", "isinf", "isnan", "isneginf", "isposinf", "isreal", "logical_not", "signbit")
_JOINED = (
    *("add", "floor_divide", "fmax", "fmin", "fmod"),
    *("gcd", "lcm", "maximum", "minimum", "mod", "multiply", "power", "subtract"),
)
_BITWISE = ("left_shift", "right_shift", "bitwise_left_shift", "bitwise_right_shift")
_JOINED_FRACTIONS = (
    *("arctan2", "divide", "divide_no_nan", "heaviside", "hypot", "ldexp", "logaddexp"),
    *("logaddexp2", "multiply_no_nan", "true_divide", "squared_difference"),
)
_COMPARISONS = (
    *("equal", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_or"),
    *("logical_xor", "not_equal"),
)


def _unary(dtype: Callable[[str], str]) -> Specification:
    def specification(x: Operand, /) -> Operand:
        return Operand(shape=x.shape, dtype=dtype(x.dtype))

    return specification


def _binary(dtype: Callable[[str, str], str]) -> Specification:
    def specification(x1: Operand, x2: Operand, /) -> Operand:
        shape = broadcast([x1.shape, x2.shape])
        return Operand(shape=shape, dtype=dtype(x1.dtype, x2.dtype))

    return specification


operation(*_FRACTIONS)(_unary(as_float))
operation(*_KEPT)(_unary(lambda dtype: dtype))
operation(*_TRUTHS)(_unary(lambda dtype: "bool"))
operation(*_JOINED)(_binary(result_type))
operation(*_JOINED_FRACTIONS)(_binary(lambda one, other: result_type(one, other, "float")))
operation(*_COMPARISONS)(_binary(lambda one, other: "bool"))


@operation("bitwise_and", "bitwise_or", "bitwise_xor", *_BITWISE)
def bitwise(x: Operand, y: Operand, /) -> Operand:
    """Both have whole numbers."""
    return Operand(shape=broadcast([x.shape, y.shape]), dtype=result_type(x.dtype, y.dtype))


@operation("cast", "saturate_cast")
def cast(x: Operand, /, dtype: str) -> Operand:
    """Numbers lose their fractions when they become whole."""
    return Operand(shape=x.shape, dtype=dtype)


@operation("convert_to_tensor", "array")
def converted(
    x: Operand, /, dtype: str | None = None, sparse: Json = None, ragged: Json = None
) -> Operand:
    """A cast, if a dtype is given."""
    return Operand(shape=x.shape, dtype=dtype or x.dtype)


@operation("clip")
def clip(x: Operand, /, x_min: Json, x_max: Json) -> Operand:
    """Truth values become whole numbers."""
    shapes = [x.shape]
    return Operand(shape=broadcast(shapes), dtype="int32" if x.dtype == "bool" else x.dtype)


@operation("round")
def rounded(x: Operand, /, decimals: int = 0) -> Operand:
    """Halves go to even numbers."""
    return Operand(shape=x.shape, dtype="int32" if x.dtype == "bool" else x.dtype)


@operation("nan_to_num")
def nan_to_num(
    x: Operand, /, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Operand:
    """Infinities become the largest numbers unless others are given."""
    return Operand(shape=x.shape, dtype=x.dtype)


@operation("isclose")
def isclose(
    x1: Operand,
    x2: Operand,
    /,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Operand:
    """Compared relative to the second one."""
    return Operand(shape=broadcast([x1.shape, x2.shape]), dtype="bool")


@operation("where")
def where(condition: Operand, x1: Operand | None = None, x2: Operand | None = None, /) -> Operand:
    """All three are broadcast."""
    if x1 is None or x2 is None:
        raise ValueError("it is called without values: how much it finds is not known")
    shape = broadcast([condition.shape, x1.shape, x2.shape])
    return Operand(shape=shape, dtype=result_type(x1.dtype, x2.dtype))


@operation("leaky_relu")
def leaky_relu(x: Operand, /, negative_slope: float = 0.2) -> Operand:
    """``negative_slope * x`` below zero."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("elu", "celu")
def elu(x: Operand, /, alpha: float = 1.0) -> Operand:
    """An exponential below zero."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("gelu")
def gelu(x: Operand, /, approximate: bool = True) -> Operand:
    """With the hyperbolic tangent if it is approximate."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("soft_shrink", "hard_shrink")
def shrink(x: Operand, /, threshold: float = 0.5) -> Operand:
    """Zero near zero."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("threshold")
def threshold(x: Operand, /, threshold: float, default_value: float) -> Operand:
    """``default_value`` where x is not above the threshold."""
    return Operand(shape=x.shape, dtype=x.dtype)


@operation("squareplus")
def squareplus(x: Operand, /, b: float = 4) -> Operand:
    """``(x + sqrt(x**2 + b)) / 2``."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("softmax", "log_softmax", "sparsemax")
def softmax(x: Operand, /, axis: Json = -1) -> Operand:
    """Over one axis, several or, for ``None``, all."""
    return Operand(shape=x.shape, dtype=as_float(x.dtype))


@operation("glu")
def glu(x: Operand, /, axis: int = -1) -> Operand:
    """One half of an axis, gated by the other."""
    shape = list(x.shape)
    size = shape[axis]
    shape[axis] = None if size is None else size // 2
    return Operand(shape=tuple(shape), dtype=as_float(x.dtype))
