"""Embedding (``tfjs-layers/src/layers/embeddings.ts``)."""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.model.layers import Json, Variable
from tfjs_serve.conversion.model.shapes import of_each
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.initializers import parameter
from tfjs_serve.conversion.rules.registry import Masking, rule


def _variables(_config: Mapping[str, Json]) -> tuple[Variable, ...]:
    return (Variable(name="embeddings"),)


@rule(
    "Embedding",
    variables=_variables,
    shape=of_each(lambda config, shape: (*shape, config["output_dim"])),
    masking=Masking.MAKES,
)
def embedding(context: LayerContext) -> TfjsLayer:
    """``input_length`` and ``sparse`` change static shapes and gradients' form in Keras 2."""
    read = context.read
    read.ignore("activity_regularizer", "input_length", "sparse")
    # An archive has the embeddings with their LoRA weights in them.
    read.ignore("lora_rank", "lora_alpha")
    return context.native(
        "Embedding",
        {
            "input_dim": read.integer("input_dim"),
            "output_dim": read.integer("output_dim"),
            "mask_zero": read.boolean("mask_zero", False),
            **parameter(context, "embeddings"),
        },
    )
