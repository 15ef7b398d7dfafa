"""Functions that join tensors or take them apart (``keras/src/ops/numpy.py``)."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.model.bounds import MAXIMUM_LAYERS
from tfjs_serve.conversion.model.dtypes import result_type
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, Size, known_product
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import like
from tfjs_serve.conversion.operations.signatures import operation


def _dtype(xs: Sequence[Operand]) -> str:
    return result_type(*(x.dtype for x in xs))


def joined(shapes: Sequence[Shape], axis: int) -> Shape:
    """Return the shape of a concatenation; a size is known if it is known of one input."""
    at = axis % len(shapes[0])
    sizes: list[Size] = []
    for index, column in enumerate(zip(*shapes, strict=True)):
        known = [size for size in column if size is not None]
        if index == at:
            sizes.append(sum(known) if len(known) == len(column) else None)
        else:
            sizes.append(known[0] if known else None)
    return tuple(sizes)


@operation("concatenate")
def concatenate(xs: list[Operand], /, axis: int = 0) -> Operand:
    """Equal sizes on all other axes."""
    return Operand(shape=joined([x.shape for x in xs], axis), dtype=_dtype(xs))


@operation("stack")
def stack(xs: list[Operand], /, axis: int = 0) -> Operand:
    """Along a new axis."""
    shape = xs[0].shape
    at = axis % (len(shape) + 1)
    return Operand(shape=(*shape[:at], len(xs), *shape[at:]), dtype=_dtype(xs))


@operation("hstack")
def hstack(xs: list[Operand], /) -> Operand:
    """Along the second axis, or the only one."""
    shapes = [x.shape or (1,) for x in xs]
    axis = 0 if len(shapes[0]) == 1 else 1
    return Operand(shape=joined(shapes, axis), dtype=_dtype(xs))


@operation("vstack")
def vstack(xs: list[Operand], /) -> Operand:
    """Along the first of at least two axes."""
    shapes = [(1,) * (2 - x.rank) + x.shape for x in xs]
    return Operand(shape=joined(shapes, 0), dtype=_dtype(xs))


@operation("dstack")
def dstack(xs: list[Operand], /) -> Operand:
    """Along the third of at least three axes."""
    shapes = [_deep(x.shape) for x in xs]
    return Operand(shape=joined(shapes, 2), dtype=_dtype(xs))


def _deep(shape: Shape) -> Shape:
    if len(shape) < 2:
        return (1, *(shape or (1,)), 1)
    return shape if len(shape) > 2 else (*shape, 1)


@operation("append")
def append(x1: Operand, x2: Operand, /, axis: int | None = None) -> Operand:
    """Along one axis, or of the flattened tensors if `axis` is ``None``."""
    xs = [x1, x2]
    shapes: list[Shape] = [x.shape for x in xs]
    if axis is None:
        shapes = [(known_product(shape),) for shape in shapes]
    return Operand(shape=joined(shapes, axis or 0), dtype=_dtype(xs))


def section_lengths(size: Size, sections: Json, *, uneven: bool = False) -> list[Size]:
    """Return the sizes of the parts into which an axis is split.

    Parameters
    ----------
    size
        Of the axis.
    sections
        The number of equal parts, or the indices at which the axis is cut.
    uneven
        Whether the first parts may be longer by one.

    Raises
    ------
    ValueError
        The parts are not equal, or too many.
    """
    if isinstance(sections, int):
        if not 0 < sections <= MAXIMUM_LAYERS:
            raise ValueError(f"{sections} parts")
        if size is None:
            return [None] * sections
        short, longer = divmod(size, sections)
        if longer and not uneven:
            raise ValueError(f"{size} cannot be split into {sections} equal parts")
        return [*[short + 1] * longer, *[short] * (sections - longer)]
    if size is None:
        return [None] * (len(sections) + 1)
    cuts = [min(cut if cut >= 0 else max(cut + size, 0), size) for cut in sections]
    ends = [*cuts, size]
    return [max(end - start, 0) for start, end in zip([0, *cuts], ends, strict=True)]


def _parts(x: Operand, sections: Json, axis: int, *, uneven: bool = False) -> tuple[Operand, ...]:
    at = axis % x.rank
    lengths = section_lengths(x.shape[at], sections, uneven=uneven)
    return tuple(like(x, [*x.shape[:at], size, *x.shape[at + 1 :]]) for size in lengths)


@operation("split")
def split(x: Operand, /, indices_or_sections: Json, axis: int = 0) -> tuple[Operand, ...]:
    """Equal parts, or cuts at indices."""
    return _parts(x, indices_or_sections, axis)


@operation("split_lengths")
def split_lengths(x: Operand, /, lengths: Json, axis: int = 0) -> tuple[Operand, ...]:
    """Parts of given lengths, one of which may be -1 (``tf.split``)."""
    at = axis % x.rank
    rest, size = sum(length for length in lengths if length != -1), x.shape[at]
    left = None if size is None else size - rest
    sizes = [left if length == -1 else length for length in lengths]
    return tuple(like(x, [*x.shape[:at], size, *x.shape[at + 1 :]]) for size in sizes)


@operation("array_split")
def array_split(x: Operand, /, indices_or_sections: Json, axis: int = 0) -> tuple[Operand, ...]:
    """The first parts may be longer by one."""
    return _parts(x, indices_or_sections, axis, uneven=True)


@operation("hsplit")
def hsplit(x: Operand, /, indices_or_sections: Json) -> tuple[Operand, ...]:
    """Along the second axis, or the only one."""
    return _parts(x, indices_or_sections, 0 if x.rank == 1 else 1)


@operation("vsplit")
def vsplit(x: Operand, /, indices_or_sections: Json) -> tuple[Operand, ...]:
    """Along the first axis."""
    return _parts(x, indices_or_sections, 0)


@operation("dsplit")
def dsplit(x: Operand, /, indices_or_sections: Json) -> tuple[Operand, ...]:
    """Along the third axis."""
    return _parts(x, indices_or_sections, 2)


@operation("unstack")
def unstack(x: Operand, /, num: int | None = None, axis: int = 0) -> tuple[Operand, ...]:
    """One part for each step of the axis, without the axis."""
    at = axis % x.rank
    count = x.shape[at] if num is None else num
    if count is None:
        raise ValueError("the number of outputs is not known")
    return (like(x, [*x.shape[:at], *x.shape[at + 1 :]]),) * count


@operation("meshgrid")
def meshgrid(*x: Operand, indexing: str = "xy") -> tuple[Operand, ...]:
    """One axis for each input; the first two change places if `indexing` is ``"xy"``."""
    sizes = [known_product(item.shape) for item in x]
    if indexing == "xy" and len(sizes) > 1:
        sizes[:2] = sizes[1], sizes[0]
    return tuple(like(item, sizes) for item in x)
