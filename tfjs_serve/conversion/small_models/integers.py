"""How Keras computes with integers, which are floats in the page, as all numbers are.

Keras converts floats to the dtype of a layer, but not integers; see ``maybe_convert`` in
``keras/src/layers/layer.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tfjs_serve.conversion.model.dtypes import is_integer, result_type
from tfjs_serve.conversion.model.facts import TensorFact
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.rules.context import LayerContext
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor

_EXACT_BITS = 16
"""Sums of integers of more bits than this are assumed not to overflow."""


def kept(_layer: KerasLayer, inputs: Sequence[TensorFact]) -> tuple[str, ...]:
    """Return the output's dtype for a layer that changes no number: integers stay integers."""
    return (inputs[0].dtype if inputs[0].is_integer else "float32",)


def each_kept(layer: KerasLayer, inputs: Sequence[TensorFact]) -> tuple[str, ...]:
    """Return the outputs' dtypes for a layer that returns all of its inputs."""
    return tuple(kept(layer, [fact])[0] for fact in inputs)


def merged(_layer: KerasLayer, inputs: Sequence[TensorFact]) -> tuple[str, ...]:
    """Return the output's dtype for a layer that merges inputs of different dtypes."""
    return (result_type(*(fact.dtype for fact in inputs)),)


def check_no_rounding(context: LayerContext) -> None:
    """Report a layer whose dtype is one of integers, so that Keras 3 rounds its input."""
    floats = any(not fact.is_integer for call in context.calls for fact in call)
    if context.layer.generation >= 3 and is_integer(context.layer.dtype) and floats:
        context.problem(
            "unsupported-dtype",
            f"It rounds its input to {context.layer.dtype}, which TensorFlow.js's layers do not.",
            "Save the model with the dtype float32.",
        )


def all_integers(context: LayerContext) -> bool:
    """Whether all inputs are integers, in all calls."""
    facts = [fact for call in context.calls for fact in call]
    return bool(facts) and all(fact.is_integer for fact in facts)


def narrow_dtype(context: LayerContext) -> str | None:
    """Return the dtype in which inputs are merged if sums overflow in it, ``None`` otherwise."""
    dtypes = {result_type(*(fact.dtype for fact in call)) for call in context.calls}
    (dtype,) = dtypes if len(dtypes) == 1 else ("float32",)
    return dtype if dtype == "bool" or _bits(dtype) is not None else None


def _bits(dtype: str) -> int | None:
    found = re.fullmatch(r"u?int(\d+)", dtype)
    bits = int(found[1]) if found else None
    return bits if bits is not None and bits <= _EXACT_BITS else None


def wrapped(low: Lowering, x: Tensor, dtype: str) -> Tensor:
    """Return integers as they overflow in a narrow dtype.

    Parameters
    ----------
    x
        A tensor of integers, of any shape.
    dtype
        What :func:`narrow_dtype` returns. In ``"bool"``, all numbers above 0 become 1.
    """
    bits = _bits(dtype)
    if bits is None:
        return low.clip(x, 0.0, 1.0)
    lowest = 0 if dtype.startswith("u") else -(2 ** (bits - 1))
    return low.companion("Wrapped", {"lowest": lowest, "count": 2**bits}, x, shape=x.shape)


def truncated(low: Lowering, x: Tensor) -> Tensor:
    """Return floats without their fractions, as Keras converts them to integers."""
    return low.companion("Truncated", {}, x, shape=x.shape)
