"""Builds the small model that replaces one layer which TF.js lacks.

The model has the layer's name and takes the layer's inputs, so the rest of the graph stays as it
is, except that calls of a nested model are counted from 1. The layers in the small model are called
``<layer>/<what>``. No mask enters or leaves it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve import companion
from tfjs_serve.conversion.model.bounds import MAXIMUM_LAYERS
from tfjs_serve.conversion.model.facts import TensorFact
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.layers_model.model import LayersWeight, TensorSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An output of a layer in the small model; its `shape` counts the batch axis."""

    layer: str
    index: int = 0
    node: int = 0
    shape: Shape


class UnknownShapeError(ValueError):
    """A small model cannot be built, because a size or rank is not known."""


class SmallModel:
    """A small model under construction.

    Every method that adds a layer raises a ``ValueError`` when there are too many; see
    ``model/bounds.py``.

    Parameters
    ----------
    context
        The layer that the small model will replace.

    Attributes
    ----------
    inputs
        The layer's inputs. A size in which its calls differ is ``None``.

    Raises
    ------
    UnknownShapeError
        The shapes of the inputs are not known, or differ in rank or number between the calls.
    """

    def __init__(self, context: LayerContext) -> None:
        self._context = context
        name, scope = context.name, context.scope
        # The name of a layer inside a wrapper is not unique in the model.
        self._base = name if scope in ("", name) else f"{scope}/{name}"
        self._layers: list[dict[str, Json]] = []
        self._weights: list[LayersWeight] = []
        self._names: Counter[str] = Counter()
        self.inputs = tuple(map(self._input, common_shapes(context.calls)))

    def _input(self, shape: Shape) -> Tensor:
        name = self._name("input")
        config = {"name": name, "batch_input_shape": list(shape), "dtype": "float32"}
        self._append("InputLayer", name, config, ())
        return Tensor(layer=name, shape=shape)

    def _name(self, what: str) -> str:
        self._names[what] += 1
        count = self._names[what]
        return f"{self._base}/{what}" if count == 1 else f"{self._base}/{what}_{count - 1}"

    def _append(
        self, class_name: str, name: str, config: dict[str, Json], inputs: Sequence[Tensor]
    ) -> None:
        if len(self._layers) >= MAXIMUM_LAYERS:
            raise ValueError(f"it would become more than {MAXIMUM_LAYERS} layers")
        inbound = (
            [[[tensor.layer, tensor.node, tensor.index, {}] for tensor in inputs]] if inputs else []
        )
        self._layers.append(
            {"class_name": class_name, "name": name, "config": config, "inbound_nodes": inbound}
        )

    def layer(
        self,
        class_name: str,
        config: Mapping[str, Json],
        *inputs: Tensor,
        weights: Mapping[str, TensorSource] | None = None,
        trainable: bool | None = None,
        shape: Shape | None = None,
    ) -> Tensor:
        """Add a TF.js layer, call it, and return its output.

        Parameters
        ----------
        class_name
            As registered in tfjs-layers.
        config
            The layer's arguments besides name, trainable flag and dtype.
        inputs
            What the layer is called with.
        weights
            The layer's weights by the names that it gives them, such as ``"kernel"``.
        trainable
            ``False`` for constants. By default as the layer that is lowered.
        shape
            Shape of the output, counting the batch axis. By default, the rule of the Keras layer
            of this name tells it.

        Raises
        ------
        ValueError
            The small model has too many layers.
        """
        name = self._name(class_name.rpartition(">")[2].lower())
        flag = self._context.layer.trainable if trainable is None else trainable
        full: dict[str, Json] = {"name": name, "trainable": flag, "dtype": "float32", **config}
        self._append(class_name, name, full, inputs)
        for variable, source in (weights or {}).items():
            self._weights.append(LayersWeight(name=f"{name}/{variable}", source=source))
        if shape is None:
            shape = self._inferred(class_name, config, inputs)
        return Tensor(layer=name, shape=shape)

    def translated(self, layer: TfjsLayer, *inputs: Tensor, shape: Shape) -> Tensor:
        """Add a layer that a rule has translated, call it, and return its output.

        Parameters
        ----------
        layer
            Its name must be one of :meth:`fresh_name`.
        inputs
            What the layer is called with.
        shape
            Shape of the output, counting the batch axis.

        Raises
        ------
        ValueError
            The small model has too many layers.
        """
        name = str(layer.config["name"])
        self._append(layer.class_name, name, layer.config, inputs)
        self._weights += layer.weights
        return Tensor(layer=name, node=int(layer.is_container), shape=shape)

    def fresh_name(self, what: str) -> str:
        """Return an unused name for a layer of the small model."""
        return self._name(what)

    def _inferred(
        self, class_name: str, config: Mapping[str, Json], inputs: Sequence[Tensor]
    ) -> Shape:
        layer = KerasLayer(
            class_name=class_name,
            name="",
            path="",
            config=config,
            dtype="float32",
            generation=self._context.layer.generation,
        )
        return self._context.output_shape(layer, tuple(x.shape for x in inputs))

    def companion(
        self, class_name: str, arguments: Mapping[str, Json], *inputs: Tensor, shape: Shape
    ) -> Tensor:
        """Add a layer of ``layers.js`` that has no weights, call it, and return its output.

        Parameters
        ----------
        class_name, arguments
            As in ``LayerContext.companion``.
        inputs
            What the layer is called with.
        shape
            Shape of the output, counting the batch axis.

        Raises
        ------
        ValueError
            The small model has too many layers.
        ArgumentMismatchError
            The class declares other arguments; see ``companion.py``.
        """
        companion.check_arguments(class_name, arguments)
        shapes = [[[list(x.shape) for x in inputs], [list(shape)]]]
        config = {
            "arguments": dict(arguments),
            "variables": [],
            "shapes": shapes,
            "passes_mask": False,
        }
        return self.layer(f"{companion.PACKAGE}>{class_name}", config, *inputs, shape=shape)

    def model(self, *outputs: Tensor) -> TfjsLayer:
        """Return the finished model with these outputs."""
        # An output that is an input would have the name of the input.
        ends = [self._handed_on(x) if x in self.inputs else x for x in outputs]
        return TfjsLayer(
            class_name="Functional",
            config={
                "name": self._context.name,
                "trainable": self._context.layer.trainable,
                "layers": self._layers,
                "input_layers": [[x.layer, 0, 0] for x in self.inputs],
                "output_layers": [[x.layer, x.node, x.index] for x in ends],
            },
            weights=tuple(self._weights),
        )

    def _handed_on(self, x: Tensor) -> Tensor:
        return self.layer("Activation", {"activation": "linear"}, x, shape=x.shape)


