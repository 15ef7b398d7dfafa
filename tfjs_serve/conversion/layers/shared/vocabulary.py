"""The vocabulary of a lookup layer, in one form for all lookup layers.

From ``keras/src/layers/preprocessing/index_lookup.py``. The first index stands for masks, if the
layer has a token for masks and returns indices. The indices of unknown tokens follow, and then
those of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.small_models import one_hot

LOOKUPS = frozenset({"IntegerLookup", "StringLookup", "TextVectorization"})
_OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Tokens and their indices.

    Attributes
    ----------
    tokens
        The vocabulary, strings or integers, without the tokens for masks and unknown tokens.
    mask, unknown
        The token for masks, ``None`` if there is none, and the one for unknown tokens.
    first, start
        The first index of unknown tokens, and the first index of the vocabulary.
    depth
        Number of columns of an encoded output.
    """

    tokens: Sequence[Json]
    mask: Json
    unknown: Json
    first: int
    start: int
    depth: int

    @property
    def unknown_count(self) -> int:
        """How many indices there are for unknown tokens."""
        return self.start - self.first

    @property
    def fits_layers(self) -> bool:
        """Whether plain layers of TF.js can look up its integers."""
        small = all(abs(int(token)) < one_hot.LARGEST for token in self.tokens)
        return small and self.unknown_count <= 1 and len(self.tokens) <= one_hot.MOST_COLUMNS


def output_mode(config: Mapping[str, Json], default: str) -> str:
    """Return the output mode by its new name."""
    mode = config.get("output_mode") or default
    return _OLD_NAMES.get(mode, mode)


def given_tokens(config: Mapping[str, Json]) -> list[Json] | None:
    """Return the vocabulary as the file has it, ``None`` if it is not a list."""
    vocabulary = config.get("vocabulary")
    if isinstance(vocabulary, dict):
        vocabulary = vocabulary["config"]["value"]
    return list(map(_token, vocabulary)) if isinstance(vocabulary, list) else None


def _token(value: Json) -> Json:
    """Return a token of a vocabulary without the wrapper that tensors of strings leave around it.

    See ``serialization_lib.py`` in ``keras/src/saving``, and for HDF5 ``json_utils.py`` in
    ``keras/src/legacy/saving``.
    """
    if isinstance(value, dict) and value.get("class_name") == "__bytes__":
        return value.get("config", value).get("value")
    return value


def vocabulary_of(layer: KerasLayer) -> Vocabulary | None:
    """Return the vocabulary of a lookup layer, ``None`` if its arguments do not contain it.

    The saved list may begin with the tokens for masks and unknown tokens, or leave them out.
    """
    config, given = layer.config, given_tokens(layer.config)
    if given is None:
        return None
    mask, unknown = _special_tokens(layer)
    first = int(mask is not None and output_mode(config, "int") == "int")
    start = first + (1 if layer.class_name == "TextVectorization" else _unknown_count(config))
    head = given[:start]
    is_special = len(head) == start and head == [*[mask] * first, *[unknown] * (start - first)]
    tokens = given[start:] if is_special else given
    padded = config.get("pad_to_max_tokens") and config.get("max_tokens")
    return Vocabulary(
        tokens=tokens,
        mask=mask,
        unknown=unknown,
        first=first,
        start=start,
        depth=int(config["max_tokens"]) if padded else start + len(tokens),
    )


def _unknown_count(config: Mapping[str, Json]) -> int:
    count = config.get("num_oov_indices")
    return 1 if count is None else int(count)


def _special_tokens(layer: KerasLayer) -> tuple[Json, Json]:
    """Return the tokens for masks and unknown tokens; up to 2.5, IntegerLookup says "value"."""
    config = layer.config
    if layer.class_name == "TextVectorization":
        return "", "[UNK]"
    default: Json = -1 if layer.class_name == "IntegerLookup" else "[UNK]"
    mask = config.get("mask_token", config.get("mask_value"))
    return mask, config.get("oov_token", config.get("oov_value", default))


def column_weights(
    layer: KerasLayer, vocabulary: Vocabulary, saved: Sequence[float]
) -> list[float]:
    """Return the ``idf_weights`` of all columns; empty if the file has none.

    The configuration may contain only those of the vocabulary. Then unknown tokens have their
    mean, and padding columns have zero (``set_vocabulary``).

    Parameters
    ----------
    saved
        The weight of the layer, empty if it has none; it has precedence over the configuration.
    """
    weights = np.asarray(saved or layer.config.get("idf_weights") or [], np.float64)
    if not len(weights):
        return []
    if not saved and len(weights) == len(vocabulary.tokens) == len(
        given_tokens(layer.config) or ()
    ):
        weights = np.pad(weights, (vocabulary.start, 0), constant_values=weights.mean())
    missing = max(vocabulary.depth - len(weights), 0)
    return [float(weight) for weight in np.pad(weights, (0, missing))]
