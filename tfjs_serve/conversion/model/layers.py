"""A Keras model in one canonical spelling, which ``spelling/`` produces and layer rules read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any
"""A JSON value as ``json.loads`` returns it."""

CONTAINERS = frozenset({"Functional", "Sequential"})
"""Classes of models. TF.js gives a model a node 0 of its own, so its calls are counted from 1."""


CallKey = tuple[str, int]
"""The name of a layer in a graph, and the index of one of its calls there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorRef:
    """A tensor in a graph: one output of one call of a layer.

    Attributes
    ----------
    layer
        Name of the layer, which is in the same graph.
    call
        Index of the call among the layer's calls in this graph, from 0, whatever numbers the file
        uses.
    tensor
        Index of the output of that call.
    shape, dtype
        As Keras 3 writes them beside the reference. Nothing else tells what a layer of the user
        returns.
    """

    layer: str
    call: int
    tensor: int
    shape: tuple[int | None, ...] | None = field(default=None, compare=False)
    dtype: str = field(default="float32", compare=False)

    @property
    def key(self) -> CallKey:
        """The call whose output it is."""
        return self.layer, self.call


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a layer.

    Attributes
    ----------
    inputs
        All tensors that it is called with; those among the other arguments come last.
    kwargs
        The other arguments by name. A tensor among them is ``{"tensor": <index in inputs>}``.
        The mask of a layer is not an input: it stays as the file spells it. An operation has its
        positional arguments under ``"args"``.
    """

    inputs: tuple[TensorRef, ...]
    kwargs: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """How the layers of a Functional model are connected.

    Attributes
    ----------
    calls
        The calls of each layer, by its name.
    structures
        How Keras nests the ``"inputs"`` and ``"outputs"`` in dictionaries and lists, with indices
        in place of tensors. Those that are plain lists are left out.
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
        Arguments only: no name, dtype, trainable flag, children or graph. Objects such as
        initializers are ``{"class_name", "config"}``.
    dtype
        The dtype that the layer computes in, such as ``"float32"``.
    generation
        2 or 3: the generation of Keras that decides what an argument means. Keras 1 counts as 2.
    version
        ``(major, minor)`` of the Keras that saved the file, for what differs within a generation.
        ``stored/file_arguments.py`` fills it in.
    children
        Layers of a model in order; the layer or cells inside a wrapper.
    graph
        Only of Functional models.
    mask_input
        Whether the last input of its calls is a mask; see ``masks/explicit.py``.
    is_custom
        Whether the user's own code computes it: its class is not Keras's, or it is a Lambda.
    package
        The package that its class was registered by; empty for Keras's classes.
    saved_class
        The user's own class of a model that was read as a plain one; empty for all other layers.
    order_input
        Whether the last input of its calls only puts them in order: it is an output of the call
        before.
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
    package: str = ""
    saved_class: str = ""

    @property
    def is_operation(self) -> bool:
        """Whether it is not a layer but a function in a graph, such as ``ops.add`` for ``+``.

        Its `config` also has the arguments of its only call; see ``operations/``.
        """
        return self.class_name.startswith("ops.")

    @property
    def saved_masks_only(self) -> bool:
        """Whether its calls in a graph use only the masks that the file gives them.

        Before version 3.10, Keras 3 does not look for masks again when the model is called.
        """
        return (3,) <= self.version < (3, 10)

    def walk(self) -> Iterator[KerasLayer]:
        """Yield this layer and all layers inside it, outer ones first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable that Keras creates for a layer."""

    name: str
    trainable: bool = True
