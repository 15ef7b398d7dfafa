"""Texts as indices of words (``keras/src/layers/preprocessing/text_vectorization.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tfjs_serve.conversion.layers.categories import encoded_shape, integer_output
from tfjs_serve.conversion.layers.lookup import idf_variable, known, lookup_arguments
from tfjs_serve.conversion.layers.shared.vocabulary import output_mode, vocabulary_of
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import Shapes
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits

_HINT = "Do it before the model is called, and set the argument to None."
_STANDARDS: Mapping[Json, list[str]] = {
    None: [],
    "lower": ["lower"],
    "strip_punctuation": ["strip"],
    "lower_and_strip_punctuation": ["lower", "strip"],
}
_SPLITS = (None, "whitespace", "character")


def _vectorized(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    """Return the shape; the words of a text are a new last axis, in place of an axis of texts."""
    config, shape = layer.config, inputs[0]
    mode = output_mode(config, "int")
    if mode == "int":
        return ((shape[0], config.get("output_sequence_length")),)
    vocabulary = vocabulary_of(layer)
    depth = vocabulary.depth if vocabulary else config.get("vocabulary_size")
    if config.get("split", "whitespace") is not None:
        shape = (*(shape[:-1] if len(shape) > 1 else shape), None)
    return (encoded_shape(mode, shape, depth),)


@rule(
    "TextVectorization",
    variables=idf_variable,
    outcome=Outcome.COMPANION,
    shape=_vectorized,
    traits=Traits(dtypes=integer_output, any_dtype=True),
    support=Support(
        companion="always",
        notes="the vocabulary must be in the file; no Python functions as `standardize` or "
        "`split`, no ragged outputs",
    ),
)
def text_vectorization(context: LayerContext) -> TfjsLayer:
    """Texts as the indices of their words, or as counts of them."""
    read = context.read
    read.only("ragged", False, hint="Use ragged=False.")
    read.ignore("output_mode", "sparse")
    if context.layer.config.get("output_mode", "int") is None:
        read.unsupported("output_mode", None, "Use output_mode='int'.")
    vocabulary = known(context)
    arguments = {
        "standardize": _named(context, "standardize", _STANDARDS, "lower_and_strip_punctuation"),
        "split": _named(context, "split", dict(zip(_SPLITS, _SPLITS, strict=True)), "whitespace"),
        "widths": _widths(context),
        "length": read.take("output_sequence_length"),
    }
    if vocabulary is None:
        return context.companion("TextVectorization", {})
    mode = output_mode(context.layer.config, "int")
    arguments |= lookup_arguments(context, vocabulary, mode, hashed=True)
    return replace(context, weights={}).companion("TextVectorization", arguments)


def _named(context: LayerContext, key: str, ways: Mapping[Json, Json], default: str) -> Json:
    """Return the meaning of one of Keras's own names; report a Python function of the user."""
    value = context.read.take(key, default)
    if value is None or (isinstance(value, str) and value in ways):
        return ways[value]
    context.problem("custom-layer", f"Its {key} is Python code, not data.", _HINT)
    return None


def _widths(context: LayerContext) -> list[int] | None:
    """Return how many words a token may have."""
    ngrams = context.read.take("ngrams")
    return list(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams
