"""What Keras does with whole numbers, which are floats like all others in the page.

Keras converts floats to the dtype of a layer, but leaves whole numbers what they are; see
``maybe_convert`` in ``keras/src/layers/layer.py``.
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
"""Numbers of more bits than this are taken never to leave their range."""


def kept(_layer: KerasLayer, inputs: Sequence[TensorFact]) -> tuple[str, ...]:
    """Return the dtype of a layer that changes no number: whole ones stay whole."""
    return (inputs[0].dtype if inputs[0].is_integer else "float32",)


def each_kept(layer: KerasLayer, inputs: Sequence[TensorFact]) -> tuple[str, ...]:
    """Return the dtypes of a layer that hands on all of its inputs."""
    return tuple(kept(layer, [fact])[0] for fact in inputs)


def merged(_layer: KerasLayer, inputs: Sequence[TensorFact]) -> tuple[str, ...]:
    """Return the dtype that numbers of different dtypes are merged in."""
    return (result_type(*(fact.dtype for fact in inputs)),)


def check_no_rounding(context: LayerContext) -> None:
    """Report a layer that Keras 3 lets round its input, because it has a dtype of whole numbers."""
    floats = any(not fact.is_integer for call in context.calls for fact in call)
    if context.layer.generation >= 3 and is_integer(context.layer.dtype) and floats:
        context.problem(
            "unsupported-dtype",
            f"It rounds its input to {context.layer.dtype}, which TensorFlow.js's layers do not.",
            "Save the model with the dtype float32.",
        )


def all_integers(context: LayerContext) -> bool:
    """Whether all inputs are whole numbers, in all calls."""
    facts = [fact for call in context.calls for fact in call]
    return bool(facts) and all(fact.is_integer for fact in facts)


def narrow_dtype(context: LayerContext) -> str | None:
    """Return the dtype in which inputs are merged, if its range is one that sums leave."""
    dtypes = {result_type(*(fact.dtype for fact in call)) for call in context.calls}
    (dtype,) = dtypes if len(dtypes) == 1 else ("float32",)
    return dtype if dtype == "bool" or _bits(dtype) is not None else None


def _bits(dtype: str) -> int | None:
    found = re.fullmatch(r"u?int(\d+)", dtype)
    bits = int(found[1]) if found else None
    return bits if bits is not None and bits <= _EXACT_BITS else None


def wrapped(low: Lowering, x: Tensor, dtype: str) -> Tensor:
    """Return whole numbers as they overflow in a dtype of few bits; `bool` is 0 or 1."""
    bits = _bits(dtype)
    if bits is None:
        return low.clip(x, 0.0, 1.0)
    lowest = 0 if dtype.startswith("u") else -(2 ** (bits - 1))
    return low.companion("Wrapped", {"lowest": lowest, "count": 2**bits}, x, shape=x.shape)


def truncated(low: Lowering, x: Tensor) -> Tensor:
    """Return floats without their fractions, as Keras turns them into whole numbers."""
    return low.companion("Truncated", {}, x, shape=x.shape)
