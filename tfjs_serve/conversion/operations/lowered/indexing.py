"""Functions that pick elements: Cropping2D and Concatenate, one axis after another."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.model.shapes import Size
from tfjs_serve.conversion.operations.lowering import Build, NotLoweredError, lowered
from tfjs_serve.conversion.operations.pieces import first, picked
from tfjs_serve.conversion.operations.specs.indexing import subscripts
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, known_sizes


@lowered("get_item")
def get_item(build: Build) -> Tensor:
    """Cropping2D and Concatenate along each axis, and Reshape for axes that are new or gone."""
    x = build.tensor("x")
    rank = len(x.shape)
    keys = subscripts(build.get("key"), rank)
    if not keys or not _is_full_slice(keys[0]):
        raise NotLoweredError("the batch is cut")
    sizes: list[Size] = []
    axis = 1
    for key in keys[1:]:
        if key is None:
            sizes.append(1)
            continue
        x = _cut(build.low, x, axis, key)
        if isinstance(key, dict):
            sizes.append(x.shape[axis])
        axis += 1
    if tuple(sizes) != x.shape[1:]:
        return build.low.reshape(x, sizes)
    return build.low.activation(x, "linear") if x in build.low.inputs else x


def _is_full_slice(key: object) -> bool:
    """Whether a subscript is ``:``."""
    parts = key.get("slice") if isinstance(key, dict) else None
    return parts in ([None, None, None], [None, None, 1])


def _is_first(key: object) -> bool:
    """Whether a subscript is ``0`` or ``:1``."""
    parts = key.get("slice") if isinstance(key, dict) else None
    return (type(key) is int and key == 0) or parts in ([None, 1, None], [0, 1, None], [0, 1, 1])


def _cut(low: Lowering, x: Tensor, axis: int, key: object) -> Tensor:
    size = x.shape[axis]
    if size is None and _is_first(key):
        return first(low, x, axis)
    if isinstance(key, int):
        (length,) = known_sizes([size])
        return _one_by_one(low, x, axis, [key % length])
    if not isinstance(key, dict) or "slice" not in key:
        raise NotLoweredError("an index is a tensor")
    if _is_full_slice(key):
        return x
    start, stop, step = key["slice"]
    if not all(part is None or isinstance(part, int) for part in (start, stop, step)):
        raise NotLoweredError("an index is a tensor")
    (length,) = known_sizes([size])
    return _one_by_one(low, x, axis, range(*slice(start, stop, step).indices(length)))


def _one_by_one(low: Lowering, x: Tensor, axis: int, steps: Sequence[int]) -> Tensor:
    return x if list(steps) == list(range(x.shape[axis] or 0)) else picked(low, x, axis, steps)


@lowered("take")
def take(build: Build) -> Tensor:
    """Cropping2D and Concatenate, for constant indices of one axis."""
    x, indices = build.tensor("x"), build.operand("indices")
    axis = build.axis("axis", len(x.shape))
    (size,) = known_sizes([x.shape[axis]])
    if indices.value is None or not indices.value.size:
        raise NotLoweredError("the indices are no constants")
    steps = [int(index) for index in indices.value.reshape(-1)]
    if any(not -size <= step < size for step in steps):
        raise NotLoweredError("an index lies outside")
    made = picked(build.low, x, axis, [step % size for step in steps])
    if indices.rank == 1:
        return made
    return build.low.reshape(made, (*x.shape[1:axis], *indices.shape, *x.shape[axis + 1 :]))


@lowered("slice")
def slice_(build: Build) -> Tensor:
    """Cropping2D along each axis, for constant starts."""
    x, starts = build.tensor("inputs"), build.operand("start_indices")
    if starts.value is None:
        raise NotLoweredError("the starts are no constants")
    lengths = build.get("shape")
    if int(starts.value[0]) != 0 or lengths[0] not in (-1, x.shape[0]):
        raise NotLoweredError("the batch is cut")
    for axis in range(1, len(x.shape)):
        start, length = int(starts.value[axis]), lengths[axis]
        if (start, length) == (0, -1):
            continue
        (size,) = known_sizes([x.shape[axis]])
        length = size - start if length == -1 else length
        begin = max(min(start, size - length), 0)
        x = _one_by_one(build.low, x, axis, range(begin, begin + length))
    return build.low.activation(x, "linear") if x in build.low.inputs else x
