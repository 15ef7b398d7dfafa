"""Truth values, and choices by them (``keras/src/ops/numpy.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import result_type
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import broadcast
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import like
from tfjs_serve.conversion.operations.signatures import operation


@operation(
    *("equal", "greater", "greater_equal", "less", "less_equal", "not_equal"),
    *("logical_and", "logical_or", "logical_xor"),
)
def compared(x1: Operand, x2: Operand, /) -> Operand:
    """A truth value for each pair of elements."""
    return Operand(shape=broadcast([x1.shape, x2.shape]), dtype="bool")


@operation(
    *("isfinite", "isinf", "isnan", "isneginf", "isposinf", "isreal"),
    *("logical_not", "signbit"),
)
def tested(x: Operand, /) -> Operand:
    """A truth value for each element."""
    return Operand(shape=x.shape, dtype="bool")


@operation("isclose")
def isclose(
    x1: Operand,
    x2: Operand,
    /,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Operand:
    """A truth value for each pair; the tolerance is relative to the second element."""
    return Operand(shape=broadcast([x1.shape, x2.shape]), dtype="bool")


@operation("allclose")
def allclose(
    x1: Operand,
    x2: Operand,
    /,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    equal_nan: bool = False,
) -> Operand:
    """One truth value."""
    return Operand(shape=(), dtype="bool")


@operation("heaviside")
def heaviside(x1: Operand, x2: Operand, /) -> Operand:
    """0 if x1 is below zero, 1 if it is above, otherwise x2."""
    return Operand(
        shape=broadcast([x1.shape, x2.shape]), dtype=result_type(x1.dtype, x2.dtype, "float")
    )


@operation("where")
def where(condition: Operand, x1: Operand | None = None, x2: Operand | None = None, /) -> Operand:
    """All three are broadcast."""
    if x1 is None or x2 is None:
        raise ValueError("it is called without values: how much it finds is not known")
    shape = broadcast([condition.shape, x1.shape, x2.shape])
    return Operand(shape=shape, dtype=result_type(x1.dtype, x2.dtype))


@operation("select")
def select(condlist: list[Operand], choicelist: list[Operand], default: Json = 0, /) -> Operand:
    """Each element from the choice whose condition is the first to hold."""
    return like(choicelist[0], choicelist[0].shape)
