"""Each layer that TensorFlow.js registers has one rule."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.rules.registry import Outcome, rule

NODE_FOLDER = Path(__file__).parents[2] / "js"
LIST_CLASSES = """
console.log = console.warn = console.info = () => {};
const tf = require("@tensorflow/tfjs");
const classes = tf.serialization.SerializationMap.getMap().classNameMap;
const isLayer = ([_, [made]]) => made.prototype instanceof tf.layers.Layer;
const names = Object.entries(classes).filter(isLayer).map(([name]) => name);
process.stdout.write(JSON.stringify(names));
"""
CONTAINERS = {"Functional", "LayersModel", "Model", "Sequential"}
NOT_IN_FILES = {"ConvLSTM2DCell"}
"""Layers that no file names, because Keras has them only inside others."""


@pytest.mark.skipif(
    not shutil.which("node") or not (NODE_FOLDER / "node_modules" / "@tensorflow").is_dir(),
    reason="needs Node and the packages of tests/js",
)
def test_every_layer_of_tfjs_has_a_rule() -> None:
    env = {"NODE_PATH": str(NODE_FOLDER / "node_modules"), "PATH": "/usr/bin:/bin"}
    command = [str(shutil.which("node")), "--eval", LIST_CLASSES]
    reply = subprocess.run(command, env=env, capture_output=True, check=True)
    registered = set(json.loads(reply.stdout)) - CONTAINERS - NOT_IN_FILES
    assert len(registered) > 50
    assert registered - rules().keys() == set()
    assert {"Dense", "LSTM", "Conv2D"} <= registered


def test_registering_a_class_twice_is_an_error() -> None:
    before = rules()["Dense"]
    with pytest.raises(ValueError, match="Dense has two rules"):
        rule("Dense")(lambda context: context.native("Dense", {}))
    assert rules()["Dense"] is before


def test_a_rule_that_is_not_native_says_so_in_the_support_table() -> None:
    """Refused layers say why, lowered ones to what."""
    for name, known in rules().items():
        if known.outcome is Outcome.REFUSED:
            assert known.support.notes, name
        if known.outcome is Outcome.LOWERED:
            assert known.support.lowered, name
