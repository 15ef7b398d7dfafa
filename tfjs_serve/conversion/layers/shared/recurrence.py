"""What all recurrent layers share: how cells are run over time, and what they compute.

TF.js's own layers are used where they compute the same; ``browser/layers/recurrent.js`` has the
rest. A cell that only the companion has, or that is asked for in the companion's terms
(`KerasLayer.mask_input`), becomes a `TfjsLayer` of the companion's that the layer around it takes
apart: its arguments are ``{"cells": [...]}``, one entry for each cell of a stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tfjs_serve import companion
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.sources import Array, computed_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.initializers import parameter, parameters
from tfjs_serve.conversion.small_models.activations import (
    companion_activation,
    is_hard_sigmoid,
    native_activation,
)
from tfjs_serve.layers_model.model import TensorSource

_GATE_SCALES = {
    "GRU": (5 / 6, 5 / 6, 1),  # update, reset, candidate
    "LSTM": (5 / 6, 5 / 6, 1, 5 / 6),  # input, forget, candidate, output
}
"""Of the parts of the weights' last axis; see :func:`_with_hard_gates`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell in both terms.

    Attributes
    ----------
    native
        The configuration of TF.js's cell; ``None`` if it has none that computes the same.
    weights
        Those of TF.js's cell, by Keras's names.
    arguments
        What ``browser/layers/cells.js`` reads.
    has_losses
        Whether it has regularizers or constraints, which the companion does without.
    """

    native: dict[str, Json] | None
    weights: Mapping[str, TensorSource]
    arguments: dict[str, Json]
    has_losses: bool = False

    def with_native(self, **further: Json) -> Cell:
        """Return the cell with further arguments of TF.js's cell."""
        return self if self.native is None else replace(self, native={**self.native, **further})


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """How a layer runs its cell over time; the attributes are Keras's arguments."""

    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    unroll: bool
    time_major: bool
    zero_output_for_mask: bool

    @property
    def native(self) -> dict[str, Json]:
        """The arguments that TF.js's layers take; they never unroll, but warn."""
        return {
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
        }

    def needs_companion(self, context: LayerContext) -> bool:
        """Whether TF.js's layers, whatever their cell, compute something else."""
        return (
            context.layer.mask_input
            or context.layer.order_input
            or self.time_major
            or (self.zero_output_for_mask and is_masked(context))
            # It runs again for each output that is used (``executor.ts``), and moves on. Nor can
            # its state be given.
            or (self.stateful and (self.return_state or is_started(context)))
        )

    def arguments(self, layer: KerasLayer) -> dict[str, Json]:
        """Return what ``browser/layers/recurrent.js`` reads.

        At a masked step, a layer puts out zeros or repeats the output before. Where there is none
        before, TensorFlow takes zeros, and so do unrolled layers on all backends; the other
        backends of Keras 3 take the initial state. Unrolled, these ignore `zero_output_for_mask`,
        and TensorFlow uses the mask of the forward direction for the zeros of a sequence (``rnn``
        in ``keras/src/backend/*/rnn.py`` and ``tf_keras/src/backend.py``).
        """
        scans = layer.generation >= 3 and not self.unroll
        return {
            **self.native,
            "time_major": self.time_major,
            "zero_output": self.zero_output_for_mask and (scans or layer.generation < 3),
            "zeros_unturned": layer.generation < 3
            and self.unroll
            and self.go_backwards
            and self.return_sequences,
            "starts_at_state": scans,
            "given_wins": layer.generation >= 3,
        }


def read_loop(context: LayerContext) -> Loop:
    """Return the arguments of every layer that runs a cell over time."""
    read = context.read
    read.ignore("activity_regularizer", "input_dim", "input_length", "use_cudnn", "return_runtime")
    return Loop(
        return_sequences=read.boolean("return_sequences", False),
        return_state=read.boolean("return_state", False),
        go_backwards=read.boolean("go_backwards", False),
        stateful=read.boolean("stateful", False),
        unroll=read.boolean("unroll", False),
        time_major=read.boolean("time_major", False),
        zero_output_for_mask=read.boolean("zero_output_for_mask", False),
    )


