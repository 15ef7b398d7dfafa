"""ConvLSTM2D (``tfjs-layers/src/layers/convolutional_recurrent.ts``)."""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.layers.recurrent import lstm_cell, no_initial_state, recurrence
from tfjs_serve.conversion.model import KerasLayer
from tfjs_serve.conversion.registry import kernel_and_bias, rule
from tfjs_serve.conversion.shapes import Shapes, convolved


def _maps(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    batch, steps, *image = inputs[0]
    filters = layer.config["filters"]
    step = convolved(layer.config, (batch, *image), filters)
    output = (batch, steps, *step[1:]) if layer.config.get("return_sequences") else step
    return (output, step, step) if layer.config.get("return_state") else (output,)


@rule(
    "ConvLSTM2D",
    variables=kernel_and_bias("kernel", "recurrent_kernel"),
    shape=_maps,
    notes="groups=1, no initial state",
)
def conv_lstm_2d(context: LayerContext) -> TfjsLayer:
    """An LSTM whose products are convolutions."""
    read = context.read
    read.ignore("rank")
    read.only("groups", 1, hint="Use groups=1.")
    no_initial_state(context, "Leave the initial_state out.")
    return context.native(
        "ConvLSTM2D",
        {
            **recurrence(context),
            **lstm_cell(context, "filters"),
            "kernel_size": read.integers("kernel_size", 2),
            "strides": read.integers("strides", 2, 1),
            "padding": read.choice("padding", "valid", ("valid", "same"), "Use 'same'."),
            "data_format": read.text("data_format", "channels_last"),
            "dilation_rate": read.integers("dilation_rate", 2, 1),
        },
    )
