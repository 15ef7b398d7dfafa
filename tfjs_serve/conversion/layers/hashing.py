"""Hashes of words and integers (``keras/src/layers/preprocessing/hashing.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.layers.categories import (
    encoded_shape,
    encoding,
    integer_output,
    mode_name,
)
from tfjs_serve.conversion.layers.shared.vocabulary import output_mode
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import Shapes
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits


def code_points(value: Json) -> Json:
    """Return a string as numbers, because TF.js changes strings; anything else as it is."""
    return list(map(ord, value)) if isinstance(value, str) else value


def salt(context: LayerContext) -> list[str] | None:
    """Return the two numbers of the key as decimal strings, because TF.js would round numbers."""
    value = context.read.take("salt")
    if value is None:
        return None
    return [str(int(part)) for part in (value if isinstance(value, list) else [value, value])]


def _hashed_shape(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    mode, bins = output_mode(layer.config, "int"), layer.config["num_bins"]
    return (encoded_shape(mode, inputs[0], bins),)


@rule(
    "Hashing",
    outcome=Outcome.COMPANION,
    shape=_hashed_shape,
    traits=Traits(dtypes=integer_output, any_dtype=True),
    support=Support(companion="always"),
)
def hashing(context: LayerContext) -> TfjsLayer:
    """FarmHash, or SipHash if there is a salt, of a string or of a number as a decimal string."""
    bins = context.read.integer("num_bins")
    arguments = {
        "bins": bins,
        "depth": bins,
        "mask": code_points(context.read.take("mask_value")),
        "salt": salt(context),
        "mode": mode_name(encoding(context, "int")),
    }
    return context.companion("Hashing", arguments)


@rule(
    "HashedCrossing",
    outcome=Outcome.COMPANION,
    shape=_hashed_shape,
    traits=Traits(dtypes=integer_output, any_dtype=True),
    support=Support(companion="always"),
)
def hashed_crossing(context: LayerContext) -> TfjsLayer:
    """The hash of several features together (``tf.sparse.cross_hashed``)."""
    bins, mode = context.read.integer("num_bins"), encoding(context, "int")
    arguments = {"bins": bins, "depth": bins, "mode": mode_name(mode)}
    return context.companion("HashedCrossing", arguments)
