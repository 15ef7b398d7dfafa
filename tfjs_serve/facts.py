"""What is known of a model without running it: kept in its record, listed, and shown.

The conversion process finds the facts in a stranger's file, so whoever reads them checks types and
counts (:meth:`ModelFacts.from_json`). There is one spelling of them as JSON, in the messages of
that process, in records, and in ``/-/models.json``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")

Shape = tuple[int | None, ...]
"""The sizes of a tensor, with the batch axis; an axis of any size is ``None``."""

MOST_TENSORS = 100
MOST_LAYERS = 10_000
"""How many inputs or outputs of a model, and layers, are told one by one."""
MOST_LISTED_LAYERS = 500
"""How many layers are told in ``/-/models.json``, which has those of all models."""
MOST_LINKS = 100
"""How many inputs of a layer, and shapes of its outputs, are told one by one."""
MOST_LABELS = 2_000
_MOST_AXES = 64
MOST_CHARACTERS = 300


class Became(str, Enum):
    """How a layer of Keras reaches the page."""

    NATIVE = "native"
    """TensorFlow.js has the layer."""
    LOWERED = "lowered"
    """Layers that TensorFlow.js has compute the same."""
    COMPANION = "layers.js"
    """``layers.js`` computes it."""
    OWN = "own"
    """The page registers it itself (``--layers``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorInfo:
    """An input or output.

    Attributes
    ----------
    name
        As in ``model.inputNames`` and ``model.outputNames`` of TensorFlow.js.
    shape
        ``None``: not known.
    """

    name: str
    shape: Shape | None
    dtype: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        shape = None if self.shape is None else list(self.shape)
        return {"name": self.name, "shape": shape, "dtype": self.dtype}

    @classmethod
    def from_json(cls, data: Any) -> TensorInfo:
        """Rebuild it. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        shape = data["shape"]
        return cls(
            name=_text(data["name"]),
            shape=None if shape is None else _list(shape, _size, _MOST_AXES),
            dtype=_text(data["dtype"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerInfo:
    """A layer of the Keras model, and what it became.

    Attributes
    ----------
    path
        Names from the outermost model's layers to this one, joined by ``/``.
    needs_training_script
        Whether a page trains through it as Keras does only if it has loaded ``training.js``.
    shapes
        Of its outputs when it is first called, as in :class:`TensorInfo`; empty if nobody calls it.
    parameters
        How many numbers its weights have.
    inputs
        Names of the layers that it is connected to, which are in the same model.
    """

    path: str
    class_name: str
    became: Became
    needs_training_script: bool = False
    shapes: tuple[Shape | None, ...] = ()
    parameters: int = 0
    inputs: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            **self.listed(),
            "shapes": [None if shape is None else list(shape) for shape in self.shapes],
            "parameters": self.parameters,
            "inputs": list(self.inputs),
        }

    def listed(self) -> dict[str, Any]:
        """Return what of it is in ``/-/models.json``."""
        return {
            "path": self.path,
            "className": self.class_name,
            "became": self.became.value,
            "needsTrainingJs": self.needs_training_script,
        }

    @classmethod
    def from_json(cls, data: Any) -> LayerInfo:
        """Rebuild it. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(
            path=_name(data["path"]),
            class_name=_name(data["className"]),
            became=Became(data["became"]),
            needs_training_script=bool(data["needsTrainingJs"]),
            shapes=_list(data["shapes"], _known_shape, MOST_LINKS),
            parameters=_count(data["parameters"]),
            inputs=_one_of_many(_list(data["inputs"], _name, MOST_LINKS)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerModel:
    """A model whose layers are told: the outermost one, or one that is a layer of another.

    Attributes
    ----------
    path
        As that of a layer; empty for the outermost model.
    inputs
        Names of the layers that it is connected to, which are beside it.
    entries, exits
        Names of its layers that are its inputs and that make its outputs, in order.
    """

    path: str
    class_name: str
    inputs: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    exits: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "path": self.path,
            "className": self.class_name,
            "inputs": list(self.inputs),
            "entries": list(self.entries),
            "exits": list(self.exits),
        }

    @classmethod
    def from_json(cls, data: Any) -> InnerModel:
        """Rebuild it. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(
            path=_name(data["path"]),
            class_name=_name(data["className"]),
            inputs=_one_of_many(_list(data["inputs"], _name, MOST_LINKS)),
            entries=_one_of_many(_list(data["entries"], _name, MOST_LINKS)),
            exits=_one_of_many(_list(data["exits"], _name, MOST_LINKS)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingInfo:
    """How the model was trained, and how a page can go on.

    Attributes
    ----------
    optimizer
        Class name in Keras 3; empty if it is not one of Keras's.
    losses
        The same of each loss.
    is_compiled
        Whether the page gets a compiled model from TensorFlow.js alone.
    has_all
        Whether ``training.js`` has the optimizer and all losses.
    left_out
        What a page without ``training.js`` has to know, or has not: a sentence each.
    compile_line
        JavaScript that compiles the model, where `is_compiled` is false.
    """

    optimizer: str = ""
    losses: tuple[str, ...] = ()
    is_compiled: bool = False
    has_all: bool = False
    left_out: tuple[str, ...] = ()
    compile_line: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "optimizer": self.optimizer,
            "losses": list(self.losses),
            "isCompiled": self.is_compiled,
            "hasAll": self.has_all,
            "leftOut": list(self.left_out),
            "compileLine": self.compile_line,
        }

    @classmethod
    def from_json(cls, data: Any) -> TrainingInfo:
        """Rebuild it. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(
            optimizer=_text(data["optimizer"]),
            losses=_list(data["losses"], _text, MOST_TENSORS),
            is_compiled=bool(data["isCompiled"]),
            has_all=bool(data["hasAll"]),
            left_out=_list(data["leftOut"], _text, MOST_TENSORS),
            compile_line=_text(data["compileLine"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofInfo:
    """What is told of the proof beside a model: what Keras predicted for a few inputs.

    Attributes
    ----------
    examples
        How many inputs it has.
    layers
        Of how many layers inside of the model it has the outputs, too.
    made_with
        The Keras that predicted.
    changed
        Names of weights that the model had for the proof and has not now; the first ones.
    changed_count
        How many there are in all.
    """

    examples: int
    layers: int
    made_with: str
    changed: tuple[str, ...] = ()
    changed_count: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "examples": self.examples,
            "layerCount": self.layers,
            "madeWith": self.made_with,
            "changed": list(self.changed),
            "changedCount": self.changed_count,
        }

    @classmethod
    def from_json(cls, data: Any) -> ProofInfo:
        """Rebuild it. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(
            examples=_count(data["examples"]),
            layers=_count(data["layerCount"]),
            made_with=_text(data["madeWith"]),
            changed=_list(data["changed"], _text, MOST_TENSORS),
            changed_count=_count(data["changedCount"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of one model.

    Attributes
    ----------
    layers
        In the order of the Keras model, those inside of other layers after them; the first ones,
        if there are more than `MOST_LAYERS`.
    layer_count
        How many there are in all.
    models
        The model itself and those inside of it, outer ones first; the first ones, if there are
        more than `MOST_LAYERS`. Empty if nothing tells how its layers are connected.
    parameters
        How many numbers the weights of the Keras model have.
    labels
        Names of the classes that the output stands for; empty if nothing tells them.
    parts
        What the model needs of ``layers.js``: names of its parts.
    weight_bytes
        Size of the weights by variant.
    training
        How it was trained; ``None`` if nothing tells.
    proof
        What lies beside it of what Keras predicted; ``None`` if nothing does.
    """

    inputs: tuple[TensorInfo, ...] = ()
    outputs: tuple[TensorInfo, ...] = ()
    layers: tuple[LayerInfo, ...] = ()
    layer_count: int = 0
    models: tuple[InnerModel, ...] = ()
    parameters: int = 0
    labels: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    weight_bytes: Mapping[str, int] = field(default_factory=dict)
    training: TrainingInfo | None = None
    proof: ProofInfo | None = None

    @property
    def needs_layers(self) -> bool:
        """Whether a page has to load ``layers.js`` before the model."""
        return bool(self.parts)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object; keys are in camel case, as usual in JavaScript."""
        return {
            **self.listed(),
            "layers": [layer.to_json() for layer in self.layers],
            "models": [model.to_json() for model in self.models],
        }

    def listed(self) -> dict[str, Any]:
        """Return what of it is in ``/-/models.json``."""
        return {
            "inputs": [tensor.to_json() for tensor in self.inputs],
            "outputs": [tensor.to_json() for tensor in self.outputs],
            "parameters": self.parameters,
            "labels": list(self.labels),
            "layerCount": self.layer_count,
            "layers": [layer.listed() for layer in self.layers[:MOST_LISTED_LAYERS]],
            "needsOfLayersJs": list(self.parts),
            "weightBytes": dict(self.weight_bytes),
            "training": self.training.to_json() if self.training else None,
            "proof": self.proof.to_json() if self.proof else None,
        }

    @classmethod
    def from_json(cls, data: Any) -> ModelFacts:
        """Rebuild the facts.

        Raises
        ------
        KeyError, TypeError, ValueError
            They are not facts of a model, or more than are told.
        """
        sizes, training, proof = data["weightBytes"], data["training"], data["proof"]
        if not isinstance(sizes, dict) or len(sizes) > MOST_TENSORS:
            raise TypeError("not the sizes of variants")
        return cls(
            inputs=_list(data["inputs"], TensorInfo.from_json, MOST_TENSORS),
            outputs=_list(data["outputs"], TensorInfo.from_json, MOST_TENSORS),
            layers=_list(data["layers"], LayerInfo.from_json, MOST_LAYERS),
            layer_count=_count(data["layerCount"]),
            models=_list(data["models"], InnerModel.from_json, MOST_LAYERS),
            parameters=_count(data["parameters"]),
            labels=_list(data["labels"], _text, MOST_LABELS),
            parts=_list(data["needsOfLayersJs"], _text, MOST_TENSORS),
            weight_bytes={_text(name): _count(size) for name, size in sizes.items()},
            training=None if training is None else TrainingInfo.from_json(training),
            proof=None if proof is None else ProofInfo.from_json(proof),
        )


def shortened(text: str) -> str:
    """Return a name as facts tell it: only a file made for that has longer ones."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."


def counted(count: int, noun: str) -> str:
    """Return a number of things in words, such as "1 model"."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def and_more_layers(count: int) -> str:
    """Return how many layers there are besides one that is named; empty for none."""
    return f" (and {counted(count, 'more layer')})" if count else ""


def _list(value: Any, item: Callable[[Any], T], most: int) -> tuple[T, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > most:
        raise TypeError("not a list, or a longer one than facts have")
    return tuple(map(item, value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        raise TypeError("not a text, or a longer one than facts have")
    return value


def _name(value: Any) -> str:
    """Return a name once, as thousands of models have layers of the same few."""
    return sys.intern(_text(value))


def _known_shape(value: Any) -> Shape | None:
    return None if value is None else _one_of_many(_list(value, _size, _MOST_AXES))


@lru_cache(maxsize=1 << 14)
def _one_of_many(value: T) -> T:
    """Return the first value that is equal to this one, for the sake of memory."""
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError(f"not a count: {value!r}")
    return value


def _size(value: Any) -> int | None:
    return None if value is None else _count(value)
