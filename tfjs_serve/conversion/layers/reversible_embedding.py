"""ReversibleEmbedding (``keras/src/layers/core/reversible_embedding.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tfjs_serve.conversion.layers.embeddings import MASK_OF_ZEROS
from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import CALL, Shapes
from tfjs_serve.conversion.model.sources import computed_source, reshaped_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer, report_mask
from tfjs_serve.conversion.rules.initializers import parameter
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering


def _variables(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    tied = config.get("tie_weights") is not False
    names = ("embeddings",) if tied else ("embeddings", "reverse_embeddings")
    return tuple(Variable(name=name) for name in names)


def _shapes(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    shape, config = inputs[0], layer.config
    if config.get(CALL, {}).get("reverse"):
        return ((*shape[:-1], config["input_dim"]),)
    return ((*shape, config["output_dim"]),)


@rule(
    "ReversibleEmbedding",
    variables=_variables,
    shape=_shapes,
    outcome=Outcome.COMPANION,
    traits=Traits(mask_maker=MASK_OF_ZEROS),
    support=Support(
        lowered="Dense, if all calls are with reverse=True",
        companion="calls with and without reverse=True; what quantizes its inputs",
        notes="calls with and without reverse=True need inputs of different ranks",
    ),
)
def reversible_embedding(context: LayerContext) -> TfjsLayer:
    """From integers to vectors, or with ``reverse=True`` from vectors to scores of all integers."""
    read = context.read
    # reverse_dtype only changes the precision.
    read.ignore("activity_regularizer", "input_length", "reverse_dtype", "tie_weights")
    read.only("lora_rank", hint="Merge the LoRA weights into the embeddings and save again.")
    vocabulary, size = read.integer("input_dim"), read.integer("output_dim")
    cap = read.optional_number("logit_soft_cap")
    config = {
        "input_dim": vocabulary,
        "output_dim": size,
        "mask_zero": read.boolean("mask_zero", False),
        **parameter(context, "embeddings"),
    }
    quantizer = read.take("input_quantizer")
    reverse = [bool(value) for value in context.keywords.each("reverse")] or [False]
    if not any(reverse):
        weights = {name: w for name, w in context.weights.items() if name == "embeddings"}
        return replace(context, weights=weights).native("Embedding", config)
    if all(reverse) and context.weights and quantizer is None:
        return _reversed(context, vocabulary, cap)
    if config["mask_zero"]:
        report_mask(context.layer, read.report)
    ranks = _ranks(context, reverse)
    arguments = {"reverse_ranks": ranks, "cap": cap}
    if quantizer is not None:
        arguments["quantizer"] = quantizer
    return context.companion("ReversibleEmbedding", arguments)


def _reversed(context: LayerContext, vocabulary: int, cap: float | None) -> TfjsLayer:
    low = Lowering(context)
    embeddings, separate = (
        context.weights.get(name) for name in ("embeddings", "reverse_embeddings")
    )
    if separate is not None:
        kernel = reshaped_source(separate, separate.shape)
    elif embeddings is not None:
        kernel = computed_source(lambda values: values.T, embeddings, shape=embeddings.shape[::-1])
    config = {"units": vocabulary, "use_bias": False, "kernel_initializer": "zeros"}
    scores = low.layer("Dense", config, *low.inputs, weights={"kernel": kernel})
    if cap is not None:
        scores = low.rescale(low.activation(low.rescale(scores, 1 / cap), "tanh"), cap)
    return low.model(scores)


def _ranks(context: LayerContext, reverse: list[bool]) -> list[int]:
    """Return the ranks of inputs with ``reverse=True``, by which the companion recognises these."""
    ranks: dict[bool, set[int]] = {True: set(), False: set()}
    for call, is_reverse in zip(context.calls, reverse, strict=True):
        ranks[is_reverse].add(len(call[0].shape or ()))
    if ranks[True] & ranks[False]:
        context.problem(
            "unsupported-call",
            "It is called with and without reverse=True on inputs with the same number of axes.",
            "Use Reshape so that the inputs differ in their number of axes.",
        )
    return sorted(ranks[True])
