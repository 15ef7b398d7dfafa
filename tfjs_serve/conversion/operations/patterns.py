"""Patterns of ``rearrange`` (``keras/src/ops/einops.py``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tfjs_serve.conversion.model.shapes import Shape, Size, known_product


@dataclass(frozen=True, slots=True, kw_only=True)
class Rearrangement:
    """Three steps: split axes, reorder them, join them.

    Attributes
    ----------
    split
        The sizes into which each axis is split; one of them may be unknown.
    order
        The order into which the axes are brought after that.
    groups
        How many axes are joined into each axis of the result.
    shape
        The shape of the result.
    """

    split: tuple[Shape, ...]
    order: tuple[int, ...]
    groups: tuple[int, ...]
    shape: Shape


def rearranged(shape: Shape, pattern: str, lengths: Mapping[str, int]) -> Rearrangement:
    """Return what a pattern does to a tensor.

    Parameters
    ----------
    shape
        With the batch axis.
    pattern
        Such as ``"b (h k) c -> b k (h c)"``.
    lengths
        Sizes of axes that the shape does not tell, by name.

    Raises
    ------
    KeyError
        The right side has an axis that the left side lacks.
    ValueError
        The left side has more or fewer axes than the tensor, or there is no ``->``.
    """
    before, after = (_groups(side) for side in pattern.split("->"))
    sizes: dict[str, Size] = dict(lengths)
    for group, size in zip(before, shape, strict=True):
        _infer(group, size, sizes)
    axes = [axis for group in before for axis in group]
    return Rearrangement(
        split=tuple(tuple(sizes[axis] for axis in group) for group in before),
        order=tuple(axes.index(axis) for group in after for axis in group),
        groups=tuple(map(len, after)),
        shape=tuple(known_product([sizes[axis] for axis in group]) for group in after),
    )


def _groups(side: str) -> list[list[str]]:
    return [re.findall(r"\w+", group) for group in re.findall(r"\w+|\(.*?\)", side)]


def _infer(group: list[str], size: Size, sizes: dict[str, Size]) -> None:
    open_axes = [axis for axis in group if axis not in sizes]
    known = known_product([sizes[axis] for axis in group if axis in sizes])
    for axis in open_axes:
        sizes[axis] = None if size is None or not known else size // known
