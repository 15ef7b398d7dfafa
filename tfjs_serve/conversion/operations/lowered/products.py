"""Products: Dense with a constant kernel, Dot for batches of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tfjs_serve.conversion.layers.shared.attention_heads import MAXIMUM_HEADS
from tfjs_serve.conversion.model.shapes import Shape, known_product
from tfjs_serve.conversion.operations.equations import equation
from tfjs_serve.conversion.operations.lowering import (
    Build,
    NotLoweredError,
    array_of,
    lowered,
)
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.specs.products import batch_dot_axes, tensordot_axes
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, known_sizes


def _dot(low: Lowering, x1: Tensor, x2: Tensor, axes: tuple[int, int]) -> Tensor:
    """Return the product of two matrices in each sample."""
    if len(x1.shape) != 3 or len(x2.shape) != 3 or x1.shape[0] != x2.shape[0]:
        raise NotLoweredError("they are no batches of matrices")
    left, right = (
        [size for axis, size in enumerate(x.shape) if axis not in (0, gone)]
        for x, gone in ((x1, axes[0]), (x2, axes[1]))
    )
    shape: Shape = (x1.shape[0], *left, *right)
    return low.layer("Dot", {"axes": list(axes), "normalize": False}, x1, x2, shape=shape)


def _stacked(low: Lowering, x1: Tensor, x2: Tensor) -> Tensor:
    """Return the products of the matrices in two stacks, such as the heads of attention."""
    lead = x1.shape[1:-2]
    if len(x1.shape) < 4 or lead != x2.shape[1:-2] or x1.shape[0] != x2.shape[0]:
        raise NotLoweredError("they are no stacks of the same sizes")
    count = math.prod(known_sizes(lead))
    if not 0 < count <= MAXIMUM_HEADS:
        raise NotLoweredError("it takes too many layers")
    made = [
        _dot(low, left, right, (2, 1))
        for left, right in zip(_matrices(low, x1, count), _matrices(low, x2, count), strict=True)
    ]
    stacked = low.concatenate([low.reshape(x, (1, *x.shape[1:])) for x in made], 1)
    return low.reshape(stacked, (*lead, *made[0].shape[1:])) if len(lead) > 1 else stacked


def _matrices(low: Lowering, x: Tensor, count: int) -> list[Tensor]:
    matrix = x.shape[-2:]
    flat = low.reshape(x, (1, count, known_product(matrix)))
    return [low.reshape(low.cropped(flat, step, 1), matrix) for step in range(count)]


def _by_constant(build: Build, x: Operand, kernel: Operand) -> Tensor:
    if kernel.rank != 2 or x.rank < 2:
        raise NotLoweredError("the constant is no matrix")
    return build.low.dense(build.of(x), array_of(kernel))


@lowered("matmul")
def matmul(build: Build) -> Tensor:
    """Dot for matrices in each sample, or for small stacks; Dense if one is a constant matrix."""
    x1, x2 = build.operand("x1"), build.operand("x2")
    if x2.index is None:
        return _by_constant(build, x1, x2)
    if x1.index is None:
        return _before(build, x1, x2)
    return _product(build.low, build.of(x1), build.of(x2))


def _product(low: Lowering, x1: Tensor, x2: Tensor) -> Tensor:
    if len(x1.shape) == len(x2.shape) > 3:
        return _stacked(low, x1, x2)
    return _dot(low, x1, x2, (2, 1))


def _before(build: Build, constant: Operand, x: Operand) -> Tensor:
    if constant.rank != 2 or x.rank != 3:
        raise NotLoweredError("the constant is no matrix")
    low = build.low
    turned = low.permute(build.of(x), [0, 2, 1])
    return low.permute(low.dense(turned, array_of(constant).T), [0, 2, 1])


@lowered("batch_matmul")
def batch_matmul(build: Build) -> Tensor:
    """Dot for matrices in each sample, or for small stacks; Dense if the second is constant."""
    x1, x2 = build.operand("x1"), build.operand("x2")
    if x2.index is None:
        if build.get("transpose_a") or x2.rank != 2:
            raise NotLoweredError("the constant is no matrix")
        kernel = array_of(x2)
        return build.low.dense(build.of(x1), kernel.T if build.get("transpose_b") else kernel)
    if x1.rank > 3:
        turned = [
            _turned(build.low, build.of(x)) if build.get(f"transpose_{name}") else build.of(x)
            for name, x in (("a", x1), ("b", x2))
        ]
        return _product(build.low, *turned)
    axes = (1 if build.get("transpose_a") else 2, 2 if build.get("transpose_b") else 1)
    return _dot(build.low, build.of(x1), build.of(x2), axes)


def _turned(low: Lowering, x: Tensor) -> Tensor:
    last = len(x.shape) - 1
    return low.permute(x, [*range(last - 1), last, last - 1])


@lowered("batch_dot")
def batch_dot(build: Build) -> Tensor:
    """Dot, for two or three axes."""
    x1, x2 = build.tensor("x1"), build.tensor("x2")
    ranks = (len(x1.shape), len(x2.shape))
    axes = batch_dot_axes(*ranks, build.get("axes"))
    if 0 in axes or ranks not in ((2, 2), (3, 3)):
        raise NotLoweredError("TF.js's Dot takes two or three axes")
    if ranks == (3, 3):
        return _dot(build.low, x1, x2, axes)
    config = {"axes": list(axes), "normalize": False}
    return build.low.layer("Dot", config, x1, x2, shape=(x1.shape[0], 1))


@lowered("dot", "tensordot")
def dot(build: Build) -> Tensor:
    """Dense, if the second is a constant and the last axis of the first is summed."""
    x1, x2 = build.operand("x1"), build.operand("x2")
    if x2.value is None:
        raise NotLoweredError("the second one is no constant")
    if build.call.name == "dot":
        return _by_constant(build, x1, x2)
    one, other = tensordot_axes(x1.rank, build.get("axes"))
    if [axis % x1.rank for axis in one] != [x1.rank - 1] or x1.rank < 2:
        raise NotLoweredError("other axes than the last are summed")
    kernel = np.moveaxis(array_of(x2), other[0], 0)
    made = build.low.dense(build.of(x1), kernel.reshape(len(kernel), -1))
    if kernel.ndim == 2:
        return made
    return build.low.reshape(made, (*made.shape[1:-1], *kernel.shape[1:]))


@lowered("einsum")
def einsum(build: Build) -> Tensor:
    """Dot for two tensors with one summed axis; Dense if the second is a constant matrix."""
    operands = build.call.operands("operands")
    if len(operands) != 2:
        raise NotLoweredError("there are not two of them")
    found = equation(build.get("subscripts"), [operand.rank for operand in operands])
    one, other = found.operands
    if len(set(one)) < len(one) or len(set(other)) < len(other):
        raise NotLoweredError("it takes a diagonal")
    if operands[1].index is None:
        return _constant_behind(build, operands, found.operands, found.result)
    return _batches(build, operands, found.operands, found.result)


def _constant_behind(
    build: Build, operands: list[Operand], letters: tuple[str, ...], result: str
) -> Tensor:
    one, other = letters
    if len(other) != 2 or other[0] != one[-1] or result != one[:-1] + other[1] or len(one) < 2:
        raise NotLoweredError("the last axis is not multiplied by a matrix")
    return _by_constant(build, *operands)


def _batches(
    build: Build, operands: list[Operand], letters: tuple[str, ...], result: str
) -> Tensor:
    one, other = letters
    shared = [letter for letter in one if letter in other]
    if (len(one), len(other), len(result), len(shared)) == (4, 4, 4, 3):
        return _stacks(build, operands, letters, result)
    if len(one) != 3 or len(other) != 3 or len(result) != 3 or len(shared) != 2:
        raise NotLoweredError("they are no batches of matrices")
    batch, inner = shared
    if not one[0] == other[0] == result[0] == batch or inner in result:
        raise NotLoweredError("the batch moves")
    made = _dot(
        build.low,
        build.of(operands[0]),
        build.of(operands[1]),
        (one.index(inner), other.index(inner)),
    )
    rest = [letter for letter in one + other if letter not in shared]
    return made if [*result[1:]] == rest else build.low.permute(made, [0, 2, 1])


def _stacks(build: Build, operands: list[Operand], letters: tuple[str, ...], result: str) -> Tensor:
    """Return the products of the matrices in two stacks, whatever the order of the axes."""
    one, other = letters
    shared = [letter for letter in one if letter in other]
    stack = [letter for letter in shared[1:] if letter in result]
    inner = [letter for letter in shared[1:] if letter not in result]
    if not one[0] == other[0] == result[0] or len(stack) != 1:
        raise NotLoweredError("the batch moves, or it is no stack of matrices")
    (left,), (right,) = ([letter for letter in each if letter not in shared] for each in letters)
    head = [one[0], *stack]
    x1 = _ordered(build.low, build.of(operands[0]), one, [*head, left, *inner])
    x2 = _ordered(build.low, build.of(operands[1]), other, [*head, *inner, right])
    return _ordered(build.low, _stacked(build.low, x1, x2), [*head, left, right], list(result))


def _ordered(low: Lowering, x: Tensor, letters: Sequence[str], wanted: Sequence[str]) -> Tensor:
    order = [letters.index(letter) for letter in wanted]
    return x if order == sorted(order) else low.permute(x, order)
