"""A Keras model in one canonical spelling: what `normalize` makes and the layer rules take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any
"""A JSON value as ``json.loads`` returns it."""

CONTAINERS = frozenset({"Functional", "Sequential"})
"""Models: TF.js gives each a node 0 of its own, so that calls of it count from 1."""


CallKey = tuple[str, int]
"""The name of a layer in a graph, and the index of one of its calls there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorRef:
    """One output tensor of one call of a layer of the same graph.

    Attributes
    ----------
    call
        Which of the layer's calls in this graph, from 0, whatever numbers the file used.
    tensor
        Which output of that call.
    shape, dtype
        As Keras 3 writes them beside it: all that is known of what a layer of the user computes.
    """

    layer: str
    call: int
    tensor: int
    shape: tuple[int | None, ...] | None = field(default=None, compare=False)
    dtype: str = field(default="float32", compare=False)

    @property
    def key(self) -> CallKey:
        """Which call makes the tensor."""
        return self.layer, self.call


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a layer.

    Attributes
    ----------
    inputs
        All tensors it takes, those among its other arguments last.
    kwargs
        The other arguments by name; a tensor among them is ``{"tensor": <index in inputs>}``.
        Masks of layers are no inputs: they stay as the file spells them. Operations have their
        positional arguments under ``"args"``.
    """

    inputs: tuple[TensorRef, ...]
    kwargs: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """How the layers of a Functional model are connected; calls by layer name.

    Attributes
    ----------
    structures
        How Keras nests ``"inputs"`` and ``"outputs"`` in dictionaries and lists, with the index
        of a tensor in its place; only those that are more than a list.
    """

    inputs: tuple[TensorRef, ...]
    outputs: tuple[TensorRef, ...]
    calls: Mapping[str, tuple[Call, ...]]
    structures: Mapping[str, Json] = field(default_factory=dict)

    def call(self, key: CallKey) -> Call:
        """Return one call of one layer."""
        name, index = key
        return self.calls[name][index]


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasLayer:
    """A layer or model, spelled the same whoever saved it.

    Attributes
    ----------
    path
        Names from the outermost model to this layer, joined by ``/``; unique in the model.
    config
        Arguments only: no name, dtype, trainable flag, children or graph; objects such as
        initializers as ``{"class_name", "config"}``.
    dtype
        The dtype that the layer computes in, such as ``"float32"``.
    generation
        Keras generation of the file: where the meaning of an argument differs.
    version
        ``(major, minor)`` of the Keras that saved the file, where versions of a generation differ.
    children
        Layers of a model in order; the layer or cells inside a wrapper.
    graph
        Of Functional models only.
    mask_input
        Whether the last input of its calls is a mask; see ``masks/explicit.py``.
    is_custom
        Registered by the user (``@keras.saving.register_keras_serializable``).
    saved_class
        The class of the user that a model was read in spite of; empty for all others.
    order_input
        Whether the last input of its calls is there to order them: an output of the call before.
    """

    class_name: str
    name: str
    path: str
    config: Mapping[str, Json]
    dtype: str
    generation: int
    trainable: bool = True
    children: tuple[KerasLayer, ...] = ()
    graph: Graph | None = None
    mask_input: bool = False
    order_input: bool = False
    version: tuple[int, ...] = ()
    is_custom: bool = False
    saved_class: str = ""

    @property
    def is_operation(self) -> bool:
        """Whether it is a function in a graph, such as ``ops.add`` for ``+``, and no layer.

        Its arguments, those of its one call among them, are its `config`; see ``operations/``.
        """
        return self.class_name.startswith("ops.")

    @property
    def saved_masks_only(self) -> bool:
        """Whether its calls in a graph use no masks but those that the file gives them.

        Before version 3.10, Keras 3 does not look for masks again when the model is called.
        """
        return (3,) <= self.version < (3, 10)

    def walk(self) -> Iterator[KerasLayer]:
        """Yield this layer and all layers below it, outer ones first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable that Keras creates for a layer, in order of creation."""

    name: str
    trainable: bool = True
