"""Weights computed from saved ones: one tensor at a time, when it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.layers_model.model import ArraySource, TensorSource

Array = npt.NDArray[Any]

_FLOAT = "float32"


def values(source: TensorSource) -> Array:
    """Return the whole tensor; bfloat16 arrives as float32."""
    blocks = list(source.blocks(1 << 24))
    flat = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    return flat.reshape(source.shape)


@dataclass(frozen=True, slots=True)
class _Reshaped:
    source: TensorSource
    shape: tuple[int, ...]

    @property
    def dtype(self) -> str:
        return self.source.dtype

    def blocks(self, max_bytes: int) -> Iterator[Array]:
        return self.source.blocks(max_bytes)


def reshaped_source(source: TensorSource, shape: Sequence[int]) -> TensorSource:
    """Return the same values with another shape of as many elements; streams."""
    if int(np.prod(source.shape)) != int(np.prod(tuple(shape))):
        raise ValueError(f"{source.shape} cannot become {tuple(shape)}")
    return _Reshaped(source, tuple(shape))


@dataclass(frozen=True, slots=True)
class _Computed:
    compute: Callable[..., Array]
    sources: tuple[TensorSource, ...]
    shape: tuple[int, ...]
    dtype: str = _FLOAT

    def blocks(self, max_bytes: int) -> Iterator[Array]:
        result = np.asarray(self.compute(*map(values, self.sources)), dtype=self.dtype)
        if result.shape != self.shape:
            raise ValueError(f"{result.shape} was computed instead of {self.shape}")
        return ArraySource(result).blocks(max_bytes)


def computed_source(
    compute: Callable[..., Array], *sources: TensorSource, shape: Sequence[int]
) -> TensorSource:
    """Return a float32 tensor of the given shape that `compute` makes of other tensors.

    Parameters
    ----------
    compute
        Takes the arrays of `sources`; called each time the values are read.
    """
    return _Computed(compute, sources, tuple(shape))


def constant(array: npt.ArrayLike) -> TensorSource:
    """Return a float32 tensor of values that are known already."""
    return ArraySource(np.asarray(array, np.float32))
