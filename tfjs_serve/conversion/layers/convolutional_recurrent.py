"""ConvLSTM2D (``tfjs-layers/src/layers/convolutional_recurrent.ts``)."""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.layers.recurrent import lstm_cell, no_initial_state, recurrence, steps
from tfjs_serve.conversion.registry import kernel_and_bias, rule


@rule(
    "ConvLSTM2D",
    variables=kernel_and_bias("kernel", "recurrent_kernel"),
    rank=steps,
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
