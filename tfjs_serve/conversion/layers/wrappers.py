"""TimeDistributed and Bidirectional (``tfjs-layers/src/layers/wrappers.ts``)."""

from __future__ import annotations

from tfjs_serve.conversion.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.model import KerasLayer
from tfjs_serve.conversion.names import valid_name
from tfjs_serve.conversion.registry import Masking, rule
from tfjs_serve.conversion.shapes import Shapes

_OWN = frozenset({"seed", "build_config"})
"""Arguments that may differ between the directions without changing what they compute."""
_MERGE_MODES = ("concat", "sum", "ave", "mul")


def _every_step(_layer: KerasLayer, inputs: Shapes, inner: tuple[Shapes, ...]) -> Shapes:
    batch, *rest = inner[0][0]
    return ((batch, inputs[0][1], *rest),)


def _both_directions(layer: KerasLayer, _inputs: Shapes, inner: tuple[Shapes, ...]) -> Shapes:
    (forward, *states), (backward, *others) = inner
    mode = layer.config.get("merge_mode", "concat")
    if mode is None:
        return (forward, backward, *states, *others)
    width = forward[-1]
    doubled = (*forward[:-1], None if width is None else 2 * width)
    return (doubled if mode == "concat" else forward, *states, *others)


@rule(
    "TimeDistributed",
    shape=_every_step,
    masking=Masking.PASSES,
    notes="one input",
)
def time_distributed(context: LayerContext) -> TfjsLayer:
    """The inner layer builds its weights in the wrapper's own name scope."""
    (inner,) = context.layer.children
    _one_shape(context)
    if inner.generation < 3 and any(layer.config.get("stateful") for layer in inner.walk()):
        # Keras 2 joins batch and time before it calls the inner layer.
        context.problem(
            "unsupported-argument",
            "The layer inside is stateful, whose state TensorFlow.js carries from step to step.",
            "Use stateful=False inside of TimeDistributed.",
        )
    translated = context.translate_child(inner, valid_name(inner.name), context.scope)
    return TfjsLayer(
        class_name="TimeDistributed",
        config={**context.base_config(), "layer": translated.to_json()},
        weights=translated.weights,
    )


def _one_shape(context: LayerContext) -> None:
    """Report calls with other shapes than the first: TF.js takes that one only.

    A size that is not known fits all (``assertInputCompatibility`` in ``topology.ts``).
    """
    known = [
        [size for size in sizes if size is not None] for sizes in zip(*context.shapes, strict=False)
    ]
    if any(len(set(sizes)) > 1 for sizes in known) or len(set(context.ranks)) > 1:
        context.problem(
            "unsupported-call",
            "It is called with inputs of different shapes, but TensorFlow.js takes one.",
            "Use a TimeDistributed of its own for each, or Input(shape=(None, ...)).",
        )


@rule(
    "Bidirectional",
    shape=_both_directions,
    masking=Masking.PER_STEP,
    notes="LSTM, GRU, SimpleRNN or ConvLSTM2D; the backward layer is the mirrored forward layer",
)
def bidirectional(context: LayerContext) -> TfjsLayer:
    """TF.js makes both directions from one layer, in scopes ``forward_...``, ``backward_...``."""
    read = context.read
    mode = read.take("merge_mode", "concat")
    if mode is not None and mode not in _MERGE_MODES:
        read.unsupported("merge_mode", mode, f"Use one of {', '.join(_MERGE_MODES)}.")
    forward, backward = context.layer.children
    if forward.config.get("return_sequences"):
        # Keras's outputs are zero at the masked steps then; TF.js repeats the output before.
        context.no_mask()
    if not _is_mirrored(forward, backward):
        context.problem(
            "unsupported-argument",
            "Its backward layer differs from its forward layer.",
            "Leave backward_layer out.",
        )
    if forward.class_name == "RNN":
        # Its configuration cannot be read back, which is how TF.js makes the second direction.
        context.problem(
            "unsupported-argument",
            "TensorFlow.js cannot run an RNN of cells in both directions.",
            "Use LSTM, GRU or SimpleRNN instead of RNN.",
        )
    name = valid_name(forward.name)
    one = context.translate_child(forward, name, f"{context.scope}/forward_{name}")
    other = context.translate_child(backward, name, f"{context.scope}/backward_{name}")
    return TfjsLayer(
        class_name="Bidirectional",
        config={**context.base_config(), "layer": one.to_json(), "merge_mode": mode},
        weights=(*one.weights, *other.weights),
    )


def _is_mirrored(forward: KerasLayer, backward: KerasLayer) -> bool:
    """Whether the layers differ in their direction only: TF.js has one config for both."""
    turned = {**backward.config, "go_backwards": not backward.config.get("go_backwards")}
    return forward.class_name == backward.class_name and all(
        forward.config.get(key) == value for key, value in turned.items() if key not in _OWN
    )
