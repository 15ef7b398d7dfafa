"""Registers the functions that lower operations, and has what many of these functions need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tfjs_serve.conversion.model.shapes import known_product
from tfjs_serve.conversion.operations.call import OperationCall
from tfjs_serve.conversion.operations.operand import Array, Operand
from tfjs_serve.conversion.small_models.activation_formulas import NotLoweredError
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor

__all__ = [
    "LONGEST_SUM",
    "Build",
    "Lower",
    "NotLoweredError",
    "array_of",
    "counted",
    "lowered",
    "registered",
    "rows",
    "value_of",
]

Lower = Callable[["Build"], Tensor | Sequence[Tensor]]

LONGEST_SUM = 1024
"""So many steps of an axis at most are added up by a product with a matrix."""

_LOWERED: dict[str, Lower] = {}


class Build:
    """The small model of one operation, and its arguments.

    Attributes
    ----------
    low
        The model, to which layers are added.
    generation
        Of Keras.
    """

    def __init__(self, low: Lowering, call: OperationCall, generation: int) -> None:
        self.low = low
        self.call = call
        self.generation = generation

    def get(self, key: str) -> Any:
        """Return an argument by its name."""
        return self.call.arguments[key]

    def operand(self, key: str) -> Operand:
        """Return an argument that is a tensor or a constant; see `OperationCall.operand`."""
        return self.call.operand(key)

    def tensor(self, key: str) -> Tensor:
        """Return an argument as an input of the small model; see :meth:`of`."""
        return self.of(self.operand(key))

    def of(self, operand: Operand) -> Tensor:
        """Return the input of the small model that stands for an operand.

        Raises
        ------
        NotLoweredError
            The operand is a constant, or has no batch axis.
        """
        if operand.index is None:
            raise NotLoweredError("it is a constant")
        x = self.low.inputs[operand.index]
        if not x.shape:
            raise NotLoweredError("it has no batch axis")
        return x

    def mergeable(self, operands: Sequence[Operand]) -> list[Tensor]:
        """Return inputs of the small model that merge layers broadcast as Keras does.

        Raises
        ------
        NotLoweredError
            Their ranks or batch sizes differ, or one of them is a constant.
        """
        tensors = list(map(self.of, operands))
        if len({len(x.shape) for x in tensors}) > 1:
            raise NotLoweredError("axes of tensors of different ranks would be aligned otherwise")
        if len({x.shape[0] for x in tensors}) > 1:
            raise NotLoweredError("batches of different sizes")
        return tensors

    def axis(self, key: str, rank: int) -> int:
        """Return an argument that is an axis; see :func:`counted`."""
        return counted(self.get(key), rank)

    def axes(self, key: str, rank: int) -> list[int]:
        """Return an argument that is one axis or a list of axes; see :func:`counted`.

        Raises
        ------
        NotLoweredError
            The batch axis is among them, as it is if the argument is ``None``.
        """
        value = self.get(key)
        if value is None:
            raise NotLoweredError("the batch axis is among them")
        return [counted(axis, rank) for axis in (value if isinstance(value, list) else [value])]


def counted(axis: Any, rank: int) -> int:
    """Return an axis as it is counted from the front.

    Parameters
    ----------
    axis
        Counted from the front or, if it is negative, from the end; the batch axis is 0.
    rank
        The number of axes.

    Raises
    ------
    NotLoweredError
        It is the batch axis, or no number.
    """
    if not isinstance(axis, int):
        raise NotLoweredError("the axis is no number")
    at = axis + rank if axis < 0 else axis
    if not 0 < at < rank:
        raise NotLoweredError("layers leave the batch axis alone")
    return at


def lowered(*names: str) -> Callable[[Lower], Lower]:
    """Register the decorated function for one or more operations.

    The function gets an empty small model and returns its output or outputs. The first line of its
    docstring is the entry in ``docs/operations.md``.

    Raises
    ------
    ValueError
        One of them is registered already.
    """

    def register(lower: Lower) -> Lower:
        for name in names:
            if name in _LOWERED:
                raise ValueError(f"{name} is lowered twice")
            _LOWERED[name] = lower
        return lower

    return register


def registered() -> Mapping[str, Lower]:
    """Return the functions that were registered so far, by operation."""
    return _LOWERED


def value_of(operand: Operand) -> Any:
    """Return a constant in double precision.

    Raises
    ------
    NotLoweredError
        It is a tensor.
    """
    if operand.value is None:
        raise NotLoweredError("both are tensors")
    return operand.value.astype(np.float64)


def array_of(operand: Operand) -> Array:
    """Return a constant in single precision; raises what :func:`value_of` raises."""
    return np.asarray(value_of(operand), np.float32)


def rows(low: Lowering, x: Tensor, axes: Sequence[int]) -> Tensor:
    """Return a tensor with three axes, of which the second joins some axes of `x`.

    Parameters
    ----------
    x
        A tensor with a batch axis.
    axes
        The axes to join, counting the batch axis, which is not among them.

    Returns
    -------
    Tensor
        Of shape ``(batch, joined, kept)``, where ``kept`` joins the other axes.
    """
    kept = [axis for axis in range(1, len(x.shape)) if axis not in axes]
    order = [0, *axes, *kept]
    moved = x if order == sorted(order) else low.permute(x, order)
    sizes = [x.shape[axis] for axis in axes], [x.shape[axis] for axis in kept]
    target = tuple(map(known_product, sizes))
    return moved if moved.shape[1:] == target else low.reshape(moved, target)
