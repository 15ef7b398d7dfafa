"""Bidirectional (``tfjs-layers/src/layers/wrappers.ts``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tfjs_serve.conversion.layers.shared.recurrence import (
    RECURRENT,
    input_use,
    is_companion,
    is_masked,
    is_started,
    state_count,
    tell_unrolled_zeros,
    with_weights_of,
)
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import Shapes
from tfjs_serve.conversion.rules.context import Inside, LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Support, rule
from tfjs_serve.conversion.rules.tfjs_names import valid_name
from tfjs_serve.conversion.rules.traits import Inner

_OWN = frozenset({"seed", "build_config"})
"""Arguments that may differ between the directions without changing what they compute."""
_MERGE_MODES = ("concat", "sum", "ave", "mul")


def _both_directions(layer: KerasLayer, _inputs: Shapes, inner: tuple[Shapes, ...]) -> Shapes:
    (forward, *states), (backward, *others) = inner
    mode = layer.config.get("merge_mode", "concat")
    if mode is None:
        return (forward, backward, *states, *others)
    width = forward[-1]
    doubled = (*forward[:-1], None if width is None else 2 * width)
    return (doubled if mode == "concat" else forward, *states, *others)


@rule(
    "Bidirectional",
    shape=_both_directions,
    traits=replace(
        RECURRENT, inner=Inner.DIRECTIONS, attributes=("forward_layer", "backward_layer")
    ),
    support=Support(
        notes="recurrent layers of this table",
        companion="as the layer inside; RNN; a backward layer that is not the mirrored forward "
        "layer; masks with return_sequences, where TensorFlow.js repeats outputs instead of zeros",
    ),
)
def bidirectional(context: LayerContext) -> TfjsLayer:
    """TF.js makes both directions of one layer, in scopes ``forward_...`` and ``backward_...``."""
    read = context.read
    mode = read.take("merge_mode", "concat")
    if mode is not None and mode not in _MERGE_MODES:
        read.unsupported("merge_mode", mode, f"Use one of {', '.join(_MERGE_MODES)}.")
    forward, backward = context.layer.children
    name = valid_name(forward.name)
    one = context.translate_child(forward, name, f"{context.scope}/forward_{name}")
    other = context.translate_child(backward, name, f"{context.scope}/backward_{name}")
    if _needs_companion(context, mode) or is_companion(one) or is_companion(other):
        return _companion(context, mode, one.inside, other.inside)
    return TfjsLayer(
        class_name="Bidirectional",
        config={**context.base_config(), "layer": one.to_json(), "merge_mode": mode},
        weights=(*one.weights, *other.weights),
        equal_outputs={0: 2, 1: 2 + state_count(forward)}
        if one.equal_outputs and mode is None
        else {},
    )


def _needs_companion(context: LayerContext, mode: Json) -> bool:
    forward, backward = context.layer.children
    return (
        context.layer.mask_input
        or context.layer.order_input
        # At the masked steps of sequences, Keras returns zeros; TF.js repeats its last output.
        or (is_masked(context) and bool(forward.config.get("return_sequences")))
        # TF.js makes the second direction from the configuration of the first; for RNN it cannot.
        or forward.class_name == "RNN"
        or not _is_mirrored(forward, backward)
        # TF.js would run it once for each output. It cannot start at a given state either.
        or (bool(forward.config.get("stateful")) and (mode is None or is_started(context)))
    )


def _is_mirrored(forward: KerasLayer, backward: KerasLayer) -> bool:
    """Whether the layers differ only in their direction, because TF.js has one config for both."""
    turned = {**backward.config, "go_backwards": not backward.config.get("go_backwards")}
    return (
        forward.class_name == backward.class_name
        and forward.trainable == backward.trainable
        and all(
            forward.config.get(key) == value for key, value in turned.items() if key not in _OWN
        )
    )


def _companion(context: LayerContext, mode: Json, *parts: Inside | None) -> TfjsLayer:
    directions: dict[str, Json] = {}
    found: dict[str, Inside] = {}
    names = ("forward", "backward")
    for direction, layer, part in zip(names, context.layer.children, parts, strict=True):
        if part is None:
            _report_other(context, layer)
        else:
            zero_output = _zero_output(layer, part.arguments)
            directions[direction] = {**part.arguments, **zero_output}
            found[f"{direction}/"] = part
    if any(_is_unrolled_sequence(layer) for layer in context.layer.children):
        tell_unrolled_zeros(context)
    own = with_weights_of(context, found)
    arguments = {**input_use(context), "merge_mode": mode, **directions}
    return own.companion("Bidirectional", arguments)


def _zero_output(layer: KerasLayer, arguments: Mapping[str, Json]) -> dict[str, Json]:
    """Return the argument that Bidirectional sets in its layers: zeros at masked steps or not."""
    has_zeros = layer.generation >= 3 or not layer.class_name.startswith("ConvLSTM")
    return {"zero_output": bool(arguments.get("return_sequences")) and has_zeros}


def _is_unrolled_sequence(layer: KerasLayer) -> bool:
    return bool(layer.config.get("unroll") and layer.config.get("return_sequences"))


def _report_other(context: LayerContext, layer: KerasLayer) -> None:
    context.problem(
        "unsupported-argument",
        f"The layer inside is of the class {layer.class_name}, which is not recurrent.",
        "Use LSTM, GRU, SimpleRNN, RNN or ConvLSTM.",
    )
