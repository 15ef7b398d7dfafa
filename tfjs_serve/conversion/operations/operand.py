"""Operands of operations: tensors of the graph and constants, as far as they are known."""

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
        With the batch axis.
    dtype
        As in Keras; ``"int"`` or ``"float"`` if it is a number in Python.
    value
        If it is a constant.
    index
        If it is an input of the call: which one.
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
        """The value of a constant without axes; ``None`` for all other operands."""
        return None if self.value is None or self.value.shape else self.value.item()


def constant_operand(value: Json) -> Operand:
    """Return a constant as an operand.

    Parameters
    ----------
    value
        A number, a nested list, or ``{"array": ..., "dtype": ...}``.

    Raises
    ------
    ValueError
        It is none of these.
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
    """Whether an argument is ``{"tensor": index}``, an input of the call."""
    return isinstance(value, dict) and value.keys() == {"tensor"}


def is_array(value: Json) -> bool:
    """Whether an argument is a constant that was saved with its dtype."""
    return isinstance(value, dict) and value.keys() == {"array", "dtype"}


def has_tensors(value: Json) -> bool:
    """Whether inputs of the call are somewhere in a nested argument."""
    if is_tensor(value):
        return True
    items = list(value.values()) if isinstance(value, dict) else value
    return isinstance(items, list) and any(map(has_tensors, items))
