"""RNN and StackedRNNCells (``tfjs-layers/src/layers/recurrent.ts``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tfjs_serve import companion
from tfjs_serve.conversion.layers.recurrent import steps
from tfjs_serve.conversion.layers.shared.cells import NO_DROPOUT
from tfjs_serve.conversion.layers.shared.recurrence import (
    RECURRENT,
    Loop,
    is_companion,
    is_started,
    layer_in_both_forms,
    or_fixed,
    read_loop,
    with_equal_outputs,
)
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.rules.context import Inside, LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Support, rule
from tfjs_serve.conversion.rules.tfjs_names import valid_name
from tfjs_serve.layers_model.model import TensorSource


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
    translated = context.translate_child(inner, valid_name(inner.name), context.scope)
    if translated.inside is None:
        if not _is_stack(inner):
            _report_other(context, inner)
        return translated
    native = None if loop.needs_companion(context) else _native(context, loop, translated)
    return layer_in_both_forms(context, "RNN", loop, translated.inside, native)


def _native(context: LayerContext, loop: Loop, cell: TfjsLayer) -> TfjsLayer | None:
    """Return TF.js's layer, ``None`` if it has none that computes the same."""
    (inner,) = context.layer.children
    if is_companion(cell) or _has_other_states(context, inner, loop):
        return None
    _warn_of_dropout(context, inner)
    layer = TfjsLayer(
        class_name="RNN",
        config={**context.base_config(), **loop.native, "cell": cell.to_json()},
        weights=cell.weights,
    )
    return layer if _is_stack(inner) else with_equal_outputs(layer)


def _warn_of_dropout(context: LayerContext, inner: KerasLayer) -> None:
    for cell in inner.walk():
        if any(cell.config.get(rate) for rate in NO_DROPOUT):
            message = "its dropout is left out: TensorFlow.js's RNN cannot predict twice with it."
            context.read.report.warn(cell, message)


def _has_other_states(context: LayerContext, inner: KerasLayer, loop: Loop) -> bool:
    """Whether stacked cells get or return states: TF.js has them in the reverse order."""
    return _is_stack(inner) and (is_started(context) or loop.return_state)


def _is_stack(inner: KerasLayer) -> bool:
    return inner.class_name == "StackedRNNCells"


def _report_other(context: LayerContext, inner: KerasLayer) -> None:
    context.problem(
        "unsupported-layer",
        f"A cell of the class {inner.class_name} is not one that Keras ships.",
        "Use SimpleRNNCell, LSTMCell, GRUCell or StackedRNNCells.",
    )


@rule(
    "StackedRNNCells",
    support=Support(companion="states; as the cells"),
)
def stacked_rnn_cells(context: LayerContext) -> TfjsLayer:
    """Each cell builds its weights in a scope ``RNNCell_<index>``."""
    # Keras 2 fails wherever it would change anything (``call`` in ``stacked_rnn_cells.py``).
    context.read.ignore("reverse_state_order")
    cells = [
        context.translate_child(child, valid_name(child.name), f"{context.scope}/RNNCell_{index}")
        for index, child in enumerate(context.layer.children)
    ]
    for child, cell in zip(context.layer.children, cells, strict=True):
        if cell.inside is None and not context.read.report.tells_of(child):
            _report_other(context, child)
    inside = _inside(context, [cell.inside for cell in cells])
    if any(map(is_companion, cells)):
        return TfjsLayer(class_name=f"{companion.PACKAGE}>Cell", config={}, inside=inside)
    return TfjsLayer(
        class_name="StackedRNNCells",
        config={**context.base_config(), "cells": [cell.to_json() for cell in cells]},
        weights=tuple(weight for cell in cells for weight in cell.weights),
        inside=inside,
    )


def _inside(context: LayerContext, parts: Sequence[Inside | None]) -> Inside | None:
    """Return the cells for a companion, with those of stacks inside the stack; see `Inside`."""
    cells: list[Json] = []
    weights: dict[str, TensorSource] = {}
    fixed: set[str] = set()
    without_losses: list[KerasLayer] = []
    for index, part in enumerate(parts):
        if part is None:
            return None
        prefix = f"{index}/"
        cells += [{**cell, "prefix": prefix + cell["prefix"]} for cell in part.arguments["cells"]]
        weights |= {prefix + name: source for name, source in part.weights.items()}
        fixed |= {prefix + name for name in part.fixed}
        without_losses += part.without_losses
    inside = Inside(
        arguments={"cells": cells},
        weights=weights,
        fixed=fixed,
        without_losses=tuple(without_losses),
    )
    return or_fixed(context, inside)
