"""RNN and StackedRNNCells (``tfjs-layers/src/layers/recurrent.ts``)."""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve import companion
from tfjs_serve.conversion.layers.recurrent import steps
from tfjs_serve.conversion.layers.shared.recurrence import (
    RECURRENT,
    Loop,
    companion_layer_of,
    in_companion_terms,
    is_companion,
    is_started,
    read_loop,
    with_equal_outputs,
    with_weights_of,
)
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Support, rule
from tfjs_serve.conversion.rules.tfjs_names import valid_name
from tfjs_serve.layers_model.model import LayersWeight


@rule(
    "RNN",
    shape=steps,
    traits=replace(RECURRENT, attributes=("cell",)),
    support=Support(notes="cells of this table", companion="as the cells; states of several cells"),
)
def rnn(context: LayerContext) -> TfjsLayer:
    """The cell builds its weights in the layer's own name scope."""
    loop = read_loop(context)
    (inner,) = context.layer.children
    if not loop.needs_companion(context) and not _has_other_states(context, inner, loop):
        translated = context.translate_child(inner, valid_name(inner.name), context.scope)
        if not is_companion(translated):
            layer = TfjsLayer(
                class_name="RNN",
                config={**context.base_config(), **loop.native, "cell": translated.to_json()},
                weights=translated.weights,
            )
            return layer if _is_stack(inner) else with_equal_outputs(layer)
    return _companion(context, loop, inner)


def _has_other_states(context: LayerContext, inner: KerasLayer, loop: Loop) -> bool:
    """Whether stacked cells get or return states: TF.js has them in the reverse order."""
    return _is_stack(inner) and (is_started(context) or loop.return_state)


def _is_stack(inner: KerasLayer) -> bool:
    return inner.class_name == "StackedRNNCells"


def _companion(context: LayerContext, loop: Loop, inner: KerasLayer) -> TfjsLayer:
    arguments, translated = in_companion_terms(context, inner, context.scope)
    if not is_companion(translated):
        context.problem(
            "unsupported-layer",
            f"A cell of the class {inner.class_name} is not one that Keras ships.",
            "Use SimpleRNNCell, LSTMCell, GRUCell or StackedRNNCells.",
        )
    own = with_weights_of(context, translated, scope=context.scope)
    return companion_layer_of(own, "RNN", loop, arguments)


@rule(
    "StackedRNNCells",
    support=Support(companion="states; as the cells"),
)
def stacked_rnn_cells(context: LayerContext) -> TfjsLayer:
    """Each cell builds its weights in a scope ``RNNCell_<index>``."""
    # Keras 2 fails wherever it would change anything (``call`` in ``stacked_rnn_cells.py``).
    context.read.ignore("reverse_state_order")
    if not context.layer.mask_input:
        cells = [
            context.translate_child(
                child, valid_name(child.name), f"{context.scope}/RNNCell_{index}"
            )
            for index, child in enumerate(context.layer.children)
        ]
        if not any(map(is_companion, cells)):
            return TfjsLayer(
                class_name="StackedRNNCells",
                config={**context.base_config(), "cells": [cell.to_json() for cell in cells]},
                weights=tuple(weight for cell in cells for weight in cell.weights),
            )
    return _companion_stack(context)


def _companion_stack(context: LayerContext) -> TfjsLayer:
    """Return the cells for the layer around them, with those of stacks inside the stack."""
    cells: list[Json] = []
    weights: list[LayersWeight] = []
    for index, child in enumerate(context.layer.children):
        arguments, translated = in_companion_terms(context, child, f"{context.scope}/{index}")
        cells += [{**cell, "prefix": f"{index}/{cell['prefix']}"} for cell in arguments["cells"]]
        weights += translated.weights
    return TfjsLayer(
        class_name=f"{companion.PACKAGE}>Cell",
        config={"trainable": context.layer.trainable, "arguments": {"cells": cells}},
        weights=tuple(weights),
    )
