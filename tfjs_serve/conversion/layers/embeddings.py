"""Embedding (``tfjs-layers/src/layers/embeddings.ts``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import CALL, Shape, of_each
from tfjs_serve.conversion.model.sources import Weights
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.initializers import parameter
from tfjs_serve.conversion.rules.registry import rule
from tfjs_serve.conversion.rules.traits import MadeMask, MaskMaker, Traits


def _variables(_config: Mapping[str, Json]) -> tuple[Variable, ...]:
    return (Variable(name="embeddings"),)


def _input_shapes(layer: KerasLayer, _weights: Weights) -> Iterator[Shape]:
    length = layer.config.get("input_length")
    yield (None, length if isinstance(length, int) else None)


def _made_mask(layer: KerasLayer) -> MadeMask | None:
    """Return the mask as ``compute_mask`` does; in reverse, ReversibleEmbedding makes none."""
    reverse = layer.config.get(CALL, {}).get("reverse")
    makes = layer.config.get("mask_zero") and not reverse
    return MadeMask(value=0, over_features=False) if makes else None


def _without_mask(layer: KerasLayer) -> KerasLayer:
    return replace(layer, config={**layer.config, "mask_zero": False})


MASK_OF_ZEROS = MaskMaker(made=_made_mask, without=_without_mask)
"""How ``mask_zero=True`` makes a mask."""


@rule(
    "Embedding",
    variables=_variables,
    shape=of_each(lambda config, shape: (*shape, config["output_dim"])),
    traits=Traits(mask_maker=MASK_OF_ZEROS, input_shapes=_input_shapes),
)
def embedding(context: LayerContext) -> TfjsLayer:
    """In Keras 2, ``input_length`` only changes shapes, ``sparse`` only the form of gradients."""
    read = context.read
    read.ignore("activity_regularizer", "input_length", "sparse")
    # Saved embeddings include their LoRA weights.
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
