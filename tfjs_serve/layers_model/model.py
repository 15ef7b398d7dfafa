"""What the translation hands to the writer: a topology and lazy weights in TF.js's own terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.settings import Variant

Json = Any
"""A JSON value as ``json.loads`` returns it; checked where it is read."""


class TensorSource(Protocol):
    """The values of one tensor, read only when they are needed.

    Implemented by ``keras_files.WeightRef`` (bytes in a file) and by the pure transforms of
    ``conversion``.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor; ``()`` for a scalar."""

    @property
    def dtype(self) -> str:
        """Name of the source's dtype: a numpy name in native order, or ``"bfloat16"``."""

    def blocks(self, max_bytes: int) -> Iterator[npt.NDArray[Any]]:
        """Yield the values in C order as 1-D arrays of about `max_bytes` or less.

        bfloat16 arrives as float32 (exact). Can be called more than once.
        """


@runtime_checkable
class PlacedSource(Protocol):
    """A :class:`TensorSource` whose bytes may lie in the model file as they are stored."""

    @property
    def place(self) -> tuple[int, int] | None:
        """Offset and size of the bytes in the model file; ``None`` if they are not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersWeight:
    """One weight under the name that TF.js's own layer looks up (``dense/kernel``).

    Attributes
    ----------
    group
        ``"optimizer"`` for the state of an optimizer, which finds it by its position.
    layer
        Name of the layer of the outermost model that it belongs to.
    saved_names
        Names in the file of the weights that it is made of.
    variant
        How it is stored, if that is not how the others are.
    """

    name: str
    source: TensorSource
    group: str = ""
    layer: str = ""
    saved_names: tuple[str, ...] = ()
    variant: Variant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersModel:
    """A model that ``tf.loadLayersModel`` accepts, before it is written.

    Attributes
    ----------
    topology
        ``{"keras_version", "backend", "model_config": {"class_name", "config"}}``; empty if there
        is nothing but weights.
    weights
        In layer order, and then the state of the optimizer; names are unique.
    generated_by
        For example ``"keras 3.15.1"``; empty if that is not known.
    warnings
        What was left out without changing predictions, one sentence each.
    parts
        Names of the parts of ``layers.js`` that a page must load before the model.
    facts
        What is known of it, besides the sizes of its variants.
    training_config
        What ``loadTrainingConfig`` takes; ``None`` for a model that is not compiled.
    """

    topology: dict[str, Json]
    weights: tuple[LayersWeight, ...]
    generated_by: str
    user_defined_metadata: dict[str, Json] | None = None
    warnings: tuple[str, ...] = field(default=())
    parts: tuple[str, ...] = ()
    facts: ModelFacts = field(default_factory=ModelFacts)
    training_config: dict[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """One file of a written model: name within its folder, size, and SHA-256 of its bytes.

    Attributes
    ----------
    originals
        Names that it had in the folder that it comes from.
    """

    name: str
    size_bytes: int
    sha256: str
    originals: tuple[str, ...] = ()


class ArraySource:
    """A tensor that is already in memory, such as a constant that a rule computed."""

    __slots__ = ("_array",)

    def __init__(self, array: npt.ArrayLike) -> None:
        self._array = np.asarray(array)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> str:
        return str(self._array.dtype.newbyteorder("=").name)

    def blocks(self, max_bytes: int) -> Iterator[npt.NDArray[Any]]:
        flat = np.ascontiguousarray(self._array).reshape(-1)
        step = max(1, max_bytes // max(1, flat.itemsize))
        for start in range(0, flat.size, step):
            yield flat[start : start + step]
