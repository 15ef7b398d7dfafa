"""Whether a page still has the model that was converted, whoever has saved it since."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.raising.entries import (
    MODELS,
    SEQUENTIAL,
    class_of,
    config_of,
    layers_of,
    name_of,
)

_CHANGING = frozenset({"axes", "axis", "dtype", "name", "seed", "trainable"})
"""Arguments that a page may change, or that TensorFlow.js does not keep, or counts otherwise."""

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
    if class_of(made) == SEQUENTIAL:
        ours, theirs = layers_of(made), layers_of(saved)
        return len(ours) == len(theirs) and all(
            name_of(one) == name_of(other) and is_same_model(one, other)
            for one, other in zip(ours, theirs, strict=True)
        )
    return _is_same_graph(made, saved)


def _is_same_graph(made: Mapping[str, Json], saved: Mapping[str, Json]) -> bool:
    """Whether a saved graph has the calls of ours: all but those that lead to no output."""
    ours = {name_of(one): one for one in layers_of(made)}
    theirs = {name_of(one): one for one in layers_of(saved)}
    given, before = config_of(made), config_of(saved)
    # TensorFlow.js drops inputs that lead nowhere, too.
    return (
        theirs.keys() <= ours.keys()
        and set(_tensors(before.get("input_layers"))) <= set(_tensors(given.get("input_layers")))
        and _tensors(before.get("output_layers")) == _tensors(given.get("output_layers"))
        and all(
            _calls(one) <= _calls(ours[name]) and is_same_model(ours[name], one)
            for name, one in theirs.items()
        )
    )


def _arguments(entry: Mapping[str, Json]) -> dict[str, Any]:
    return {key: value for key, value in config_of(entry).items() if key not in _CHANGING}


def _calls(entry: Mapping[str, Json]) -> Counter[tuple[tuple[str, int], ...]]:
    """Return the inputs of each call; TensorFlow.js makes them in an order of its own."""
    return Counter(_tensors(node) for node in entry.get("inbound_nodes") or () if node)


def _tensors(refs: Json) -> tuple[tuple[str, int], ...]:
    """Return layer and output of each tensor, without the number of the call."""
    return tuple((str(ref[0]), int(ref[2])) for ref in refs or ())


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
