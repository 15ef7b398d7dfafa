"""CuDNNLSTM and CuDNNGRU (``tf_keras/src/layers/rnn/cudnn_*.py``).

They are an LSTM and a GRU with fixed activations, and with weights in the layout of cuDNN
(``_convert_rnn_weights`` in ``tf_keras/src/saving/legacy/hdf5_format.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tfjs_serve.conversion.layers.recurrent import gru_cell, lstm_cell, steps
from tfjs_serve.conversion.layers.shared.recurrence import (
    layer_in_both_forms,
    read_inside,
    read_loop,
    sequences,
    with_equal_outputs,
)
from tfjs_serve.conversion.model.sources import Array, computed_source, reshaped_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, kernel_and_bias, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.layers_model.model import TensorSource

_VARIABLES = kernel_and_bias("kernel", "recurrent_kernel")
_TRAITS = Traits(tfjs_reads_mask=True, has_states=True, input_shapes=sequences)


@rule(
    "CuDNNLSTM",
    variables=_VARIABLES,
    shape=steps,
    traits=_TRAITS,
    support=Support(companion="as LSTM"),
)
def cudnn_lstm(context: LayerContext) -> TfjsLayer:
    """An LSTM; its two biases are added up."""
    loop, cell = read_loop(context), lstm_cell(context)
    own = _relaid(context, gates=4)
    native = None
    if cell.native is not None and not loop.needs_companion(own):
        native = with_equal_outputs(own.native("LSTM", {**loop.native, **cell.native}))
    return layer_in_both_forms(own, "LSTM", loop, read_inside(own, cell, _GIVEN_WINS), native)


@rule("CuDNNGRU", variables=_VARIABLES, shape=steps, traits=_TRAITS, outcome=Outcome.COMPANION)
def cudnn_gru(context: LayerContext) -> TfjsLayer:
    """A GRU that applies the reset gate after the product; it keeps its two biases."""
    loop, cell = read_loop(context), gru_cell(context)
    own = _relaid(context, gates=3)
    cell = replace(cell, arguments={**cell.arguments, "reset_after": True})
    return layer_in_both_forms(own, "GRU", loop, read_inside(own, cell, _GIVEN_WINS), None)


_GIVEN_WINS = {"given_wins": True}
"""Unlike Keras 2's LSTM, a stateful layer starts at the state that it is given."""


def _relaid(context: LayerContext, gates: int) -> LayerContext:
    """Return the context of the layer with the weights in Keras's layout."""
    kernel, recurrent, bias = context.weights.values()
    size = gates * recurrent.shape[0]
    weights = {
        "kernel": _each_gate(kernel, gates, lambda gate: gate.T.reshape(gate.shape, order="F")),
        "recurrent_kernel": _each_gate(recurrent, gates, np.transpose),
        "bias": reshaped_source(bias, (2, size))
        if gates == 3
        else computed_source(_both_added, bias, shape=(size,)),
    }
    return replace(context, weights=weights)


def _each_gate(source: TensorSource, gates: int, change: Callable[[Array], Array]) -> TensorSource:
    def compute(array: Array) -> Array:
        return np.hstack([change(gate) for gate in np.hsplit(array, gates)])

    return computed_source(compute, source, shape=source.shape)


def _both_added(bias: Array) -> Array:
    total: Array = bias.reshape(2, -1).sum(axis=0)
    return total
