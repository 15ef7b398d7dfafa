"""What all recurrent layers share: how they run their cells over time.

TF.js's own layers are used where they compute the same; the others are in
``browser/layers/recurrent.js``. Whether TF.js can run the layer around a cell or around another
recurrent layer is known only when both were translated. So rules return both forms of what may be
inside: TF.js's, and `Inside`, whose arguments have ``{"cells": [...]}`` with one entry for each
cell of a stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tfjs_serve import companion
from tfjs_serve.conversion.layers.shared.cells import Cell
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.report import NO_REGULARIZERS
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.model.sources import Weights
from tfjs_serve.conversion.rules.context import Inside, LayerContext, TfjsLayer
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
        it returns its initial state in Keras 3, and zeros in Keras 2 and in unrolled layers.
        Unrolled layers that go backwards put the zeros of a sequence where the mask of the forward
        direction has them (``rnn`` in ``keras/src/backend/*/rnn.py`` and
        ``tf_keras/src/backend.py``). For what backends differ in, see :func:`tell_unrolled_zeros`.
        """
        return {
            **self.native,
            "time_major": self.time_major,
            "zero_output": self.zero_output_for_mask,
            "zeros_unturned": self.unroll and self.go_backwards and self.return_sequences,
            "starts_at_state": layer.generation >= 3 and not self.unroll,
            "given_wins": layer.generation >= 3,
        }


def read_loop(context: LayerContext) -> Loop:
    """Read the arguments that all layers share that run a cell over time."""
    read = context.read
    read.ignore("activity_regularizer", "input_dim", "input_length", "use_cudnn", "return_runtime")
    loop = Loop(
        return_sequences=read.boolean("return_sequences", False),
        return_state=read.boolean("return_state", False),
        go_backwards=read.boolean("go_backwards", False),
        stateful=read.boolean("stateful", False),
        unroll=read.boolean("unroll", False),
        time_major=read.boolean("time_major", False),
        zero_output_for_mask=read.boolean("zero_output_for_mask", False),
    )
    if loop.unroll and loop.zero_output_for_mask:
        tell_unrolled_zeros(context)
    return loop


def tell_unrolled_zeros(context: LayerContext) -> None:
    """Note that an unrolled layer returns zeros at masked steps, if there are any."""
    is_masked_here = context.layer.mask_input or is_masked(context)
    if context.layer.generation >= 3 and is_masked_here:
        context.warn(
            "computed as Keras on TensorFlow does: masked steps of an unrolled layer are zeros. "
            "JAX and numpy repeat the output before them."
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


def read_inside(
    context: LayerContext, cell: Cell, further: Mapping[str, Json] | None = None
) -> Inside:
    """Return a cell as a companion runs it, with the weights of the context as its own.

    Parameters
    ----------
    further
        Arguments of the companion that runs it, beside those of the loop.
    """
    return Inside(
        arguments={"cells": [cell.arguments], **(further or {})},
        weights=context.weights,
        without_losses=(context.layer,) if cell.has_losses else (),
    )


def cell_in_both_forms(context: LayerContext, cell: Cell) -> TfjsLayer:
    """Return TF.js's cell, or a companion's if it has none, which only `TfjsLayer.inside` tells."""
    inside = or_fixed(context, read_inside(context, cell))
    if cell.native is None:
        return TfjsLayer(class_name=f"{companion.PACKAGE}>Cell", config={}, inside=inside)
    plain = replace(context, weights=cell.weights)
    return replace(plain.native(context.layer.class_name, cell.native), inside=inside)


def layer_in_both_forms(
    context: LayerContext, class_name: str, loop: Loop, cells: Inside, native: TfjsLayer | None
) -> TfjsLayer:
    """Return a layer that runs cells, and what a companion around it reads of it.

    Parameters
    ----------
    class_name
        The companion's.
    native
        TF.js's layer, which is preferred; ``None`` if it has none that computes the same.
    """
    # The layer around it gives it a mask or none, as its own calls have one.
    given = replace(context, layer=replace(context.layer, mask_input=True))
    arguments = _arguments(given, loop, cells)
    inside = or_fixed(context, replace(cells, arguments=arguments))
    made = native or with_weights_of(context, {"": cells}).companion(
        class_name, _arguments(context, loop, cells)
    )
    return replace(made, inside=inside)


def _arguments(context: LayerContext, loop: Loop, cells: Inside) -> dict[str, Json]:
    return {**loop.arguments(context.layer), **input_use(context), **cells.arguments}


def or_fixed(context: LayerContext, inside: Inside) -> Inside:
    """Return what is inside with all weights fixed if the layer is not trained."""
    return inside if context.layer.trainable else replace(inside, fixed=inside.weights.keys())


def is_companion(layer: TfjsLayer) -> bool:
    """Whether plain TF.js cannot make the layer."""
    return layer.class_name.startswith(f"{companion.PACKAGE}>")


def with_weights_of(context: LayerContext, parts: Mapping[str, Inside]) -> LayerContext:
    """Return the context with the weights of `parts` as the layer's own, by prefix."""
    weights: dict[str, TensorSource] = {}
    fixed: set[str] = set()
    for prefix, part in parts.items():
        weights |= {f"{prefix}{name}": source for name, source in part.weights.items()}
        fixed |= {f"{prefix}{name}" for name in part.fixed}
        for layer in part.without_losses:
            _warn_of_losses(context, layer)
    return replace(context, weights=weights, fixed_variables=fixed)


def _warn_of_losses(context: LayerContext, layer: KerasLayer) -> None:
    given = [key for key, value in layer.config.items() if value is not None]
    if any(key.endswith("_regularizer") and not key.startswith("activity") for key in given):
        context.read.report.warn(layer, NO_REGULARIZERS)
    if any(key.endswith("_constraint") for key in given):
        context.read.report.warn(layer, "its constraints are left out.")
