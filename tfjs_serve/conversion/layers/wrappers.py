"""TimeDistributed (``tfjs-layers/src/layers/wrappers.ts``)."""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.conversion.model.layers import CONTAINERS, KerasLayer
from tfjs_serve.conversion.model.shapes import Shapes
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer, report_mask
from tfjs_serve.conversion.rules.registry import Support, rule
from tfjs_serve.conversion.rules.tfjs_names import valid_name
from tfjs_serve.conversion.rules.traits import Inner, Masking, Traits, starts_recurrences


def _every_step(_layer: KerasLayer, inputs: Shapes, inner: tuple[Shapes, ...]) -> Shapes:
    return tuple((batch, inputs[0][1], *rest) for batch, *rest in inner[0])


@rule(
    "TimeDistributed",
    shape=_every_step,
    traits=Traits(
        masking=Masking.PASSES,
        inner=Inner.EACH_STEP,
        attributes=("layer",),
        call_arguments=("training", "mask"),
    ),
    support=Support(
        notes="no masks for models inside",
        companion="masks that the layer inside uses; several inputs or outputs; inputs of "
        "different shapes; stateful layers of Keras 2",
    ),
)
def time_distributed(context: LayerContext) -> TfjsLayer:
    """The inner layer builds its weights in the wrapper's own name scope."""
    (inner,) = context.layer.children
    if context.layer.mask_input:
        inner = _with_mask(context, inner)
    translated = context.translate_child(inner, valid_name(inner.name), context.scope)
    if not _needs_companion(context, inner):
        return TfjsLayer(
            class_name="TimeDistributed",
            config={**context.base_config(), "layer": translated.to_json()},
            weights=translated.weights,
        )
    arguments = {"stateful": _is_stateful(inner), "starts_twice": inner.generation < 3}
    made = context.companion("TimeDistributed", arguments)
    return replace(
        made,
        config={**made.config, "layer": translated.to_json()},
        weights=translated.weights,
    )


def _with_mask(context: LayerContext, inner: KerasLayer) -> KerasLayer:
    """Return the layer inside, with the masks of the steps as a further input."""
    if inner.class_name in CONTAINERS:
        report_mask(inner, context.read.report)
    return replace(inner, mask_input=True)


def _is_stateful(inner: KerasLayer) -> bool:
    return any(layer.config.get("stateful") for layer in inner.walk())


def _needs_companion(context: LayerContext, inner: KerasLayer) -> bool:
    several = any(
        len(inputs) > 1 or len(outputs) > 1
        for inputs, outputs in zip(context.calls, context.results, strict=True)
    )
    # Keras 2 runs a stateful layer twice at the first step: `rnn` in ``backend.py`` needs the
    # shape of its output.
    runs_twice = inner.generation < 3 and _is_stateful(inner)
    return (
        several
        or runs_twice
        or starts_recurrences(inner, context.traits_of)
        or not _is_one_shape(context)
    )


def _is_one_shape(context: LayerContext) -> bool:
    """Whether TF.js accepts the inputs of all calls: they must have the shape of the first.

    An unknown size matches every size (``assertInputCompatibility`` in ``topology.ts``).
    """
    known = [
        {size for size in sizes if size is not None} for sizes in zip(*context.shapes, strict=False)
    ]
    return all(len(sizes) < 2 for sizes in known) and len(set(context.ranks)) < 2
