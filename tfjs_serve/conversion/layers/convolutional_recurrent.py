"""ConvLSTM1D, 2D, 3D (``tfjs-layers/src/layers/convolutional_recurrent.ts`` has 2D)."""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.layers.recurrence import (
    Cell,
    Loop,
    companion_layer,
    is_masked,
    is_started,
    read_loop,
)
from tfjs_serve.conversion.layers.recurrent import lstm_cell
from tfjs_serve.conversion.model import KerasLayer
from tfjs_serve.conversion.registry import Masking, Outcome, kernel_and_bias, rule
from tfjs_serve.conversion.shapes import Shapes, convolved


def _maps(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    batch, steps, *image = inputs[0]
    filters = layer.config["filters"]
    step = convolved(layer.config, (batch, *image), filters)
    output = (batch, steps, *step[1:]) if layer.config.get("return_sequences") else step
    return (output, step, step) if layer.config.get("return_state") else (output,)


def _cell(context: LayerContext, rank: int) -> Cell:
    """Return the arguments of an LSTM cell whose products are convolutions."""
    read = context.read
    read.ignore("rank")
    read.only("groups", 1, hint="Use groups=1.")
    cell = lstm_cell(context, "filters")
    window = {
        "strides": read.integers("strides", rank, 1),
        "padding": read.choice("padding", "valid", ("valid", "same"), "Use 'same'."),
        "dilation_rate": read.integers("dilation_rate", rank, 1),
    }
    native = {**window, "kernel_size": read.integers("kernel_size", rank)}
    return replace(
        cell.with_native(**native, data_format="channels_last"),
        arguments={**cell.arguments, **window},
    )


def _conv_lstm(rank: int) -> None:
    name = f"ConvLSTM{rank}D"

    @rule(
        name,
        variables=kernel_and_bias("kernel", "recurrent_kernel"),
        outcome=Outcome.NATIVE if rank == 2 else Outcome.COMPANION,
        shape=_maps,
        masking=Masking.PER_STEP,
        companion="channels_first, initial states, masks, activations that TensorFlow.js lacks"
        if rank == 2
        else "all",
    )
    def translate(context: LayerContext) -> TfjsLayer:
        loop, cell = read_loop(context), _cell(context, rank)
        first = context.read.text("data_format", "channels_last") == "channels_first"
        if rank != 2 or first or cell.native is None or _needs_companion(context, loop):
            first_axis = {"channels_first": True} if first else {}
            return companion_layer(context, name, _as_run(context, loop), cell, first_axis)
        return context.native(name, {**loop.native, **cell.native})


def _needs_companion(context: LayerContext, loop: Loop) -> bool:
    """Whether TF.js's loop over images computes something else, or nothing."""
    return loop.needs_companion(context) or is_started(context) or is_masked(context)


def _as_run(context: LayerContext, loop: Loop) -> Loop:
    """Return the arguments as Keras uses them (``base_conv_rnn.py`` in Keras 2)."""
    if context.layer.generation >= 3:
        return loop
    return replace(loop, zero_output_for_mask=False, time_major=False)


for _rank in (1, 2, 3):
    _conv_lstm(_rank)
