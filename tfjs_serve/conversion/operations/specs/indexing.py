"""Functions that pick elements, or put them somewhere (``keras/src/ops/core.py``, ``numpy.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, Size, known_product
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import axes_of, like
from tfjs_serve.conversion.operations.signatures import operation

ELLIPSIS = {"ellipsis": True}


def subscripts(key: Json, rank: int) -> list[Json]:
    """Return one subscript for each axis, and ``None`` for each new axis.

    Parameters
    ----------
    key
        As in ``x[key]``, with slices as ``{"slice": [start, stop, step]}`` and :data:`ELLIPSIS`.
    rank
        The number of axes of ``x``.
    """
    keys = list(key) if isinstance(key, list) else [key]
    used = sum(item is not None and item != ELLIPSIS for item in keys)
    rest: list[Json] = [{"slice": [None, None, None]}] * (rank - used)
    if ELLIPSIS not in keys:
        return [*keys, *rest]
    at = keys.index(ELLIPSIS)
    return [*keys[:at], *rest, *keys[at + 1 :]]


def _sliced(size: Size, parts: list[Json]) -> Size:
    if all(part is None for part in parts):
        return size
    if any(isinstance(part, Operand) for part in parts):
        return None
    start, stop, step = parts
    if size is None:
        return None
    return len(range(*slice(start, stop, step).indices(size)))


@operation("get_item")
def get_item(x: Operand, /, key: Json) -> Operand:
    """``x[key]``."""
    sizes = iter(x.shape)
    shape: list[Size] = []
    for item in subscripts(key, x.rank):
        if item is None:
            shape.append(1)
        elif isinstance(item, dict) and "slice" in item:
            shape.append(_sliced(next(sizes), item["slice"]))
        else:
            next(sizes)
    return like(x, shape)


@operation("slice")
def slice_(inputs: Operand, start_indices: Json, /, shape: Json) -> Operand:
    """A size of -1 takes the axis to its end."""
    if isinstance(shape, Operand):
        return like(inputs, [None] * inputs.rank)
    starts = start_indices.value if isinstance(start_indices, Operand) else None
    sizes: list[Size] = []
    for axis, (size, length) in enumerate(zip(inputs.shape, shape, strict=True)):
        if length != -1:
            sizes.append(length if isinstance(length, int) else None)
        elif starts is None or size is None:
            sizes.append(None)
        else:
            sizes.append(size - int(starts[axis]))
    return like(inputs, sizes)


@operation("slice_update")
def slice_update(inputs: Operand, start_indices: Json, updates: Operand, /) -> Operand:
    """`inputs` with `updates` in place of a part."""
    return like(inputs, inputs.shape)


@operation("scatter")
def scatter(indices: Operand, values: Operand, /, shape: Json) -> Operand:
    """Values added to zeros; the last axis of the indices has one for each indexed axis."""
    return like(values, shape)


@operation("scatter_update")
def scatter_update(
    inputs: Operand, indices: Operand, updates: Operand, /, reduction: str | None = None
) -> Operand:
    """`inputs` with `updates` in place of some elements, or combined with them."""
    return like(inputs, inputs.shape)


@operation("take")
def take(x: Operand, indices: Operand, /, axis: int | None = None) -> Operand:
    """The axis is replaced by the axes of the indices."""
    if axis is None:
        return like(x, indices.shape)
    (at,) = axes_of(axis, x.rank)
    return like(x, [*x.shape[:at], *indices.shape, *x.shape[at + 1 :]])


@operation("batch_take")
def batch_take(x: Operand, indices: Operand, /, axis: int, batch_dims: int) -> Operand:
    """``tf.gather`` with ``batch_dims``."""
    (at,) = axes_of(axis, x.rank)
    return like(x, [*x.shape[:at], *indices.shape[batch_dims:], *x.shape[at + 1 :]])


@operation("take_nd")
def take_nd(x: Operand, indices: Operand, /, batch_dims: int = 0) -> Operand:
    """``tf.gather_nd``: the last axis of the indices has one for each indexed axis of x."""
    depth = indices.shape[-1]
    if depth is None:
        raise ValueError("the number of indices is not known")
    return like(x, [*indices.shape[:-1], *x.shape[batch_dims + depth :]])


@operation("take_along_axis")
def take_along_axis(x: Operand, indices: Operand, /, axis: int | None = None) -> Operand:
    """One index for each element of the result; the other axes are broadcast."""
    if axis is None:
        return like(x, [known_product(indices.shape)])
    (at,) = axes_of(axis, x.rank)
    shape = [
        indices.shape[index] if index == at or size == 1 else _known(size, indices.shape[index])
        for index, size in enumerate(x.shape)
    ]
    return like(x, shape)


def _known(one: Size, other: Size) -> Size:
    return other if one is None and other != 1 else one


@operation("one_hot")
def one_hot(
    x: Operand,
    /,
    num_classes: int,
    axis: int = -1,
    dtype: str | None = None,
    sparse: bool = False,
) -> Operand:
    """A new axis with one column for each class; an unknown class has zeros."""
    at = axis % (x.rank + 1)
    shape = (*x.shape[:at], num_classes, *x.shape[at:])
    return Operand(shape=shape, dtype=dtype or "float32")


@operation("multi_hot")
def multi_hot(
    inputs: Operand,
    /,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: str | None = None,
    sparse: bool = False,
    **legacy: Json,
) -> Operand:
    """The maximum of ``one_hot`` along the axis after the batch."""
    classes = legacy.get("num_tokens") if num_classes is None else num_classes
    at = axis % (inputs.rank + 1)
    shape: Shape = (*inputs.shape[:at], classes, *inputs.shape[at:])
    kept = shape[-1:] if len(shape) == 2 else (shape[0], *shape[2:])
    return Operand(shape=kept, dtype=dtype or inputs.dtype)


@operation("unravel_index")
def unravel_index(indices: Operand, /, shape: Json) -> tuple[Operand, ...]:
    """One tensor per axis of `shape`."""
    return (Operand(shape=indices.shape, dtype=indices.dtype),) * len(shape)


@operation("shape")
def shape_of(x: Operand, /) -> Operand:
    """The sizes, as a vector (``tf.shape``)."""
    return Operand(shape=(x.rank,), dtype="int32")


@operation("size")
def size_of(x: Operand, /) -> Operand:
    """The number of elements."""
    return Operand(shape=(), dtype="int32")


@operation("ndim")
def ndim(x: Operand, /) -> Operand:
    """The number of axes."""
    return Operand(shape=(), dtype="int32")
