"""What is told of tensors, layers, and models inside of a model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from tfjs_serve.facts import checks
from tfjs_serve.facts.checks import Shape


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
        return cls(
            name=checks.text(data["name"]),
            shape=checks.shape(data["shape"]),
            dtype=checks.text(data["dtype"]),
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
            path=checks.name(data["path"]),
            class_name=checks.name(data["className"]),
            became=Became(data["became"]),
            needs_training_script=bool(data["needsTrainingJs"]),
            shapes=checks.list_of(data["shapes"], checks.shape, checks.MOST_LINKS),
            parameters=checks.count(data["parameters"]),
            inputs=checks.names(data["inputs"]),
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
            path=checks.name(data["path"]),
            class_name=checks.name(data["className"]),
            inputs=checks.names(data["inputs"]),
            entries=checks.names(data["entries"]),
            exits=checks.names(data["exits"]),
        )
