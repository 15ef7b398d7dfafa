"""Functions that move elements: Reshape, Permute, Cropping2D, Concatenate."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.conversion.model.shapes import Shape, known_product
from tfjs_serve.conversion.operations.lowering import Build, NotLoweredError, lowered
from tfjs_serve.conversion.operations.patterns import rearranged
from tfjs_serve.conversion.operations.pieces import picked, repeated
from tfjs_serve.conversion.operations.shapes import axes_of, numbers
from tfjs_serve.conversion.operations.specs.shaping import moved
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor


def _permuted(low: Lowering, x: Tensor, order: Sequence[int]) -> Tensor:
    if order[0] != 0:
        raise NotLoweredError("the batch axis moves")
    if list(order) == sorted(order):
        return low.activation(x, "linear")
    return low.permute(x, order)


@lowered("reshape")
def reshape(build: Build) -> Tensor:
    """Reshape, if the batch axis stays."""
    x = build.tensor("x")
    sizes = numbers(build.get("newshape"))
    if not all(isinstance(size, int) or size is None for size in sizes):
        raise NotLoweredError("a size is a tensor")
    return build.low.reshape(x, _behind_batch(x.shape, sizes))


def _behind_batch(shape: Shape, sizes: Sequence[int | None]) -> list[int | None]:
    """Return the new sizes without that of the batch, which must stay what it is."""
    if not sizes:
        raise NotLoweredError("the batch goes")
    first, rest = sizes[0], list(sizes[1:])
    total = known_product(shape[1:])
    if first not in (-1, None):
        if first != shape[0]:
            raise NotLoweredError("the batch gets another size")
    elif total is None or known_product([None if size == -1 else size for size in rest]) != total:
        raise NotLoweredError("the batch may get another size")
    return rest


@lowered("batch_flatten")
def batch_flatten(build: Build) -> Tensor:
    """Reshape."""
    x = build.tensor("x")
    return build.low.reshape(x, [known_product(x.shape[1:])])


@lowered("transpose")
def transpose(build: Build) -> Tensor:
    """Permute."""
    x = build.tensor("x")
    axes = build.get("axes")
    if axes is None:
        raise NotLoweredError("the batch axis moves")
    return _permuted(build.low, x, axes_of(axes, len(x.shape)))


@lowered("swapaxes")
def swapaxes(build: Build) -> Tensor:
    """Permute."""
    x = build.tensor("x")
    order = list(range(len(x.shape)))
    one, other = axes_of([build.get("axis1"), build.get("axis2")], len(order))
    order[one], order[other] = order[other], order[one]
    return _permuted(build.low, x, order)


@lowered("matrix_transpose")
def matrix_transpose(build: Build) -> Tensor:
    """Permute."""
    x = build.tensor("x")
    axes = list(range(len(x.shape)))
    return _permuted(build.low, x, [*axes[:-2], axes[-1], axes[-2]])


@lowered("moveaxis")
def moveaxis(build: Build) -> Tensor:
    """Permute."""
    x = build.tensor("x")
    order = moved(len(x.shape), build.get("source"), build.get("destination"))
    return _permuted(build.low, x, order)


@lowered("expand_dims")
def expand_dims(build: Build) -> Tensor:
    """Reshape."""
    x = build.tensor("x")
    added = numbers(build.get("axis"))
    rank = len(x.shape) + len(added)
    places = axes_of(added, rank)
    if 0 in places:
        raise NotLoweredError("the batch axis moves")
    sizes = iter(x.shape[1:])
    target = [1 if axis in places else next(sizes) for axis in range(1, rank)]
    return build.low.reshape(x, target)


@lowered("squeeze")
def squeeze(build: Build) -> Tensor:
    """Reshape."""
    x = build.tensor("x")
    axis = build.get("axis")
    if axis is None:
        if x.shape[0] == 1 or None in x.shape[1:]:
            raise NotLoweredError("it depends on sizes that are not known")
        gone = [index for index, size in enumerate(x.shape) if size == 1]
    else:
        gone = build.axes("axis", len(x.shape))
    target = [size for index, size in enumerate(x.shape) if index and index not in gone]
    return build.low.reshape(x, target)


@lowered("flip")
def flip(build: Build) -> Tensor:
    """Cropping2D and Concatenate, in the opposite order."""
    x = build.tensor("x")
    for axis in build.axes("axis", len(x.shape)):
        size = x.shape[axis]
        if size is None:
            raise NotLoweredError("a size is not known")
        x = picked(build.low, x, axis, range(size - 1, -1, -1))
    return x


@lowered("roll")
def roll(build: Build) -> Tensor:
    """Cropping2D and Concatenate, the end before the start."""
    x = build.tensor("x")
    shifts, axes = numbers(build.get("shift")), build.axes("axis", len(x.shape))
    for shift, axis in zip(shifts, axes, strict=True):
        size = x.shape[axis]
        if size is None:
            raise NotLoweredError("a size is not known")
        x = picked(build.low, x, axis, [(step - shift) % size for step in range(size)])
    return x


@lowered("tile")
def tile(build: Build) -> Tensor:
    """Concatenate with itself."""
    x = build.tensor("x")
    times = numbers(build.get("repeats"))
    times = [1] * (len(x.shape) - len(times)) + times
    if len(times) != len(x.shape) or times[0] != 1 or not all(type(n) is int for n in times):
        raise NotLoweredError("the batch is repeated, or a number is not known")
    for axis, count in enumerate(times):
        if count > 1:
            x = repeated(build.low, x, axis, count)
        elif count < 1:
            raise NotLoweredError("nothing is left")
    return build.low.activation(x, "linear") if x in build.low.inputs else x


@lowered("repeat")
def repeat(build: Build) -> Tensor:
    """Cropping2D and Concatenate, each step several times."""
    x = build.tensor("x")
    axis = build.axis("axis", len(x.shape))
    size, times = x.shape[axis], numbers(build.get("repeats"))
    if size is None:
        raise NotLoweredError("a size is not known")
    counts = times * size if len(times) == 1 else times
    steps = [step for step, count in enumerate(counts) for _ in range(count)]
    return picked(build.low, x, axis, steps)


@lowered("broadcast_to")
def broadcast_to(build: Build) -> Tensor:
    """UpSampling2D of axes of size one."""
    x = build.tensor("x")
    sizes = numbers(build.get("shape"))
    if len(sizes) != len(x.shape) or sizes[0] not in (x.shape[0], -1):
        raise NotLoweredError("the batch is repeated")
    for axis, (size, wanted) in enumerate(zip(x.shape, sizes, strict=True)):
        if axis and wanted not in (size, -1):
            if size != 1 or not isinstance(wanted, int):
                raise NotLoweredError("a size is not known")
            x = repeated(build.low, x, axis, wanted)
    return build.low.activation(x, "linear") if x in build.low.inputs else x


@lowered("rearrange")
def rearrange(build: Build) -> Tensor:
    """Reshape, Permute, Reshape, if the batch axis stays."""
    x = build.tensor("tensor")
    given = build.call.arguments
    lengths = {key: item for key, item in given.items() if key not in ("tensor", "pattern")}
    found = rearranged(x.shape, build.get("pattern"), lengths)
    if len(found.split[0]) != 1 or found.order[0] != 0 or found.groups[0] != 1:
        raise NotLoweredError("the batch is split or joined")
    flat = [size for group in found.split for size in group]
    split = build.low.reshape(x, flat[1:])
    turned = _permuted(build.low, split, found.order)
    return build.low.reshape(turned, found.shape[1:])