def read_cell(
    context: LayerContext, kind: str, defaults: Mapping[str, str], size: str = "units"
) -> Cell:
    """Return the arguments that all cells share.

    Parameters
    ----------
    kind
        Of the companion's cell.
    defaults
        The activations of the cell by the names of their arguments.
    size
        Name of the argument that holds the number of outputs.
    """
    read, generation = context.read, context.layer.generation
    read.ignore("seed", "implementation", "enable_caching_device")
    values = {key: read.take(key, default) for key, default in defaults.items()}
    rates = {rate: read.number(rate, 0.0) for rate in ("dropout", "recurrent_dropout")}
    gate = values.get("recurrent_activation")
    is_hard = native_activation(gate, generation) is None and is_hard_sigmoid(gate, generation)
    native = {
        size: read.integer(size),
        **{key: native_activation(value, generation) for key, value in values.items()},
        **({"recurrent_activation": "hard_sigmoid"} if is_hard else {}),
        "use_bias": read.boolean("use_bias", True),
        **rates,
        **parameters(context, "kernel", "bias"),
        **parameter(context, "recurrent_kernel", "recurrent"),
    }
    functions = {key: companion_activation(value, generation) for key, value in values.items()}
    is_native = all(native[key] is not None for key in values)
    return Cell(
        native=native if is_native else None,
        weights=_with_hard_gates(context, kind) if is_hard else context.weights,
        arguments={"kind": kind, "prefix": "", **functions, **rates},
        has_losses=any(key.endswith(("_regularizer", "_constraint")) for key in native),
    )


def _with_hard_gates(context: LayerContext, kind: str) -> dict[str, TensorSource]:
    """Return weights with which TF.js's ``hard_sigmoid`` of the gates is that of Keras 3.

    That is ``clip(x / 6 + 0.5, 0, 1)``, and TF.js's, as in Keras 2, ``clip(0.2 x + 0.5, 0, 1)``:
    with 5/6 of `x`, which is linear in the weights, they are the same.
    """
    return {
        name: computed_source(partial(_scaled_gates, kind=kind), source, shape=source.shape)
        for name, source in context.weights.items()
    }


def _scaled_gates(weight: Array, *, kind: str) -> Array:
    scales = np.array(_GATE_SCALES[kind], np.float64)
    return weight * np.repeat(scales, weight.shape[-1] // len(scales))


def is_masked(context: LayerContext) -> bool:
    """Whether Keras lets a mask travel to one of the layer's calls."""
    return any(bool(call) and call[0].masked for call in context.calls)


def is_started(context: LayerContext) -> bool:
    """Whether one of the layer's calls gets an initial state."""
    return any(len(call) > 1 for call in context.calls)


def input_use(context: LayerContext) -> dict[str, Json]:
    """Return what the companion needs to know of its calls: where their masks are, and so on."""
    mask = "none"
    if context.layer.mask_input:
        mask = "explicit"
    elif is_masked(context):
        # A layer without one would get the mask of whichever layer was called before it.
        mask = "implicit"
    return {"mask": mask, "ordered": context.layer.order_input, "runs": len(context.calls)}


def companion_cell(context: LayerContext, cell: Cell) -> TfjsLayer:
    """Return a cell for the layer around it; see the top of the module."""
    _warn_of_losses(context, cell)
    arguments = {"cells": [cell.arguments]}
    return context.native(f"{companion.PACKAGE}>Cell", {"arguments": arguments})


def companion_layer(
    context: LayerContext,
    class_name: str,
    loop: Loop,
    cell: Cell,
    further: Mapping[str, Json] | None = None,
) -> TfjsLayer:
    """Return a layer of the companion's that runs a cell whose weights are the layer's own."""
    _warn_of_losses(context, cell)
    cells = {"cells": [cell.arguments], **(further or {})}
    return companion_layer_of(context, class_name, loop, cells)


def companion_layer_of(
    context: LayerContext, class_name: str, loop: Loop, cells: Mapping[str, Json]
) -> TfjsLayer:
    """Return a layer of the companion's that runs the cells of :func:`in_companion_terms`."""
    arguments = {**loop.arguments(context.layer), **input_use(context), **cells}
    return context.companion(class_name, arguments)


def is_companion(layer: TfjsLayer) -> bool:
    """Whether plain TF.js cannot make the layer."""
    return layer.class_name.startswith(f"{companion.PACKAGE}>")


def in_companion_terms(
    context: LayerContext, child: KerasLayer, scope: str
) -> tuple[dict[str, Json], TfjsLayer]:
    """Translate a layer inside of another one; return what the companion reads, too.

    Parameters
    ----------
    scope
        Prefix of the names of its weights.
    """
    translated = context.translate_child(replace(child, mask_input=True), child.name, scope)
    return translated.config.get("arguments") or {"cells": []}, translated


def with_weights_of(context: LayerContext, *parts: TfjsLayer, scope: str = "") -> LayerContext:
    """Return the context of a layer that has the weights of `parts`, without `scope`, itself."""
    prefix = f"{scope}/" if scope else ""
    weights: dict[str, TensorSource] = {}
    fixed: set[str] = set()
    for part in parts:
        found = {weight.name.removeprefix(prefix): weight.source for weight in part.weights}
        weights |= found
        if part.config.get("trainable") is False:
            fixed |= found.keys()
    return replace(context, weights=weights, fixed_variables=fixed)


def _warn_of_losses(context: LayerContext, cell: Cell) -> None:
    if cell.has_losses:
        context.warn("its regularizers and constraints are left out.")
