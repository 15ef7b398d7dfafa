"""Padding (``keras/src/ops/numpy.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import like, numbers
from tfjs_serve.conversion.operations.signatures import operation


@operation("pad")
def pad(
    x: Operand,
    constant_values: Operand | None = None,
    /,
    pad_width: Json = 0,
    mode: str = "constant",
) -> Operand:
    """See `pad_pairs` for `pad_width`."""
    widths = pad_pairs(pad_width, x.rank)
    sizes = zip(x.shape, widths, strict=True)
    return like(x, [None if size is None else size + sum(pair) for size, pair in sizes])


def pad_pairs(pad_width: Json, rank: int) -> list[list[int]]:
    """Return the numbers of elements before and after each axis.

    Parameters
    ----------
    pad_width
        A pair for each axis or one for all; a number stands for a pair of it.
    rank
        The number of axes.
    """
    widths = numbers(pad_width)
    if isinstance(widths[0], int):
        widths = [widths * 2 if len(widths) == 1 else widths]
    pairs = [list(width) * 2 if len(width) == 1 else list(width) for width in widths]
    return pairs * rank if len(pairs) == 1 else pairs
