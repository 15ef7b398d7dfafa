"""What all recurrent layers share: how they run their cells over time.

TF.js's own layers are used where they compute the same; the others are in
``browser/layers/recurrent.js``. A cell becomes a companion's `TfjsLayer` if TF.js lacks it, or if a
companion is to run it (`KerasLayer.mask_input`). This layer is not written: the layer around it
takes its arguments, ``{"cells": [...]}`` with one entry for each cell of a stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tfjs_serve import companion
from tfjs_serve.conversion.layers.shared.cells import Cell
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.model.sources import Weights
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.traits import Masking, MaskUse, Traits
from tfjs_serve.layers_model.model import TensorSource

RECURRENT = Traits(
    masking=Masking.PER_STEP,
    mask_use=MaskUse.PER_STEP,
    tfjs_reads_mask=True,
    has_states=True,
    call_arguments=("initial_state", "mask", "training"),
)
"""Traits of all recurrent layers that use masks."""


def state_count(cell: KerasLayer) -> int:
    """Return how many states a recurrent layer or cell has."""
    return 2 if "LSTM" in cell.class_name else 1


def with_equal_outputs(layer: TfjsLayer) -> TfjsLayer:
    """Return a recurrent layer of TF.js's own that states which of its outputs are one tensor.

    If a recurrent layer does not return sequences, its output is its first state, and TF.js returns
    the same tensor as both. ``execute`` in ``tfjs-layers/src/engine/executor.ts`` disposes of each
    output after its last use, and so would dispose of the other one too.
    """
    twice = layer.config.get("return_state") and not layer.config.get("return_sequences")
    return replace(layer, equal_outputs={0: 1}) if twice else layer


def sequences(_layer: KerasLayer, weights: Weights) -> Iterator[Shape]:
    """Yield the shape of inputs, ``(batch, steps, features)``; the kernel tells the features."""
    if weights:
        yield (None, None, weights["kernel"].shape[0])


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
        """The arguments of TF.js's layers, without ``unroll``, which they ignore with a warning."""
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
            # TF.js runs it again for each output that is used (``executor.ts``), which changes its
            # state again. It cannot start at a given state either.
            or (self.stateful and (self.return_state or is_started(context)))
        )

    def arguments(self, layer: KerasLayer) -> dict[str, Json]:
        """Return what ``browser/layers/recurrent.js`` reads.

        At a masked step, a layer returns zeros or repeats its last output. If there is none yet,
        it returns zeros in TensorFlow, and in unrolled layers on all backends, and its initial
        state on the other backends of Keras 3. Unrolled layers of Keras 3 ignore
        `zero_output_for_mask`. Unrolled layers of Keras 2 that go backwards put the zeros of a
        sequence where the mask of the forward direction has them (``rnn`` in
        ``keras/src/backend/*/rnn.py`` and ``tf_keras/src/backend.py``).
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
    """Read the arguments that all layers share that run a cell over time."""
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


def is_masked(context: LayerContext) -> bool:
    """Whether in Keras a mask travels to one of the layer's calls."""
    return any(bool(call) and call[0].masked for call in context.calls)


def is_started(context: LayerContext) -> bool:
    """Whether one of the layer's calls gets an initial state."""
    return any(len(call) > 1 for call in context.calls)


def input_use(context: LayerContext) -> dict[str, Json]:
    """Return what the companion reads about its calls: how many, their masks, their order."""
    mask = "none"
    if context.layer.mask_input:
        mask = "explicit"
    elif is_masked(context):
        # Only where Keras has a mask: TF.js passes masks of earlier layers to all later ones.
        mask = "implicit"
    return {"mask": mask, "ordered": context.layer.order_input, "runs": len(context.calls)}


def companion_cell(context: LayerContext, cell: Cell) -> TfjsLayer:
    """Return a companion cell for the layer around it; see the top of the module."""
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
    """Return a companion layer that runs one cell; the cell's weights are the layer's own."""
    _warn_of_losses(context, cell)
    cells = {"cells": [cell.arguments], **(further or {})}
    return companion_layer_of(context, class_name, loop, cells)


def companion_layer_of(
    context: LayerContext, class_name: str, loop: Loop, cells: Mapping[str, Json]
) -> TfjsLayer:
    """Return a companion layer that runs the cells of :func:`in_companion_terms`."""
    arguments = {**loop.arguments(context.layer), **input_use(context), **cells}
    return context.companion(class_name, arguments)


def is_companion(layer: TfjsLayer) -> bool:
    """Whether plain TF.js cannot make the layer."""
    return layer.class_name.startswith(f"{companion.PACKAGE}>")


def in_companion_terms(
    context: LayerContext, child: KerasLayer, scope: str
) -> tuple[dict[str, Json], TfjsLayer]:
    """Translate a layer inside this one; return the companion's arguments for it, and the layer.

    Parameters
    ----------
    scope
        Prefix of the names of its weights.
    """
    translated = context.translate_child(replace(child, mask_input=True), child.name, scope)
    return translated.config.get("arguments") or {"cells": []}, translated


def with_weights_of(context: LayerContext, *parts: TfjsLayer, scope: str = "") -> LayerContext:
    """Return the context with the weights of `parts` as the layer's own, without their `scope`."""
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
