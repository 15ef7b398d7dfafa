"""What quantized layers of Keras 3 do with their inputs (see ``stored/quantized_layers.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Masking, Traits


@rule(
    "AbsMaxQuantizer",
    outcome=Outcome.COMPANION,
    traits=Traits(masking=Masking.PASSES),
    support=Support(
        companion="always; before layers of int8, and of int4 that quantize their inputs"
    ),
)
def abs_max_quantizer(context: LayerContext) -> TfjsLayer:
    """Scales by the largest number, rounds to integers, and scales back."""
    keys = ("axes", "lowest", "highest", "epsilon")
    return context.companion("AbsMaxQuantizer", {key: context.read.take(key) for key in keys})


@rule(
    "Float8Quantizer",
    outcome=Outcome.COMPANION,
    traits=Traits(masking=Masking.PASSES),
    support=Support(companion="always; before layers of float8"),
)
def float8_quantizer(context: LayerContext) -> TfjsLayer:
    """Scales, rounds to ``float8_e4m3fn`` (three binary digits), and scales back."""
    return context.companion("Float8Quantizer", {"scale": context.read.number("scale")})
