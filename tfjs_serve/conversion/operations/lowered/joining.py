"""Functions that join tensors or take them apart: Concatenate, Cropping2D."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.model.shapes import Size
from tfjs_serve.conversion.operations.lowering import (
    Build,
    NotLoweredError,
    counted,
    lowered,
)
from tfjs_serve.conversion.operations.pieces import picked
from tfjs_serve.conversion.operations.specs.joining import section_lengths
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, known_sizes


def _tensors(build: Build) -> list[Tensor]:
    return build.mergeable(build.call.operands("xs"))


def _joined(low: Lowering, tensors: Sequence[Tensor], axis: int) -> Tensor:
    if len(tensors) == 1:
        return low.activation(tensors[0], "linear")
    return low.concatenate(tensors, axis)


@lowered("concatenate")
def concatenate(build: Build) -> Tensor:
    """Concatenate."""
    tensors = _tensors(build)
    return _joined(build.low, tensors, build.axis("axis", len(tensors[0].shape)))


@lowered("append")
def append(build: Build) -> Tensor:
    """Concatenate."""
    tensors = build.mergeable([build.operand("x1"), build.operand("x2")])
    return _joined(build.low, tensors, build.axis("axis", len(tensors[0].shape)))


@lowered("hstack", "dstack")
def along_axis(build: Build) -> Tensor:
    """Concatenate."""
    tensors = _tensors(build)
    axis = 1 if build.call.name == "hstack" else 2
    return _joined(build.low, tensors, counted(axis, len(tensors[0].shape)))


@lowered("stack")
def stack(build: Build) -> Tensor:
    """Reshape of each, then Concatenate."""
    low, tensors = build.low, _tensors(build)
    shape = tensors[0].shape
    axis = build.axis("axis", len(shape) + 1)
    wide = [low.reshape(x, (*x.shape[1:axis], 1, *x.shape[axis:])) for x in tensors]
    return wide[0] if len(wide) == 1 else low.concatenate(wide, axis)


def _parts(build: Build, x: Tensor, axis: int, lengths: Sequence[Size]) -> list[Tensor]:
    parts, start = [], 0
    for length in known_sizes(lengths):
        parts.append(picked(build.low, x, axis, range(start, start + length)))
        start += length
    return parts


@lowered("split", "array_split")
def split(build: Build) -> list[Tensor]:
    """Cropping2D for each part."""
    x = build.tensor("x")
    axis = build.axis("axis", len(x.shape))
    uneven = build.call.name == "array_split"
    lengths = section_lengths(x.shape[axis], build.get("indices_or_sections"), uneven=uneven)
    if sum(known_sizes(lengths)) != x.shape[axis]:
        raise NotLoweredError("the parts overlap")
    return _parts(build, x, axis, lengths)


@lowered("split_lengths")
def split_lengths(build: Build) -> list[Tensor]:
    """Cropping2D for each part."""
    x = build.tensor("x")
    axis = build.axis("axis", len(x.shape))
    lengths = build.get("lengths")
    if -1 in lengths:
        (size,) = known_sizes([x.shape[axis]])
        left = size - sum(length for length in lengths if length != -1)
        lengths = [left if length == -1 else length for length in lengths]
    return _parts(build, x, axis, lengths)


@lowered("unstack")
def unstack(build: Build) -> list[Tensor]:
    """Cropping2D and Reshape for each part."""
    low, x = build.low, build.tensor("x")
    axis = build.axis("axis", len(x.shape))
    (size,) = known_sizes([x.shape[axis]])
    rest = (*x.shape[1:axis], *x.shape[axis + 1 :])
    return [low.reshape(picked(low, x, axis, [step]), rest) for step in range(size)]
