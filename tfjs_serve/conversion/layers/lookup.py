"""Words and integers as indices (``keras/src/layers/preprocessing/index_lookup.py``).

Wherever a file keeps learned vocabularies, they are among the arguments here; see
``stored/file_arguments.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tfjs_serve.conversion.layers.categories import (
    encoded_shape,
    encoding,
    integer_output,
    mode_name,
)
from tfjs_serve.conversion.layers.hashing import code_points, salt
from tfjs_serve.conversion.layers.shared.vocabulary import (
    Vocabulary,
    column_weights,
    output_mode,
    vocabulary_of,
)
from tfjs_serve.conversion.model.facts import TensorFact
from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import Shapes
from tfjs_serve.conversion.model.sources import constant, values
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models import one_hot
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion

_HINT = "Save the model as .keras, or give the layer its vocabulary as a list."
_IN_VOCABULARY = (
    *("vocabulary", "vocabulary_size", "vocabulary_dtype", "max_tokens", "pad_to_max_tokens"),
    *("encoding", "num_oov_indices", "mask_token", "oov_token", "mask_value", "oov_value"),
    *("idf_weights", "has_idf_weights", "max_values"),
)


def idf_variable(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    """Return the weights of ``output_mode="tf_idf"``, which only some files have."""
    return (Variable(name="idf_weights", trainable=False),) if config.get("has_idf_weights") else ()


def known(context: LayerContext) -> Vocabulary | None:
    """Read the arguments of the vocabulary and return it; report a vocabulary that is missing."""
    context.read.ignore(*_IN_VOCABULARY)
    vocabulary = vocabulary_of(context.layer)
    if vocabulary is None:
        given = context.layer.config.get("vocabulary")
        where = f"is in the file {given!r}" if isinstance(given, str) else "is not in the file"
        context.problem("no-vocabulary", f"Its vocabulary {where}.", _HINT)
    return vocabulary


def lookup_arguments(
    context: LayerContext, vocabulary: Vocabulary, mode: str, hashed: bool
) -> dict[str, Json]:
    """Return the arguments of ``lookup`` in ``browser/layers/text.js``.

    Parameters
    ----------
    mode
        The output mode by its new name; see :func:`output_mode`.
    hashed
        Whether the hash of an unknown token chooses its index, instead of a remainder.
    """
    arguments = {
        "tokens": list(map(code_points, vocabulary.tokens)),
        "start": vocabulary.start,
        "mask": code_points(vocabulary.mask),
        "mask_index": 0 if mode == "int" else -1,
        "unknown": {
            "first": vocabulary.first,
            "count": vocabulary.unknown_count,
            "hashed": hashed,
            "salt": salt(context),
        },
        "mode": mode_name(mode),
        "depth": vocabulary.depth,
    }
    if mode == "tf_idf":
        arguments["idf"] = _idf(context, vocabulary)
    return arguments


def _idf(context: LayerContext, vocabulary: Vocabulary) -> list[float]:
    source = context.weights.get("idf_weights")
    saved = [] if source is None else values(source).astype(np.float64).tolist()
    weights = column_weights(context.layer, vocabulary, saved)
    if not weights:
        context.problem("no-vocabulary", "Its idf_weights are not in the file.", _HINT)
    return weights


def _looked_up(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    vocabulary = vocabulary_of(layer)
    depth = vocabulary.depth if vocabulary else layer.config.get("vocabulary_size")
    return (encoded_shape(output_mode(layer.config, "int"), inputs[0], depth),)


def _token_dtype(layer: KerasLayer, inputs: Sequence[TensorFact]) -> tuple[str, ...]:
    if layer.config.get("invert") and layer.class_name == "StringLookup":
        return ("string",)
    return integer_output(layer, inputs)


@rule(
    "StringLookup",
    variables=idf_variable,
    outcome=Outcome.COMPANION,
    shape=_looked_up,
    traits=Traits(dtypes=_token_dtype, any_dtype=True),
    support=Support(companion="always", notes="the vocabulary must be in the file"),
)
def string_lookup(context: LayerContext) -> TfjsLayer:
    """From words to indices or counts, or back."""
    context.read.ignore("oov_method")
    mode, invert = encoding(context, "int"), context.read.boolean("invert", False)
    vocabulary = known(context)
    if vocabulary is None:
        return context.companion("Lookup", {})
    if invert:
        context.read.ignore("salt")
        return context.companion("InverseStringLookup", _inverse_arguments(vocabulary))
    arguments = lookup_arguments(context, vocabulary, mode, hashed=True)
    return replace(context, weights={}).companion("Lookup", arguments)


def _inverse_arguments(vocabulary: Vocabulary) -> dict[str, Json]:
    return {
        "tokens": list(map(code_points, vocabulary.tokens)),
        "start": vocabulary.start,
        "masks": vocabulary.mask is not None,
        "mask": code_points(vocabulary.mask),
        "unknown": code_points(vocabulary.unknown),
    }


@rule(
    "IntegerLookup",
    variables=idf_variable,
    outcome=Outcome.LOWERED,
    shape=_looked_up,
    traits=Traits(dtypes=_token_dtype, any_dtype=True),
    support=Support(
        lowered="Dense, Minimum and GlobalMaxPooling1D or a sum",
        companion="more than 4,096 tokens or tokens above 16,777,216, `num_oov_indices` above 1, "
        "inputs of more than two axes, or of unknown length with `count` and `tf_idf`",
        notes="the vocabulary must be in the file",
    ),
)
def integer_lookup(context: LayerContext) -> TfjsLayer:
    """From integers to indices or counts, or back."""
    read = context.read
    hashed = read.text("oov_method", "floormod") != "floormod"
    mode, invert = encoding(context, "int"), read.boolean("invert", False)
    vocabulary = known(context)
    if vocabulary is None:
        return context.companion("Lookup", {})
    if invert:
        read.ignore("salt")
        name, arguments = "InverseIntegerLookup", _inverse_arguments(vocabulary)
    else:
        name, arguments = "Lookup", lookup_arguments(context, vocabulary, mode, hashed)
    plain = replace(context, weights={})
    if not vocabulary.fits_layers or not all(call[0].is_integer for call in context.calls):
        return plain.companion(name, arguments)

    def lower(low: Lowering) -> Tensor:
        if mode != "int":
            return _counted(low, vocabulary, mode, arguments.get("idf"))
        return _of_each(low, vocabulary, invert)

    return lower_or_companion(plain, lower, name, arguments)


def _of_each(low: Lowering, vocabulary: Vocabulary, invert: bool) -> Tensor:
    """Return the index of each number, or the number of each index."""
    x = low.inputs[0]
    numbers = list(map(int, vocabulary.tokens))
    indices = list(range(vocabulary.start, vocabulary.start + len(numbers)))
    if vocabulary.mask is not None:
        numbers, indices = [*numbers, int(vocabulary.mask)], [*indices, 0]
    otherwise = vocabulary.first if vocabulary.unknown_count else -1
    if invert:
        numbers, indices, otherwise = indices, numbers, int(vocabulary.unknown)
    column = one_hot.as_column(low, x)
    results = np.array(indices, np.float64)[:, None] - otherwise
    index = low.dense(one_hot.columns(low, column, numbers), results, np.full(1, otherwise))
    return index if column is x else low.reshape(index, x.shape[1:])


def _counted(
    low: Lowering, vocabulary: Vocabulary, mode: str, idf: Sequence[float] | None
) -> Tensor:
    """Return columns for unknown numbers, known numbers and padding."""
    x = low.inputs[0]
    column = one_hot.as_column(low, x)
    numbers = list(map(int, vocabulary.tokens))
    padding = [None] * (vocabulary.depth - vocabulary.start - len(numbers))
    found = one_hot.columns(low, column, [*numbers, *padding])
    if vocabulary.unknown_count:
        masks = [] if vocabulary.mask is None else [int(vocabulary.mask)]
        everything = one_hot.columns(low, column, [*numbers, *masks])
        count = len(numbers) + len(masks)
        unknown = low.dense(everything, np.full((count, 1), -1.0), np.ones(1))
        found = low.concatenate([unknown, found], -1)
    counted = one_hot.encoded(low, found, x.shape, "count" if idf else mode, None)
    return low.affine(counted, constant(idf), None, trainable=False) if idf else counted
