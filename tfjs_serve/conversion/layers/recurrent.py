"""Recurrent layers and their cells (``tfjs-layers/src/layers/recurrent.ts``)."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.activations import activation
from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.model import Json, KerasLayer
from tfjs_serve.conversion.names import valid_name
from tfjs_serve.conversion.objects import parameter, parameters
from tfjs_serve.conversion.registry import Masking, kernel_and_bias, rule
from tfjs_serve.conversion.shapes import Shapes

_VARIABLES = kernel_and_bias("kernel", "recurrent_kernel")


def steps(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    """Return the shapes of a recurrent layer's output and states."""
    batch, time = inputs[0][:2]
    cells = [inner for inner in layer.walk() if "units" in inner.config]
    width = cells[-1].config["units"]
    output = (batch, time, width) if layer.config.get("return_sequences") else (batch, width)
    if not layer.config.get("return_state"):
        return (output,)
    counts = [2 if inner.class_name.startswith("LSTM") else 1 for inner in cells]
    states = [
        (batch, inner.config["units"])
        for inner, count in zip(cells, counts, strict=True)
        for _ in range(count)
    ]
    return (output, *states)


def recurrence(context: LayerContext) -> dict[str, Json]:
    """Return the arguments of every layer that runs a cell over time."""
    read = context.read
    read.ignore("activity_regularizer", "input_dim", "input_length")
    if read.boolean("zero_output_for_mask", False):
        # TF.js repeats the output before a masked step.
        context.no_mask()
    read.only("time_major", False, hint="Use time_major=False and a Permute.")
    # TF.js never unrolls; it warns at each prediction, and its ConvLSTM2D throws.
    read.ignore("unroll")
    flags = ("return_sequences", "return_state", "go_backwards", "stateful")
    return {flag: read.boolean(flag, False) for flag in flags}


def cell(context: LayerContext, size: str = "units") -> dict[str, Json]:
    """Return the arguments that all cells share; `size` names the number of outputs."""
    read = context.read
    read.ignore("seed", "implementation")
    return {
        size: read.integer(size),
        "activation": activation(context, default="tanh"),
        "use_bias": read.boolean("use_bias", True),
        "dropout": read.number("dropout", 0.0),
        "recurrent_dropout": read.number("recurrent_dropout", 0.0),
        **parameters(context, "kernel", "bias"),
        **parameter(context, "recurrent_kernel", "recurrent"),
    }


def _recurrent_activation(context: LayerContext) -> dict[str, Json]:
    # Keras 2.0 to 2.2 had hard_sigmoid as the default; they write it, as all versions do.
    return {"recurrent_activation": activation(context, "recurrent_activation", "sigmoid")}


def lstm_cell(context: LayerContext, size: str = "units") -> dict[str, Json]:
    """Return the arguments of an LSTM cell."""
    forget = context.read.boolean("unit_forget_bias", True)
    return {**cell(context, size), **_recurrent_activation(context), "unit_forget_bias": forget}


def _gru_cell(context: LayerContext) -> dict[str, Json]:
    if context.read.boolean("reset_after", False):
        context.read.unsupported(
            "reset_after", True, "Train with GRU(..., reset_after=False), or use LSTM."
        )
    return {**cell(context), **_recurrent_activation(context), "reset_after": False}


_CELLS = {"SimpleRNN": cell, "LSTM": lstm_cell, "GRU": _gru_cell}


def _layer_and_cell(name: str) -> None:
    notes = "reset_after=False" if name == "GRU" else ""
    arguments = _CELLS[name]

    @rule(name, variables=_VARIABLES, shape=steps, masking=Masking.PER_STEP, notes=notes)
    def translate_layer(context: LayerContext) -> TfjsLayer:
        return context.native(name, {**recurrence(context), **arguments(context)})

    @rule(f"{name}Cell", variables=_VARIABLES, notes=notes)
    def translate_cell(context: LayerContext) -> TfjsLayer:
        return context.native(f"{name}Cell", {**arguments(context), **_no_dropout(context)})


def _no_dropout(context: LayerContext) -> dict[str, Json]:
    """Leave dropout out: TF.js's RNN keeps the mask of a cell's first call for all others."""
    rates = ("dropout", "recurrent_dropout")
    if any(context.read.number(rate, 0.0) for rate in rates):
        context.warn("its dropout is left out: TensorFlow.js's RNN cannot predict twice with it.")
    return dict.fromkeys(rates, 0.0)


for _name in _CELLS:
    _layer_and_cell(_name)


@rule(
    "RNN",
    shape=steps,
    masking=Masking.PER_STEP,
    notes="cells of this table; states of one cell only",
)
def rnn(context: LayerContext) -> TfjsLayer:
    """The cell builds its weights in the layer's own name scope."""
    config = recurrence(context)
    (inner,) = context.layer.children
    if len(inner.children) > 1:
        _no_states(context, config)
    translated = context.translate_child(inner, valid_name(inner.name), context.scope)
    return TfjsLayer(
        class_name="RNN",
        config={**context.base_config(), **config, "cell": translated.to_json()},
        weights=translated.weights,
    )


def _no_states(context: LayerContext, config: Mapping[str, Json]) -> None:
    """Report states that enter or leave stacked cells: TF.js has them in the reverse order."""
    hint = "Stack layers instead of cells: TensorFlow.js orders the states of cells otherwise."
    if config["return_state"]:
        context.read.unsupported("return_state", True, hint)
    no_initial_state(context, hint)


def no_initial_state(context: LayerContext, hint: str) -> None:
    """Report an initial state that is given to a layer."""
    if any(len(call) > 1 for call in context.calls):
        context.problem(
            "unsupported-call",
            "It is called with an initial state, which TensorFlow.js does not take as Keras does.",
            hint,
        )


@rule("StackedRNNCells")
def stacked_rnn_cells(context: LayerContext) -> TfjsLayer:
    """Each cell builds its weights in a scope ``RNNCell_<index>``."""
    hint = "Use reverse_state_order=False."
    context.read.only("reverse_state_order", False, hint=hint)
    cells = [
        context.translate_child(child, valid_name(child.name), f"{context.scope}/RNNCell_{index}")
        for index, child in enumerate(context.layer.children)
    ]
    return TfjsLayer(
        class_name="StackedRNNCells",
        config={**context.base_config(), "cells": [inner.to_json() for inner in cells]},
        weights=tuple(weight for inner in cells for weight in inner.weights),
    )
