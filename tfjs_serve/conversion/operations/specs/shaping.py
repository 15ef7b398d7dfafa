"""Functions that move elements without computing with them (``keras/src/ops/numpy.py``)."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, Size, known_product
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.patterns import rearranged
from tfjs_serve.conversion.operations.shapes import axes_of, like, numbers, unknown_sizes
from tfjs_serve.conversion.operations.signatures import operation


@operation("reshape")
def reshape(x: Operand, /, newshape: Json) -> Operand:
    """One size may be -1; a size that is a tensor is not known."""
    if isinstance(newshape, Operand):
        return like(x, unknown_sizes(newshape))
    sizes = [size if isinstance(size, int) else None for size in numbers(newshape)]
    if -1 not in sizes:
        return like(x, sizes)
    total = known_product(x.shape)
    rest = known_product([size for size in sizes if size != -1])
    left = None if total is None or rest is None else (total // rest if rest else 0)
    if left is None and rest is None and x.rank:
        left = _matched(x.shape, sizes)
    return like(x, [left if size == -1 else size for size in sizes])


def _matched(shape: Shape, sizes: Sequence[Size]) -> Size:
    """Return the size for -1 if the only unknown size of the input stays what it is."""
    if shape.count(None) != 1 or list(sizes).count(None) != 1:
        return None
    total = known_product([size for size in shape if size is not None])
    rest = known_product([size for size in sizes if size not in (None, -1)])
    return None if not total or not rest or total % rest else total // rest


@operation("ravel")
def ravel(x: Operand, /) -> Operand:
    """One axis."""
    return like(x, [known_product(x.shape)])


@operation("batch_flatten")
def batch_flatten(x: Operand, /) -> Operand:
    """All axes but the batch axis become one."""
    return like(x, [x.shape[0], known_product(x.shape[1:])])


@operation("transpose")
def transpose(x: Operand, /, axes: Json = None) -> Operand:
    """Reversed if no order is given."""
    order = list(reversed(range(x.rank))) if axes is None else [axis % x.rank for axis in axes]
    return like(x, [x.shape[axis] for axis in order])


@operation("swapaxes")
def swapaxes(x: Operand, /, axis1: int, axis2: int) -> Operand:
    """Two axes change places."""
    shape = list(x.shape)
    shape[axis1], shape[axis2] = shape[axis2], shape[axis1]
    return like(x, shape)


def moved(rank: int, source: Json, destination: Json) -> list[int]:
    """Return the order of the axes after some of them have moved.

    Parameters
    ----------
    rank
        The number of axes.
    source, destination
        One axis or several: where they are, and where they go.

    Raises
    ------
    ValueError
        There is no such axis.
    """
    sources, targets = axes_of(source, rank), axes_of(destination, rank)
    order = [axis for axis in range(rank) if axis not in sources]
    for target, axis in sorted(zip(targets, sources, strict=True)):
        order.insert(target, axis)
    return order


@operation("moveaxis")
def moveaxis(x: Operand, /, source: Json, destination: Json) -> Operand:
    """The other axes keep their order."""
    return like(x, [x.shape[axis] for axis in moved(x.rank, source, destination)])


@operation("rot90")
def rot90(array: Operand, /, k: int = 1, axes: Json = (0, 1)) -> Operand:
    """A quarter turn, `k` times."""
    one, other = axes
    return swapaxes(array, one, other) if k % 2 else like(array, array.shape)


@operation("expand_dims")
def expand_dims(x: Operand, /, axis: Json) -> Operand:
    """New axes of size one; `axis` counts those of the result."""
    added = numbers(axis)
    rank = x.rank + len(added)
    places = axes_of(added, rank)
    sizes = iter(x.shape)
    return like(x, [1 if index in places else next(sizes) for index in range(rank)])


@operation("squeeze")
def squeeze(x: Operand, /, axis: Json = None) -> Operand:
    """Without axes of size one."""
    if axis is None:
        return like(x, [size for size in x.shape if size != 1])
    gone = axes_of(axis, x.rank)
    return like(x, [size for index, size in enumerate(x.shape) if index not in gone])


@operation("broadcast_to")
def broadcast_to(x: Operand, /, shape: Json) -> Operand:
    """Axes of size one are repeated."""
    if isinstance(shape, Operand):
        return like(x, unknown_sizes(shape))
    return like(x, [size if isinstance(size, int) and size >= 0 else None for size in shape])


@operation("flip", "fliplr", "flipud")
def flip(x: Operand, /, axis: Json = None) -> Operand:
    """In the opposite order."""
    return like(x, x.shape)


@operation("roll")
def roll(x: Operand, /, shift: Json, axis: Json = None) -> Operand:
    """Steps that leave the axis at one end come back at the other."""
    return like(x, x.shape)


@operation("tile")
def tile(x: Operand, /, repeats: Json) -> Operand:
    """Whole copies."""
    times = list(unknown_sizes(repeats)) if isinstance(repeats, Operand) else numbers(repeats)
    rank = max(len(times), x.rank)
    times = [1] * (rank - len(times)) + times
    shape = (1,) * (rank - x.rank) + x.shape
    return like(x, [_scaled(size, count) for size, count in zip(shape, times, strict=True)])


def _scaled(size: Size, count: Json) -> Size:
    return size * count if isinstance(count, int) and size is not None else None


@operation("repeat")
def repeat(x: Operand, /, repeats: Json, axis: int | None = None) -> Operand:
    """Each element several times; one number, or one for each step."""
    shape: Shape = (known_product(x.shape),) if axis is None else x.shape
    at = (axis or 0) % len(shape)
    size, times = shape[at], numbers(repeats)
    if size is None:
        return like(x, shape)
    count = size * times[0] if len(times) == 1 else sum(times)
    return like(x, [*shape[:at], count, *shape[at + 1 :]])


@operation("rearrange")
def rearrange(tensor: Operand, /, pattern: str, **lengths: int) -> Operand:
    """In the notation of einops."""
    return like(tensor, rearranged(tensor.shape, pattern, lengths).shape)


@operation("matrix_transpose")
def matrix_transpose(x: Operand, /, conjugate: Json = None) -> Operand:
    """The last two axes change places."""
    return Operand(shape=(*x.shape[:-2], x.shape[-1], x.shape[-2]), dtype=x.dtype)
