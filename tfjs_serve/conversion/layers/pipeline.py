"""Several preprocessing layers as one (``keras/src/layers/preprocessing/pipeline.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.shapes import Shapes
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Inner, Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering


def _last(_layer: KerasLayer, inputs: Shapes, inner: tuple[Shapes, ...]) -> Shapes:
    return inner[-1] if inner else inputs


@rule(
    "Pipeline",
    outcome=Outcome.LOWERED,
    shape=_last,
    traits=Traits(inner=Inner.IN_TURN, call_arguments=("training", "mask")),
    support=Support(lowered="a model of its layers, each translated by itself"),
)
def pipeline(context: LayerContext) -> TfjsLayer:
    """Call one layer after the other."""
    context.keywords.ignore("training")
    low = Lowering(context)
    (x,) = low.inputs
    for child in context.layer.children:
        name = low.fresh_name(child.name)
        x = low.translated(context.translate_child(child, name, name), x, shape=())
    return low.model(x)
