"""Weights that are computed from saved ones, one tensor at a time, when they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.conversion.model.bounds import MAXIMUM_NUMBERS
from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files import WeightRef
from tfjs_serve.layers_model.model import ArraySource, LayersWeight, TensorSource

Array = npt.NDArray[Any]

Weights = Mapping[str, TensorSource]
"""Weights of one layer by variable name."""

LayerWeights = Mapping[str, Weights]
"""From a layer's path to its weights by variable name."""

_FLOAT = "float32"
_MOST_TIMES = 16
"""Above `MAXIMUM_NUMBERS`, a weight has at most this many times the numbers it is made of."""


def values(source: TensorSource) -> Array:
    """Return the whole tensor. A bfloat16 one arrives as float32."""
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
    """Return the same values in another shape; they are still read block by block.

    Raises
    ------
    ValueError
        The shape has another number of elements, or a negative size.
    """
    if math.prod(source.shape) != math.prod(shape) or min(shape, default=0) < 0:
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
    """Return a float32 tensor that is computed from other tensors.

    Parameters
    ----------
    compute
        Gets the arrays of `sources` and returns an array of `shape`. It is called each time the
        values are read; reading raises a ``ValueError`` if the array has another shape.
    sources
        The tensors to compute from.
    shape
        Shape of the result.

    Raises
    ------
    ValueError
        The shape has a negative size, or is absurdly large for these sources.
    """
    count, saved = math.prod(shape), sum(math.prod(source.shape) for source in sources)
    if min(shape, default=0) < 0 or count > max(MAXIMUM_NUMBERS, _MOST_TIMES * saved):
        raise ValueError(f"a weight of shape {tuple(shape)} would be made of {saved} numbers")
    return _Computed(compute, sources, tuple(shape))


@dataclass(frozen=True, slots=True)
class _Named:
    source: TensorSource
    weight_name: str
    display_name: str

    @property
    def shape(self) -> tuple[int, ...]:
        return self.source.shape

    @property
    def dtype(self) -> str:
        return self.source.dtype

    def blocks(self, max_bytes: int) -> Iterator[Array]:
        try:
            yield from self.source.blocks(max_bytes)
        except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
            raise KerasFileError(
                f"{self.display_name}: the weight {self.weight_name!r} cannot be computed from "
                f"what is saved ({error})",
                hint="the file is damaged or was not written by Keras; save the model again",
            ) from error


def with_named_errors(weight: LayersWeight, display_name: str) -> LayersWeight:
    """Return the weight with errors that name it and its file.

    A weight is computed when it is written, so only then it turns out that the saved ones do not
    have the shapes that their layer states. Reading it raises a ``KerasFileError`` in this case.
    The errors of weights that are only read name them already.
    """
    if isinstance(weight.source, WeightRef):
        return weight
    return replace(weight, source=_Named(weight.source, weight.name, display_name))


def origins(source: TensorSource) -> Iterator[TensorSource]:
    """Yield the tensors that a tensor is made of: itself, if it is not made of others."""
    if isinstance(source, _Reshaped | _Named):
        yield from origins(source.source)
    elif isinstance(source, _Computed):
        for one in source.sources:
            yield from origins(one)
    else:
        yield source


def saved_names(source: TensorSource) -> tuple[str, ...]:
    """Return the names in the file of the weights that a tensor is made of, without ``:0``."""
    names = (one.name for one in origins(source) if isinstance(one, WeightRef))
    return tuple(name.removesuffix(":0") for name in names)


def is_reshaped_only(source: TensorSource) -> bool:
    """Whether a tensor has the values of one other tensor in their order."""
    if isinstance(source, _Reshaped | _Named):
        return is_reshaped_only(source.source)
    return not isinstance(source, _Computed)


def with_origins(source: TensorSource, replaced: Mapping[int, TensorSource]) -> TensorSource:
    """Return a tensor that is made of others in the same way.

    Parameters
    ----------
    replaced
        What takes the place of each origin, by its ``id``; others stay.
    """
    if isinstance(source, _Reshaped | _Named):
        return replace(source, source=with_origins(source.source, replaced))
    if isinstance(source, _Computed):
        return replace(source, sources=tuple(with_origins(one, replaced) for one in source.sources))
    return replaced.get(id(source), source)


def recomputed(source: TensorSource, value_of: Callable[[TensorSource], Array]) -> Array:
    """Return what a tensor would be if its origins had other values."""
    if isinstance(source, _Reshaped | _Named):
        return recomputed(source.source, value_of).reshape(source.shape)
    if isinstance(source, _Computed):
        return source.compute(*(recomputed(one, value_of) for one in source.sources))
    return value_of(source)


def parts(source: TensorSource) -> tuple[TensorSource, ...]:
    """Return the tensors that a tensor is computed from in one step; none if it is saved."""
    if isinstance(source, _Reshaped | _Named):
        return (source.source,)
    return source.sources if isinstance(source, _Computed) else ()


def is_computed(source: TensorSource) -> bool:
    """Whether a tensor has other numbers than its :func:`parts`, or others in their order."""
    return isinstance(source, _Computed)


def combined(source: TensorSource, arrays: Sequence[Array]) -> Array:
    """Return what a tensor would be if its :func:`parts` had other values."""
    if isinstance(source, _Computed):
        return source.compute(*arrays)
    return arrays[0].reshape(source.shape)


def constant(array: npt.ArrayLike) -> TensorSource:
    """Return a float32 tensor of known values."""
    return ArraySource(np.asarray(array, np.float32))
