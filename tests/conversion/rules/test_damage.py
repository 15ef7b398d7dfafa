"""Whatever a configuration says, a rule changes nothing that it was given, and never crashes."""

from __future__ import annotations

import copy
from contextlib import suppress
from functools import cache
from itertools import product
from typing import Any
from unittest import mock

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tests.conversion.building import (
    Json,
    call,
    functional,
    given,
    layer,
    saved,
    sequential,
    weight,
)
from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.rules.arguments import ConfigReader
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError, KerasFileError

SHAPES = {2: (None, 4), 3: (None, 4, 3), 4: (None, 5, 4, 3), 5: (None, 4, 4, 4, 3)}
ARGUMENTS: Json = {
    "activation": "relu",
    "alpha": 0.1,
    "axes": 1,
    "axis": -1,
    "cell": layer("LSTMCell", "cell", units=2),
    "cropping": 1,
    "data_format": "channels_last",
    "depth_multiplier": 1,
    "dims": [1],
    "dilation_rate": 1,
    "epsilon": 0.1,
    "filters": 2,
    "input_dim": 3,
    "kernel_constraint": {"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}},
    "kernel_initializer": {"class_name": "Constant", "config": {"value": 1}},
    "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}},
    "kernel_size": 2,
    "layer": layer("LSTM", "inner", units=2),
    "max_value": 6,
    "merge_mode": "concat",
    "n": 2,
    "output_dim": 2,
    "padding": "same",
    "pool_size": 2,
    "rate": 0.2,
    "return_sequences": True,
    "return_state": True,
    "scale": 0.5,
    "shared_axes": [1],
    "size": 2,
    "stateful": True,
    "stddev": 0.1,
    "strides": 2,
    "target_shape": [-1],
    "units": 2,
    "use_bias": False,
}
NUMBERS = st.integers(-3, 6) | st.sampled_from([0.5, 1e308, float("nan"), float("inf"), 10**30])
SCALARS = st.none() | st.booleans() | NUMBERS | st.sampled_from(["", "relu", "x", "__proto__"])
NONSENSE = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["class_name", "config", "items", "name"]), inner)
    ),
    max_leaves=5,
)

OF_ANY = ("backward_layer", "cell", "cells", "layer", "layers", "unknown")
"""What is looked for in any layer, and what no rule knows."""
VALUES = st.sampled_from(list(ARGUMENTS.values())) | NONSENSE


def translated_or_refused(model: Any, generation: int) -> None:
    """Translate; anything but the two errors that say what is wrong lets the test fail."""
    before = copy.deepcopy(model)
    weights = {"it": [weight([[1.0, 2.0]])]}
    with suppress(ConversionError, KerasFileError):
        translate(saved(model, weights, generation))
    assert repr(model) == repr(before)


@cache
def arguments_of(class_name: str) -> list[str]:
    """Return what the rule reads, without any arguments or with those of `ARGUMENTS`."""
    found: set[str] = set()
    take = ConfigReader.take

    def noted(reader: ConfigReader, key: str, default: Any = None) -> Any:
        if reader.layer.class_name == class_name:
            found.add(key)
        return take(reader, key, default)

    with mock.patch.object(ConfigReader, "take", noted):
        for shape, arguments in product(SHAPES.values(), ({}, ARGUMENTS)):
            it = layer(class_name, "it", **arguments)
            translated_or_refused(sequential([given("x", shape), it]), 3)
    return sorted(found - {"name"})


@pytest.mark.parametrize("class_name", sorted(rules()))
@settings(max_examples=30)
@drawn(st.data())
def test_rules_survive_any_arguments_and_change_none(class_name: str, data: st.DataObject) -> None:
    arguments = {
        key: data.draw(VALUES) if data.draw(st.booleans()) else ARGUMENTS.get(key)
        for key in (*arguments_of(class_name), *OF_ANY)
        if data.draw(st.booleans())
    }
    shape = SHAPES[data.draw(st.sampled_from(sorted(SHAPES)))]
    generation = data.draw(st.sampled_from([2, 3]))
    layers = [given("x", shape, generation), layer(class_name, "it", **arguments)]
    translated_or_refused(sequential(layers), generation)


def _model() -> Json:
    nested = sequential([given("i", (None, 3)), layer("ReLU", "r")], name="inner")
    layers = [
        given("x", (None, 3)),
        layer("Dense", "it", [call(("x", 0, 0))], units=3, activation="relu"),
        {**nested, "name": "inner", "inbound_nodes": [call(("it", 0, 0), training=None)]},
        layer("Add", "sum", [call(("inner", 0, 0), ("x", 0, 0))]),
    ]
    return functional(layers, [("x", 0, 0)], [("sum", 0, 0)])


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value)
    inner = [
        found
        for key, member in members
        for found in (_paths(member, (*path, key)) if isinstance(member, (dict, list)) else ())
    ]
    keys = list(value) if isinstance(value, dict) else range(len(value))
    return [*((*path, key) for key in keys), *inner]


@settings(max_examples=300)
@drawn(st.data())
def test_damage_anywhere_in_a_model_is_told(data: st.DataObject) -> None:
    model = _model()
    path = data.draw(st.sampled_from(_paths(model)))
    place = model
    for key in path[:-1]:
        place = place[key]
    if data.draw(st.booleans()):
        del place[path[-1]]
    else:
        place[path[-1]] = data.draw(NONSENSE)
    translated_or_refused(model, 3)
