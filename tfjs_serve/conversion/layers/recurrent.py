"""SimpleRNN, LSTM, GRU and their cells (``tfjs-layers/src/layers/recurrent.ts``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tfjs_serve.conversion.layers.shared.cells import NO_DROPOUT, Cell, read_cell
from tfjs_serve.conversion.layers.shared.recurrence import (
    RECURRENT,
    cell_in_both_forms,
    layer_in_both_forms,
    read_inside,
    read_loop,
    sequences,
    state_count,
    with_equal_outputs,
)
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.shapes import Shape, Shapes
from tfjs_serve.conversion.model.sources import Weights
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Support, kernel_and_bias, rule
from tfjs_serve.conversion.rules.traits import Traits

_VARIABLES = kernel_and_bias("kernel", "recurrent_kernel")
_TRAITS = replace(RECURRENT, cell_inside=True, input_shapes=sequences)


def steps(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    """Return the shapes of a recurrent layer's output and states."""
    batch, time = inputs[0][:2]
    if layer.config.get("time_major"):
        batch, time = time, batch
    cells = [inner for inner in layer.walk() if "units" in inner.config]
    width = cells[-1].config["units"]
    sequence = (time, batch, width) if layer.config.get("time_major") else (batch, time, width)
    output = sequence if layer.config.get("return_sequences") else (batch, width)
    if not layer.config.get("return_state"):
        return (output,)
    states = [(batch, cell.config["units"]) for cell in cells for _ in range(state_count(cell))]
    return (output, *states)


def simple_cell(context: LayerContext) -> Cell:
    """Read the arguments of a SimpleRNN cell."""
    return read_cell(context, "simple_rnn", {"activation": "tanh"})


def lstm_cell(context: LayerContext, size: str = "units") -> Cell:
    """Read the arguments of an LSTM cell; `size` is the argument with the number of outputs.

    In Keras 2.0 to 2.2, the default of the recurrent activation was ``hard_sigmoid``; but all
    versions write the activation.
    """
    defaults = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    cell = read_cell(context, "lstm", defaults, size)
    return cell.with_native(unit_forget_bias=context.read.boolean("unit_forget_bias", True))


def gru_cell(context: LayerContext) -> Cell:
    """Read the arguments of a GRU cell.

    TF.js only has the variant that applies the reset gate before the product. Before Keras 2.1
    there was no other one, and no argument for it.
    """
    defaults = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    cell = read_cell(context, "gru", defaults)
    after = context.read.boolean("reset_after", context.layer.generation >= 3)
    cell = replace(cell, arguments={**cell.arguments, "reset_after": after})
    return replace(cell, native=None) if after else cell.with_native(reset_after=False)


_CELLS: dict[str, Callable[[LayerContext], Cell]] = {
    "SimpleRNN": simple_cell,
    "LSTM": lstm_cell,
    "GRU": gru_cell,
}
_COMPANION = (
    "activations that TensorFlow.js lacks, time_major, zero_output_for_mask, masks that "
    "TensorFlow.js mixes up, stateful with return_state"
)


def _layer(name: str, spelling: str) -> None:
    read = _CELLS[name]
    needed = f"reset_after=True, {_COMPANION}" if name == "GRU" else _COMPANION

    @rule(
        spelling,
        variables=_VARIABLES,
        shape=steps,
        traits=_TRAITS,
        support=Support(companion=needed),
    )
    def translate_layer(context: LayerContext) -> TfjsLayer:
        loop, cell = read_loop(context), read(context)
        native = None
        if cell.native is not None and not loop.needs_companion(context):
            plain = replace(context, weights=cell.weights)
            native = with_equal_outputs(plain.native(name, {**loop.native, **cell.native}))
        return layer_in_both_forms(context, name, loop, read_inside(context, cell), native)


def _of_one_step(_layer: KerasLayer, weights: Weights) -> Iterator[Shape]:
    """Yield the shape of one step; the kernel tells the number of features."""
    if weights:
        yield (None, weights["kernel"].shape[0])


def _cell(name: str) -> None:
    read = _CELLS[name]

    @rule(
        f"{name}Cell",
        variables=_VARIABLES,
        traits=Traits(input_shapes=_of_one_step),
        support=Support(companion="as the layer"),
    )
    def translate_cell(context: LayerContext) -> TfjsLayer:
        return cell_in_both_forms(context, read(context).with_native(**NO_DROPOUT))


for _name in _CELLS:
    _layer(_name, _name)
    _cell(_name)
# Names that the newer implementations had before TensorFlow 2.0.
_layer("LSTM", "UnifiedLSTM")
_layer("GRU", "UnifiedGRU")
