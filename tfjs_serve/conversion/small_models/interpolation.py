"""Resizing as matrices: the share of each input pixel in each output pixel, along one axis.

Keras samples at the centres of pixels. At the edges, the pixels inside the image share the whole
weight. ``compute_weight_mat`` in JAX and in ``keras/src/backend/numpy/image.py``, and
``ComputeSpansCore`` in TensorFlow's ``scale_and_translate_op.cc``, do the same. For three of the
methods TensorFlow has separate operations, which Keras 2 uses.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tfjs_serve.conversion.model.sources import Array

METHODS = (
    *("nearest", "bilinear", "bicubic", "area"),
    *("lanczos3", "lanczos5", "gaussian", "mitchellcubic"),
)
"""Keras 3 does not have the last two."""
_TABLE_SIZE = 1024
_MITCHELL = 1 / 3
_GAUSSIAN_RADIUS, _GAUSSIAN_SIGMA = 1.5, 0.5


def resizing_matrix(
    method: str, size: int, target: int, *, antialias: bool = False, generation: int = 3
) -> Array:
    """Return the float64 matrix of shape ``(size, target)`` that resizes one axis.

    Parameters
    ----------
    method
        One of :data:`METHODS`.
    size, target
        Sizes of the axis before and after.
    antialias
        Whether a pixel of a smaller image is made of all the pixels that it covers.
    generation
        Generation of Keras. Before 3, indices and cubic weights are rounded as in TensorFlow.

    Raises
    ------
    ValueError
        The method is not known.
    """
    if method == "nearest":
        return _nearest(size, target, generation)
    if method == "area":
        return _area(size, target)
    if method == "bicubic" and generation < 3 and not antialias:
        return _tabulated_cubic(size, target)
    if method not in _KERNELS:
        raise ValueError(f"there is no interpolation {method!r}")
    centers = _rounded_centers(size, target) if generation < 3 else _centers(size, target)
    return _sampled(_KERNELS[method], centers, size, size / target if antialias else 1.0)


def _centers(size: int, target: int) -> Array:
    return (np.arange(target) + 0.5) * (size / target) - 0.5


def _rounded_centers(size: int, target: int) -> Array:
    """TensorFlow computes in float32, which makes a difference from hundreds of pixels on."""
    half = np.float32(0.5)
    scale = np.float32(size) / np.float32(target)
    return np.asarray((np.arange(target, dtype=np.float32) + half) * scale - half)


def _sampled(kernel: Callable[[Array], Array], centers: Array, size: int, ratio: float) -> Array:
    distance = np.abs(centers.astype(np.float64)[None, :] - np.arange(size)[:, None])
    weights = kernel(distance / max(ratio, 1.0))
    total = weights.sum(axis=0, keepdims=True)
    normal = np.abs(total) > 1000 * np.finfo(np.float32).eps
    return np.where(normal, weights / np.where(normal, total, 1.0), 0.0)


def _nearest(size: int, target: int, generation: int) -> Array:
    if generation < 3:
        scale = np.float32(size) / np.float32(target)
        indices = np.floor((np.arange(target, dtype=np.float32) + np.float32(0.5)) * scale)
    else:
        indices = np.floor((np.arange(target) + 0.5) * size / target)
    chosen = np.minimum(indices, size - 1).astype(int)
    return np.asarray(np.arange(size)[:, None] == chosen[None, :], np.float64)


def _area(size: int, target: int) -> Array:
    """``resize_area_op.cc``: the weight is the part of the output pixel that is covered."""
    scale = size / target
    start, pixel = np.arange(target)[None, :] * scale, np.arange(size)[:, None]
    overlap = np.minimum(start + scale, pixel + 1) - np.maximum(start, pixel)
    return np.asarray(np.maximum(overlap, 0.0) / scale)


def _tabulated_cubic(size: int, target: int) -> Array:
    """``resize_bicubic_op.cc``: distances are rounded to one of 1,024 steps."""
    centers = _rounded_centers(size, target)
    before = np.floor(centers)
    steps = np.rint((centers - before) * np.float32(_TABLE_SIZE)) / _TABLE_SIZE
    rounded = before.astype(np.float64) + steps
    weights = _cubic(np.abs(rounded[None, :] - np.arange(size)[:, None]))
    return np.asarray(weights / weights.sum(axis=0, keepdims=True))


def _triangle(x: Array) -> Array:
    return np.maximum(0.0, 1.0 - x)


def _cubic(x: Array) -> Array:
    """Keys's kernel with a = -0.5."""
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _mitchell(x: Array) -> Array:
    b = c = _MITCHELL
    near = ((12 - 9 * b - 6 * c) * x + (-18 + 12 * b + 6 * c)) * x * x + (6 - 2 * b)
    far = (((-b - 6 * c) * x + (6 * b + 30 * c)) * x + (-12 * b - 48 * c)) * x + (8 * b + 24 * c)
    return np.where(x < 1, near, np.where(x < 2, far, 0.0)) / 6


def _gaussian(x: Array) -> Array:
    inside = x < _GAUSSIAN_RADIUS
    return np.where(inside, np.exp(-0.5 * (x / _GAUSSIAN_SIGMA) ** 2), 0.0)


def _lanczos(radius: float) -> Callable[[Array], Array]:
    def kernel(x: Array) -> Array:
        y = np.where(x > 1e-3, x, 1.0)
        product = np.sin(math.pi * y) * np.sin(math.pi * y / radius)
        shape = radius * product / (math.pi * y) ** 2
        return np.where(x > radius, 0.0, np.where(x > 1e-3, shape, 1.0))

    return kernel


_KERNELS: dict[str, Callable[[Array], Array]] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
    "gaussian": _gaussian,
    "mitchellcubic": _mitchell,
}
