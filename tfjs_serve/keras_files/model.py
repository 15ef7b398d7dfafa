"""The nouns of reading: a Keras model as its file describes it, with weights to be read later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy.typing as npt

Json = Any
"""A JSON value as ``json.loads`` returns it."""


class Container(str, Enum):
    """How weights are laid out in a file, which follows from how Keras wrote it."""

    HDF5 = "h5"
    """By layer of the outermost model: ``save`` to ``.h5``, and ``save_weights`` until Keras 2."""
    KERAS_ZIP = "keras"
    """By Python object: ``.keras`` archives and folders, and ``.weights.h5``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Who wrote the file: decides spellings, node numbering and the order of weights.

    Attributes
    ----------
    generation
        1 for Keras 1 and older; 2 for Keras 2, ``tf.keras`` and ``tf_keras``; 3 for Keras 3.
    backend
        What Keras computed with, such as ``"tensorflow"`` or ``"theano"``; empty if not known.
    """

    generation: int
    container: Container
    backend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightRef:
    """Where the bytes of one weight lie; a ``layers_model.TensorSource``.

    Attributes
    ----------
    name
        The name in the file: in archives the path of its group and its number. It decides nothing,
        because weights are mapped by position; it is for messages, and for those who know it.
    dtype
        numpy name in native byte order, or ``"bfloat16"``.
    place
        Offset and size in bytes in the model's files, taken one after the other, if the values lie
        there in C order and in little-endian bytes of that dtype; ``None`` if they do not.
    read
        Reads the values from the open file: takes the largest block in bytes, yields 1-D
        arrays in C order.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[int], Iterator[npt.NDArray[Any]]] = field(repr=False, compare=False)
    place: tuple[int, int] | None = None

    def blocks(self, max_bytes: int) -> Iterator[npt.NDArray[Any]]:
        """Yield the values in C order as 1-D arrays of about `max_bytes` or less."""
        return self.read(max_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A model without weights, from a file of its own (``model.to_json()``).

    Attributes
    ----------
    file_name
        The file that it is from.
    config
        ``{"class_name": ..., "config": ...}`` of the outermost model.
    problem
        Why the file holds no architecture, as the rest of a sentence; empty if it does.
    """

    file_name: str
    config: Mapping[str, Json] = field(default_factory=dict)
    generation: int = 0
    keras_version: str = ""
    backend: str = ""
    problem: str = ""


def _no_weights() -> tuple[WeightRef, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedTraining:
    """What a file says of how its model was trained.

    Attributes
    ----------
    settings
        The arguments of ``compile`` as they were saved. In HDF5, the optimizer is under
        ``optimizer_config``; in archives, under ``optimizer``.
    problem
        Why they cannot be read, as the rest of a sentence; empty if they can be.
    read_optimizer
        Returns the optimizer's variables in saved order, none if there are none. They are looked up
        only when it is called: few pages train. It raises a ``KerasFileError`` if they are damaged.
    """

    settings: Mapping[str, Json] = field(default_factory=dict)
    problem: str = ""
    read_optimizer: Callable[[], tuple[WeightRef, ...]] = field(
        default=_no_weights, repr=False, compare=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasModel:
    """A model as saved: architecture as JSON, weights as references into the open file.

    Attributes
    ----------
    display_name
        What messages call the file.
    keras_version
        As the file states it, such as ``"3.15.1"``.
    config
        ``{"class_name": ..., "config": ...}`` of the outermost model; empty if the file holds only
        weights.
    weights
        In saved order. In HDF5, by the name of each layer of the outermost model; a nested model
        has one flat sequence. In ``.keras`` archives, by the path of each Python object, such as
        ``layers/bidirectional/forward_layer/cell``.
    vocabularies
        In ``.keras`` archives, the learned vocabulary of each Python object, by its path, as text
        with one token per line.
    architectures
        For weights without an architecture: those that lie beside them, of which one may fit.
    neighbours
        In ``.keras`` archives, labels and metadata that someone added to its assets, by the names
        under which they are served.
    training
        How it was trained; ``None`` if it was saved without that.
    """

    display_name: str
    dialect: Dialect
    keras_version: str
    config: Mapping[str, Json]
    weights: Mapping[str, tuple[WeightRef, ...]]
    vocabularies: Mapping[str, str] = field(default_factory=dict)
    neighbours: Mapping[str, bytes] = field(default_factory=dict)
    architectures: tuple[Architecture, ...] = ()
    training: SavedTraining | None = None

    def of(self, architecture: Architecture) -> KerasModel:
        """Return the whole model that these weights and an architecture make."""
        generation = architecture.generation
        return replace(
            self,
            dialect=Dialect(
                generation=generation,
                container=self.dialect.container,
                backend=architecture.backend or self.dialect.backend,
            ),
            keras_version=architecture.keras_version or self.keras_version or str(generation),
            config=architecture.config,
            architectures=(),
        )
