"""Builds the small model that stands for one layer which TF.js lacks.

The model has the layer's name and takes the layer's inputs, so that nothing else in the graph
changes but that its calls count from 1, as those of every nested model do. Its layers are called
``<layer>/<what>``; no mask enters or leaves it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tfjs_serve import companion
from tfjs_serve.conversion.context import InputFact, LayerContext, TfjsLayer
from tfjs_serve.conversion.model import Json, KerasLayer
from tfjs_serve.conversion.shapes import Shape, broadcast, known_product
from tfjs_serve.conversion.transforms import reshaped_source
from tfjs_serve.layers_model.model import ArraySource, LayersWeight, TensorSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An output of a layer in the small model; `shape` counts the batch axis."""

    layer: str
    index: int = 0
    node: int = 0
    shape: Shape


class UnknownShapeError(ValueError):
    """A size is not known that the small model must be built with."""


class Lowering:
    """A small model under construction.

    Parameters
    ----------
    context
        The layer that it will stand for.

    Attributes
    ----------
    inputs
        The layer's inputs. A size in which its calls differ is ``None``.
    """

    def __init__(self, context: LayerContext) -> None:
        self._context = context
        name, scope = context.name, context.scope
        # A layer inside of a wrapper does not have a name that is unique in the model.
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
        """Call a new TF.js layer and return its output.

        Parameters
        ----------
        weights
            By the names that the layer gives them, such as ``"kernel"``.
        trainable
            As the layer that is lowered, if left out; ``False`` for constants.
        shape
            Of the output; worked out by the rule of the Keras layer `class_name` if left out.
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
        """Call a layer that a rule has translated under a name of :meth:`fresh_name`."""
        name = str(layer.config["name"])
        self._append(layer.class_name, name, layer.config, inputs)
        self._weights += layer.weights
        return Tensor(layer=name, node=int(layer.is_container), shape=shape)

    def fresh_name(self, what: str) -> str:
        """Return a name for a layer of the small model."""
        return self._name(what)

    def _inferred(
        self, class_name: str, config: Mapping[str, Json], inputs: Sequence[Tensor]
    ) -> Shape:
        from tfjs_serve.conversion.registry import rules  # noqa: PLC0415  # rules import this

        layer = KerasLayer(
            class_name=class_name,
            name="",
            path="",
            config=config,
            dtype="float32",
            generation=self._context.layer.generation,
        )
        return rules()[class_name].shape(layer, tuple(x.shape for x in inputs), ())[0]

    def rescale(self, x: Tensor, scale: float, offset: float = 0.0) -> Tensor:
        """Return ``x * scale + offset``."""
        return self.layer("Rescaling", {"scale": scale, "offset": offset}, x, shape=x.shape)

    def activation(self, x: Tensor, name: str) -> Tensor:
        """Return one of TF.js's own activations of `x`."""
        return self.layer("Activation", {"activation": name}, x, shape=x.shape)

    def clip(self, x: Tensor, low: float, high: float) -> Tensor:
        """Return `x` limited to ``low..high``, either of which may be infinite."""
        if high <= low:
            return self.rescale(x, 0.0, high)
        if low <= 0 <= high:
            # Shifting x to begin at zero would round numbers that are small beside `low`.
            above = self._limited(x, high)
            return self.subtract(above, self._limited(self.rescale(x, -1.0), -low)) if low else above
        if low > 0:
            return self.rescale(self._limited(self.rescale(x, 1.0, -low), high - low), 1.0, low)
        below = self._limited(self.rescale(x, -1.0, high), high - low)
        return self.rescale(below, -1.0, high)

    def _limited(self, x: Tensor, most: float) -> Tensor:
        """Return `x` limited to ``0..most``."""
        config = {} if math.isinf(most) else {"max_value": most}
        return self.layer("ReLU", config, x, shape=x.shape)

    def add(self, *tensors: Tensor) -> Tensor:
        """Return the sum, broadcast."""
        return self._merged("Add", tensors)

    def multiply(self, *tensors: Tensor) -> Tensor:
        """Return the product, broadcast."""
        return self._merged("Multiply", tensors)

    def subtract(self, left: Tensor, right: Tensor) -> Tensor:
        """Return ``left - right``, broadcast."""
        return self.add(left, self.rescale(right, -1.0))

    def merge(self, class_name: str, *tensors: Tensor) -> Tensor:
        """Return ``Maximum``, ``Minimum`` or ``Average`` of the tensors, broadcast."""
        return self._merged(class_name, tensors)

    def _merged(self, class_name: str, tensors: Sequence[Tensor]) -> Tensor:
        rank = max(len(tensor.shape) for tensor in tensors)
        # TF.js takes the first axis after the batch for the missing one, Keras the last ones.
        full = [
            self.reshape(x, (*(1,) * (rank - len(x.shape)), *x.shape[1:]))
            if len(x.shape) < rank
            else x
            for x in tensors
        ]
        shape = broadcast([tensor.shape for tensor in full])
        return self.layer(class_name, {}, *full, shape=shape)

    def concatenate(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        """Join tensors of equal rank along `axis`, which counts the batch axis."""
        if len(tensors) == 1:
            return tensors[0]
        axis %= len(tensors[0].shape)
        return self.layer("Concatenate", {"axis": axis}, *tensors)

    def reshape(self, x: Tensor, target: Sequence[int | None]) -> Tensor:
        """Return `x` with other axes after the batch axis; one of them may be unknown.

        Raises
        ------
        UnknownShapeError
            More than one is unknown.
        """
        unknown = [index for index, size in enumerate(target) if size in (None, -1)]
        if len(unknown) > 1:
            raise UnknownShapeError("several sizes are not known")
        shape: list[int | None] = [None if size == -1 else size for size in target]
        total = known_product(x.shape[1:])
        if unknown and total is not None:
            rest = known_product([size for size in shape if size is not None])
            shape[unknown[0]] = total // rest if rest else 0
        written = [-1 if size is None else size for size in shape]
        full = (x.shape[0], *shape)
        return self.layer("Reshape", {"target_shape": written}, x, shape=full)

    def permute(self, x: Tensor, order: Sequence[int]) -> Tensor:
        """Return `x` with its axes in another order; `order` counts the batch axis as 0."""
        shape = tuple(x.shape[axis] for axis in order)
        return self.layer("Permute", {"dims": list(order[1:])}, x, shape=shape)

    def slice(self, x: Tensor, axis: int, start: int, length: int) -> Tensor:
        """Return `length` steps of `x` along `axis` (not the batch axis) from `start` on."""
        axis %= len(x.shape)
        size = _known(x.shape[axis])
        if (start, length) == (0, size):
            return x
        before, after = known_product(x.shape[1:axis]), known_product(x.shape[axis + 1 :])
        flat = self.reshape(x, (before, size, after))
        crop = [[0, 0], [start, size - start - length]]
        cut = self.layer("Cropping2D", {"cropping": crop, "data_format": "channels_last"}, flat)
        return self.reshape(cut, (*x.shape[1:axis], length, *x.shape[axis + 1 :]))

    def affine(
        self,
        x: Tensor,
        scale: TensorSource | None,
        offset: TensorSource | None,
        *,
        trainable: bool | None = None,
    ) -> Tensor:
        """Return ``x * scale + offset`` with one number of each for each step of the last axis.

        A depthwise convolution of one pixel, because TF.js's BatchNormalization would normalize
        by the batch while it is trained. Works for any rank of two or more.
        """
        channels = _known(x.shape[-1])
        image = x if len(x.shape) == 4 else self.reshape(x, (None, 1, channels))
        kernel = scale or ArraySource(np.ones(channels, np.float32))
        weights: dict[str, TensorSource] = {
            "depthwise_kernel": reshaped_source(kernel, (1, 1, channels, 1))
        }
        if offset is not None:
            weights["bias"] = reshaped_source(offset, (channels,))
        config = {"kernel_size": [1, 1], "use_bias": offset is not None, "padding": "valid"}
        done = self.layer(
            "DepthwiseConv2D",
            config,
            image,
            weights=weights,
            trainable=trainable,
            shape=image.shape,
        )
        return done if image is x else self.reshape(done, x.shape[1:])

    def companion(
        self, class_name: str, arguments: Mapping[str, Json], *inputs: Tensor, shape: Shape
    ) -> Tensor:
        """Call a layer of ``layers.js`` without weights; see ``LayerContext.companion``."""
        shapes = [[[list(x.shape) for x in inputs], [list(shape)]]]
        config = {
            "arguments": dict(arguments),
            "variables": [],
            "shapes": shapes,
            "passes_mask": False,
        }
        return self.layer(f"{companion.PACKAGE}>{class_name}", config, *inputs, shape=shape)

    def model(self, *outputs: Tensor) -> TfjsLayer:
        """Return the finished model."""
        # A model's output that is its input would be known under the input's name.
        ends = [self.activation(x, "linear") if x in self.inputs else x for x in outputs]
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


def lower_or_companion(
    context: LayerContext,
    lower: Callable[[Lowering], Tensor | Sequence[Tensor]],
    class_name: str,
    arguments: Mapping[str, Json],
) -> TfjsLayer:
    """Return the small model that `lower` builds, or a companion where sizes are not known.

    Parameters
    ----------
    lower
        Gets an empty small model and returns its output or outputs.
    class_name, arguments
        Of the companion; see ``LayerContext.companion``.
    """
    try:
        lowering = Lowering(context)
        made = lower(lowering)
    except UnknownShapeError:
        return context.companion(class_name, arguments)
    return lowering.model(*([made] if isinstance(made, Tensor) else made))


def common_shapes(facts: Sequence[Sequence[InputFact]]) -> list[Shape]:
    """Return the shape of each input (or output) of a layer's calls, ``None`` where they differ.

    Raises
    ------
    UnknownShapeError
        The calls differ in rank or number of inputs, or no shape is known.
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


def _known(size: int | None) -> int:
    if size is None:
        raise UnknownShapeError("a size of its input is not known")
    return size


def known_sizes(sizes: Sequence[int | None]) -> tuple[int, ...]:
    """Return sizes that must all be known.

    Raises
    ------
    UnknownShapeError
        One is not.
    """
    return tuple(map(_known, sizes))
