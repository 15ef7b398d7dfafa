"""Products of matrices and tensors (``keras/src/ops/numpy.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.dtypes import result_type
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, Size, broadcast, known_product, pair
from tfjs_serve.conversion.operations.equations import equation
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import operation


def _product(x1: Operand, x2: Operand, shape: Shape) -> Operand:
    both = (x1.dtype, x2.dtype)
    dtype = "int32" if both == ("int8", "int8") else result_type(*both)
    return Operand(shape=shape, dtype=dtype)


@operation("matmul")
def matmul(x1: Operand, x2: Operand, /) -> Operand:
    """The last two axes are matrices; a vector has one axis."""
    left = (1, *x1.shape) if x1.rank == 1 else x1.shape
    right = (*x2.shape, 1) if x2.rank == 1 else x2.shape
    shape: Shape = (*broadcast([left[:-2], right[:-2]]), left[-2], right[-1])
    if x1.rank == 1:
        shape = (*shape[:-2], shape[-1])
    return _product(x1, x2, shape[:-1] if x2.rank == 1 else shape)


@operation("batch_matmul")
def batch_matmul(
    x1: Operand, x2: Operand, /, transpose_a: bool = False, transpose_b: bool = False
) -> Operand:
    """``tf.matmul``."""
    rows, columns = x1.shape[-1 if transpose_a else -2], x2.shape[-2 if transpose_b else -1]
    return _product(x1, x2, (*broadcast([x1.shape[:-2], x2.shape[:-2]]), rows, columns))


@operation("batch_dot")
def batch_dot(x1: Operand, x2: Operand, /, axes: Json = None) -> Operand:
    """``keras.backend.batch_dot``: one axis of each is summed, the batch is shared."""
    one, other = batch_dot_axes(x1.rank, x2.rank, axes)
    left = [size for index, size in enumerate(x1.shape) if index != one]
    right = [size for index, size in enumerate(x2.shape) if index not in (0, other)]
    shape = (*left, *right)
    return _product(x1, x2, shape if len(shape) > 1 else (*shape, 1))


def batch_dot_axes(rank1: int, rank2: int, axes: Json) -> tuple[int, int]:
    """Return the axes of the two tensors that are summed, counted from the front.

    Parameters
    ----------
    rank1, rank2
        The numbers of axes.
    axes
        One axis of both, or one of each; by default the last of the first and the last but one of
        the second.
    """
    if axes is None:
        axes = [rank1 - 1, rank2 - 1 if rank2 == 2 else rank2 - 2]
    one, other = pair(axes, 2)
    return one % rank1, other % rank2


@operation("dot")
def dot(x1: Operand, x2: Operand, /) -> Operand:
    """The last axis of x1 is summed with the last but one of x2, or its only one."""
    if not x1.shape or not x2.shape:
        return _product(x1, x2, x1.shape or x2.shape)
    right = x2.shape[:-1] if x2.rank == 1 else (*x2.shape[:-2], x2.shape[-1])
    return _product(x1, x2, (*x1.shape[:-1], *(() if x2.rank == 1 else right)))


@operation("inner")
def inner(x1: Operand, x2: Operand, /) -> Operand:
    """The last axes are summed."""
    if not x1.shape or not x2.shape:
        return _product(x1, x2, x1.shape or x2.shape)
    return _product(x1, x2, (*x1.shape[:-1], *x2.shape[:-1]))


@operation("vdot")
def vdot(x1: Operand, x2: Operand, /) -> Operand:
    """Everything is summed."""
    return _product(x1, x2, ())


@operation("outer")
def outer(x1: Operand, x2: Operand, /) -> Operand:
    """Every element of x1 times every element of x2."""
    return _product(x1, x2, (known_product(x1.shape), known_product(x2.shape)))


@operation("kron")
def kron(x1: Operand, x2: Operand, /) -> Operand:
    """A multiple of x2 for each element of x1."""
    rank = max(x1.rank, x2.rank)
    shapes = [(1,) * (rank - x.rank) + x.shape for x in (x1, x2)]
    return _product(x1, x2, tuple(map(known_product, zip(*shapes, strict=True))))


@operation("cross")
def cross(
    x1: Operand,
    x2: Operand,
    /,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Operand:
    """Of vectors of two or three elements."""
    if axis is not None:
        axisa = axisb = axisc = axis
    one, other = list(x1.shape), list(x2.shape)
    sizes = (one.pop(axisa), other.pop(axisb))
    shape = broadcast([tuple(one), tuple(other)]) if one or other else ()
    if 3 in sizes:
        at = axisc % (len(shape) + 1)
        shape = (*shape[:at], 3, *shape[at:])
    return _product(x1, x2, shape)


def tensordot_axes(rank: int, axes: Json) -> tuple[list[int], list[int]]:
    """Return which axes of the two tensors are summed.

    Parameters
    ----------
    rank
        The number of axes of the first tensor.
    axes
        How many axes, the last of the first and the first of the second tensor; or two lists.
    """
    if isinstance(axes, int):
        return list(range(rank - axes, rank)), list(range(axes))
    one, other = (axis if isinstance(axis, list) else [axis] for axis in axes)
    return one, other


@operation("tensordot")
def tensordot(x1: Operand, x2: Operand, /, axes: Json = 2) -> Operand:
    """A number of axes, or two lists of them."""
    one, other = tensordot_axes(x1.rank, axes)
    left = _without(x1.shape, one)
    return _product(x1, x2, (*left, *_without(x2.shape, other)))


def _without(shape: Shape, axes: list[int]) -> list[Size]:
    gone = [axis % len(shape) for axis in axes]
    return [size for index, size in enumerate(shape) if index not in gone]


@operation("einsum")
def einsum(*operands: Operand, subscripts: str) -> Operand:
    """Letters name axes; those that the result lacks are summed."""
    dtypes = [x.dtype for x in operands]
    found = equation(subscripts, [x.rank for x in operands])
    return Operand(shape=found.shape([x.shape for x in operands]), dtype=result_type(*dtypes))
