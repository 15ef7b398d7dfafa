"""Whether a page still has the model that was converted, whoever has saved it since."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.raising.entries import MODELS, class_of, config_of, layers_of, name_of

_CHANGING = frozenset({"trainable", "seed", "dtype", "name"})
"""Arguments that a page may change, or that TensorFlow.js does not keep."""

_OF_TRAINING = ("_initializer", "_regularizer", "_constraint")
"""Ends of the names of arguments that change no prediction, and that TensorFlow.js respells."""


def is_same_model(made: Mapping[str, Json], saved: Mapping[str, Json]) -> bool:
    """Whether a model that was saved in a page is the one that the converter makes.

    TensorFlow.js writes more arguments than the converter, and others in another spelling. So the
    layers, their names and their calls have to be the same, and so have the numbers, flags and
    words that both have.
    """
    if class_of(made) != class_of(saved):
        return False
    if class_of(made) not in MODELS:
        return is_same_argument(_arguments(made), _arguments(saved))
    ours, theirs = layers_of(made), layers_of(saved)
    if [name_of(one) for one in ours] != [name_of(one) for one in theirs]:
        by_name = {name_of(one): one for one in theirs}
        if len(by_name) != len(ours) or by_name.keys() != {name_of(one) for one in ours}:
            return False
        if class_of(made) == "Sequential":
            return False
        theirs = [by_name[name_of(one)] for one in ours]
    pairs = list(zip(ours, theirs, strict=True))
    return all(_inputs(one) == _inputs(other) for one, other in pairs) and all(
        is_same_model(one, other) for one, other in pairs
    )


def _arguments(entry: Mapping[str, Json]) -> dict[str, Any]:
    return {key: value for key, value in config_of(entry).items() if key not in _CHANGING}


def _inputs(entry: Mapping[str, Json]) -> list[list[tuple[str, int]]]:
    """Return layer and output of the inputs of each call."""
    nodes = entry.get("inbound_nodes")
    return [[(str(one[0]), int(one[2])) for one in node] for node in (nodes or ()) if node]


def is_same_argument(ours: Json, theirs: Json) -> bool:
    """Whether what two arguments both have is the same, in either spelling."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        shared = (ours.keys() & theirs.keys()) - _CHANGING
        return all(
            is_same_argument(ours[key], theirs[key])
            for key in shared
            if not key.endswith(_OF_TRAINING)
        )
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(is_same_argument, ours, theirs))
    if isinstance(ours, list) != isinstance(theirs, list):  # an axis, and a list of one
        ours, theirs = (one if isinstance(one, list) else [one] for one in (ours, theirs))
        return len(ours) != len(theirs) or all(map(is_same_argument, ours, theirs))
    if isinstance(ours, str) and isinstance(theirs, str):
        return _squashed(ours) == _squashed(theirs)
    if _is_number(ours) and _is_number(theirs):
        return math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-12)
    return True


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float)


def _squashed(text: str) -> str:
    """Return a word without what TensorFlow.js changes between its spellings."""
    return re.sub(r"[\W_]", "", text).lower()
