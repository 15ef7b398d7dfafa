"""Layers that compute masks as tensors of zeros and ones; see ``masks/explicit.py``."""

from __future__ import annotations

from tfjs_serve.conversion.layers.merge import joined_shape
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.shapes import Shapes
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.small_models.arithmetic import Lowering


def _made(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    return (inputs[0][:-1] if layer.config["over_features"] else inputs[0],)


def _ones(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    return (inputs[0] if layer.config["full"] else inputs[0][:2],)


def _joined(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    tensors = inputs[: len(layer.config["masked"])]
    return (joined_shape(tensors, layer.config["axis"])[:-1],)


@rule("masks.Made", outcome=Outcome.COMPANION, shape=_made)
def made(context: LayerContext) -> TfjsLayer:
    """1 where the input differs from a value, or where any feature does if ``over_features``."""
    read = context.read
    arguments = {
        "value": read.number("value"),
        "over_features": read.boolean("over_features", False),
    }
    return context.companion("Mask", arguments)


@rule("masks.Merged", outcome=Outcome.COMPANION)
def merged(context: LayerContext) -> TfjsLayer:
    """1 where all masks are 1, or where any is if ``union``."""
    return context.companion("MergedMask", {"union": context.read.boolean("union", False)})


@rule("masks.Joined", outcome=Outcome.COMPANION, shape=_joined)
def joined(context: LayerContext) -> TfjsLayer:
    """The mask of a concatenation. Its inputs are the tensors, then the masks of some of them."""
    read = context.read
    arguments = {
        "axis": read.integer("axis"),
        "union": read.boolean("union", False),
        "masked": read.take("masked"),
    }
    return context.companion("JoinedMask", arguments)


@rule("masks.Ones", outcome=Outcome.COMPANION, shape=_ones)
def ones(context: LayerContext) -> TfjsLayer:
    """A mask of ones for each step, or for each number if ``full``."""
    return context.companion("Ones", {"full": context.read.boolean("full", False)})


@rule(
    "masks.Masking",
    outcome=Outcome.LOWERED,
    support=Support(lowered="Masking"),
)
def masking(context: LayerContext) -> TfjsLayer:
    """Steps whose features all equal ``mask_value`` become zero; the small model drops the mask."""
    low = Lowering(context)
    (x,) = low.inputs
    value = context.read.number("mask_value", 0.0)
    return low.model(low.layer("Masking", {"mask_value": value}, x, shape=x.shape))
