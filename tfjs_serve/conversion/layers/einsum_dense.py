"""EinsumDense (``keras/src/layers/core/einsum_dense.py``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from math import prod

import numpy as np

from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import RANKS, Shape, of_each
from tfjs_serve.conversion.model.sources import Weights, computed_source, reshaped_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.initializers import parameters_of_parts
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.activations import activated, companion_activation
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.einsum import Equation, parsed
from tfjs_serve.layers_model.model import TensorSource


def _shape(config: Mapping[str, Json], shape: Shape) -> Shape:
    """Return the shape; ``output_shape`` has no batch or ellipsis, ``None`` for input sizes."""
    equation = parsed(config["equation"], len(shape))
    given = config["output_shape"]
    partial = tuple(given) if isinstance(given, list) else (given,)
    elided = len(equation.output) - 1 - len(partial)
    before = equation.output[0] < 0
    full = (shape[0], *shape[1 : 1 + elided], *partial) if before else (shape[0], *partial)
    sizes = dict(zip(equation.source, shape, strict=True))
    known = dict(zip(equation.output, full, strict=False))
    return tuple(
        sizes.get(axis) if known.get(axis) is None else known[axis] for axis in equation.output
    )


def _variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    names = ("kernel",) if config.get("bias_axes") is None else ("kernel", "bias")
    return tuple(Variable(name=name) for name in names)


def _weight_shapes(layer: KerasLayer, shape: Shape) -> dict[str, Shape]:
    """Return the shape of the kernel, whose axes the input or the output have too."""
    equation = parsed(layer.config["equation"], len(shape))
    sizes = dict(zip(equation.source, shape, strict=True))
    sizes |= dict(zip(equation.output, _shape(layer.config, shape), strict=True))
    return {"kernel": tuple(sizes.get(axis) for axis in equation.kernel)}


def _input_shapes(layer: KerasLayer, weights: Weights) -> Iterator[Shape]:
    """Yield a shape for each number of axes that the equation allows.

    The kernel tells the sizes of its axes, and so does the bias, which may have axes of the input.
    """
    if "kernel" not in weights:
        return
    text, kernel = str(layer.config["equation"]), weights["kernel"].shape
    bias = weights["bias"].shape if "bias" in weights else ()
    letters = str(layer.config.get("bias_axes") or "")
    for rank in RANKS:
        with suppress(ValueError):
            equation = parsed(text, rank)
            sizes: dict[int, int] = dict(zip(equation.kernel, kernel, strict=False))
            places = [equation.output.index(ord(one)) for one in letters if bias]
            sizes |= {equation.output[at]: bias[at - min(places)] for at in places}
            if len(equation.source) == rank:
                yield tuple(map(sizes.get, equation.source))


@rule(
    "EinsumDense",
    variables=_variables,
    shape=of_each(_shape),
    outcome=Outcome.LOWERED,
    traits=Traits(weight_shapes=_weight_shapes, input_shapes=_input_shapes),
    support=Support(
        lowered="Dense between Permute and Reshape",
        companion="equations with an axis that input, kernel and output share, or that only the "
        "input has; bias_axes other than the axes that the kernel makes",
    ),
)
@activated
def einsum_dense(context: LayerContext, name: str) -> TfjsLayer:
    """Returns the product of input and kernel that ``equation`` describes, plus a bias."""
    read = context.read
    read.ignore("activity_regularizer", "output_shape", "bias_axes", "lora_alpha")
    read.ignore("gptq_unpacked_column_size")
    read.only("lora_rank", hint="Merge the LoRA weights into the kernel and save again.")
    parameters = {**parameters_of_parts(context, "kernel"), **parameters_of_parts(context, "bias")}
    rank = context.one_rank()
    text = read.text("equation", "")
    if rank is None:
        raise UnknownShapeError("the shape of the input is not known")
    equation = parsed(text, rank)
    if _is_dense(equation, context.weights):
        try:
            return _Dense(context, equation, name, parameters).model()
        except UnknownShapeError:
            pass
    return _companion(context, equation, name)


def _is_dense(equation: Equation, weights: Mapping[str, TensorSource]) -> bool:
    """Whether a Dense computes it after axes are moved."""
    batch = equation.source[0]
    if equation.repeats or equation.shared or equation.dropped or not weights:
        return False
    if batch != equation.output[0] or batch in equation.kernel:
        return False
    bias = weights.get("bias")
    sizes = dict(zip(equation.kernel, weights["kernel"].shape, strict=True))
    return bias is None or _of_last_axes(bias.shape, equation, sizes)


def _of_last_axes(bias: Sequence[int], equation: Equation, sizes: Mapping[int, int]) -> bool:
    """Whether a bias has a number for each element along the axes that the kernel makes."""
    axes = equation.output[len(equation.output) - len(bias) :]
    for_each = [sizes[axis] if axis in equation.made else 1 for axis in axes]
    return list(bias) == for_each and set(equation.made) <= set(axes)


def _companion(context: LayerContext, equation: Equation, name: str) -> TfjsLayer:
    arguments: dict[str, Json] = {
        "source": list(equation.source),
        "kernel": list(equation.kernel),
        "output": list(equation.output),
    }
    if name != "linear":
        value = context.read.take("activation")
        arguments["activation"] = companion_activation(value, context.layer.generation)
    return context.companion("EinsumDense", arguments)


class _Dense:
    """The small model: it moves and merges axes for a Dense, and then restores them."""

    def __init__(
        self,
        context: LayerContext,
        equation: Equation,
        activation_name: str,
        parameters: Mapping[str, Json],
    ) -> None:
        self._low = Lowering(context)
        self._equation = equation
        self._weights = context.weights
        self._activation = activation_name
        self._parameters = parameters

    def model(self) -> TfjsLayer:
        low = self._low
        (x,) = low.inputs
        output = self._in_order(self._dense(self._flattened(x)))
        if self._activation != "linear":
            output = low.activation(output, self._activation)
        return low.model(output)

    def _flattened(self, x: Tensor) -> Tensor:
        """Return the input with its contracted axes as the last one."""
        equation, low = self._equation, self._low
        order = [equation.source.index(a) for a in (*equation.free, *equation.contracted)]
        moved = x if order == sorted(order) else low.permute(x, order)
        if len(equation.contracted) == 1:
            return moved
        kept = moved.shape[1 : len(equation.free)]
        return low.reshape(moved, (*kept, prod(self._sizes(equation.contracted))))

    def _sizes(self, axes: Sequence[int]) -> list[int]:
        shape = self._weights["kernel"].shape
        return [shape[self._equation.kernel.index(axis)] for axis in axes]

    def _dense(self, x: Tensor) -> Tensor:
        equation = self._equation
        units = prod(self._sizes(equation.made))
        weights = {"kernel": self._kernel(units)}
        if "bias" in self._weights:
            weights["bias"] = reshaped_source(self._weights["bias"], (units,))
        config = {"units": units, "use_bias": "bias" in weights, "kernel_initializer": "zeros"}
        return self._low.layer("Dense", {**config, **self._parameters}, x, weights=weights)

    def _kernel(self, units: int) -> TensorSource:
        equation, kernel = self._equation, self._weights["kernel"]
        order = [equation.kernel.index(a) for a in (*equation.contracted, *equation.made)]
        shape = (prod(self._sizes(equation.contracted)), units)
        if order == sorted(order):
            return reshaped_source(kernel, shape)
        return computed_source(
            lambda values: np.transpose(values, order).reshape(shape), kernel, shape=shape
        )

    def _in_order(self, x: Tensor) -> Tensor:
        """Return the output of Dense with its axes split and in the equation's order."""
        equation, low = self._equation, self._low
        if len(equation.made) != 1:
            kept = x.shape[1 : len(equation.free)]
            x = low.reshape(x, (*kept, *self._sizes(equation.made)))
        axes = (*equation.free, *equation.made)
        order = [axes.index(axis) for axis in equation.output]
        return x if order == sorted(order) else low.permute(x, order)