def common_shapes(facts: Sequence[Sequence[TensorFact]]) -> list[Shape]:
    """Return the shapes of a layer's inputs, with ``None`` for sizes in which its calls differ.

    Parameters
    ----------
    facts
        The inputs of each call; or the outputs of each call, to get the shapes of these.

    Raises
    ------
    UnknownShapeError
        A shape is not known, or the calls differ in the number of tensors or in a rank.
    """
    calls = [[fact.shape for fact in call] for call in facts]
    if not calls or any(shape is None for call in calls for shape in call):
        raise UnknownShapeError("the shape of the input is not known")
    if len({tuple(len(shape or ()) for shape in call) for call in calls}) > 1:
        raise UnknownShapeError("its calls have inputs of different ranks")
    return [
        tuple(
            sizes[0] if len(set(sizes)) == 1 else None
            for sizes in zip(*(shape or () for shape in shapes), strict=True)
        )
        for shapes in zip(*calls, strict=True)
    ]


def known_sizes(sizes: Sequence[int | None]) -> tuple[int, ...]:
    """Return the sizes, all of which must be known.

    Raises
    ------
    UnknownShapeError
        One is not known.
    """
    return tuple(map(known_size, sizes))


def known_size(size: int | None) -> int:
    """Return a size that must be known.

    Raises
    ------
    UnknownShapeError
        It is not known.
    """
    if size is None:
        raise UnknownShapeError("a size of its input is not known")
    return size
