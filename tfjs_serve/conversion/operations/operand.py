"""Operands of operations: tensors of the graph, constants, and what is known of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """A tensor that an operation takes or makes.

    Attributes
    ----------
    shape
        Counts the batch axis.
    dtype
        As Keras has it; ``"int"`` or ``"float"`` for a number in Python.
    value
        Of a constant.
    index
        Which input of the call, if it is one.
    """

    shape: Shape
    dtype: str = "float32"
    value: Array | None = None
    index: int | None = None

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def number(self) -> float | None:
        """The value of a constant of one element without axes."""
        return None if self.value is None or self.value.shape else self.value.item()


def constant_operand(value: Json) -> Operand:
    """Return the operand of a number, a nested list or ``{"array": ..., "dtype": ...}``.

    Raises
    ------
    ValueError
        The value is none of them.
    """
    dtype = None
    if isinstance(value, dict):
        dtype, value = value["dtype"], value["array"]
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{value!r} is no number")
    return Operand(shape=array.shape, dtype=dtype or _default(array), value=array)


def _default(array: Array) -> str:
    kind = {"b": "bool", "f": "float"}.get(array.dtype.kind, "int")
    if not array.shape or kind == "bool":
        return kind
    return f"{kind}32"


def is_tensor(value: Json) -> bool:
    """Whether a value stands for an input of the call."""
    return isinstance(value, dict) and value.keys() == {"tensor"}


def is_array(value: Json) -> bool:
    """Whether a value is a constant that was saved with its dtype."""
    return isinstance(value, dict) and value.keys() == {"array", "dtype"}


def has_tensors(value: Json) -> bool:
    """Whether inputs of the call stand in a nested value."""
    if is_tensor(value):
        return True
    items = list(value.values()) if isinstance(value, dict) else value
    return isinstance(items, list) and any(map(has_tensors, items))
