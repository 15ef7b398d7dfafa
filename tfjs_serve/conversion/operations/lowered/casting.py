"""Casts that change no number, and functions that return their input."""

from __future__ import annotations

from tfjs_serve.conversion.operations.lowered.comparisons import unequal
from tfjs_serve.conversion.operations.lowering import Build, NotLoweredError, lowered
from tfjs_serve.conversion.small_models.arithmetic import Tensor


@lowered("copy", "conj", "conjugate", "real", "positive")
def identity(build: Build) -> Tensor:
    """The input."""
    return _handed_on(build)


def _handed_on(build: Build) -> Tensor:
    return build.low.activation(build.tensor("x"), "linear")


@lowered("cast", "convert_to_tensor", "array", "saturate_cast")
def cast(build: Build) -> Tensor:
    """The input, if no number changes; truth values of integers."""
    dtype = build.get("dtype")
    given = build.operand("x").dtype
    whole = not given.startswith(("float", "bfloat"))
    same = dtype in (None, given) or "float" in dtype
    if whole and dtype == "bool" and given != "bool":
        return unequal(build.low, build.low.rescale(build.tensor("x"), 1.0))
    if not same and not (whole and dtype in ("int32", "int64")):
        raise NotLoweredError("it changes numbers")
    return _handed_on(build)
