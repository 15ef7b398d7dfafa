"""The arguments of the layers in ``layers.js`` are the same for Python and for JavaScript."""

from __future__ import annotations

import json

import pytest

from tests.conversion.declared import declared, in_node, needs_node
from tfjs_serve import companion
from tfjs_serve.companion import ArgumentMismatchError, camel_case, check_arguments


@needs_node
def test_python_reads_what_javascript_declares() -> None:
    found = {name: tuple(names) for name, names in declared()["layers"].items()}
    assert companion.declared_arguments() == found
    assert found["Cropping"] == ("edges",)
    assert found["GRU"] == found["LSTM"]


@pytest.mark.parametrize(
    ("class_name", "arguments"),
    [
        ("Cropping", ["edges"]),
        ("HashedCrossing", ["bins", "mode", "depth"]),
        ("EinsumDense", ["source", "kernel", "output"]),
        ("EinsumDense", ["source", "kernel", "output", "activation"]),
        ("Activation", ["function", "negative_slope"]),
        ("CenterCrop", ["height", "width", "channels_first"]),
    ],
)
def test_what_a_layer_declares_may_be_written(class_name: str, arguments: list[str]) -> None:
    check_arguments(class_name, dict.fromkeys(arguments))


@pytest.mark.parametrize(
    ("class_name", "arguments", "named"),
    [
        ("Cropping", [], "edges"),
        ("Cropping", ["edges", "data_format"], "dataFormat"),
        ("Activation", ["negative_slope"], "function"),
        ("EinsumDense", ["source", "kernel"], "output"),
    ],
)
def test_other_arguments_are_a_mistake(class_name: str, arguments: list[str], named: str) -> None:
    with pytest.raises(ArgumentMismatchError, match=f"{class_name} of layers.js .*{named}"):
        check_arguments(class_name, dict.fromkeys(arguments))


TEXTS = [
    "lstm",
    "LSTM",
    "simple_rnn",
    "simpleRnn",
    "SimpleRNN",
    "N",
    "n",
    "x2",
    "a2_b",
    "_a",
    "",
    "A",
    "ab,bc->ac",
    "aB,Bc->ac",
    "size_2d",
    "Größe",
    "half_Pixel",
    "NaN",
]


@needs_node
def test_what_a_page_would_save_otherwise_is_not_written() -> None:
    """TensorFlow.js spells keys and strings anew when it loads a model and when it saves one."""
    program = SAVE.replace("TEXTS", json.dumps(TEXTS))
    kept = [text for text, before, after in in_node(program) if before == after]
    assert {"lstm", "simple_rnn", "size_2d"} <= set(kept) < set(TEXTS)
    for text in TEXTS:
        for edges in (text, [[{"function": text}]], {text: 0}):
            if text in kept:
                check_arguments("Cropping", {"edges": edges})
            else:
                with pytest.raises(ArgumentMismatchError, match="would save as"):
                    check_arguments("Cropping", {"edges": edges})


def test_names_are_saved_as_they_are() -> None:
    check_arguments("Cropping", {"edges": [{"name": "GRU", "class_name": "SimpleRNN"}]})


SAVE = """
class Kept extends tf.layers.Layer {
  constructor(config) { super(config); this.text = config.text; }
  getConfig() { return { ...super.getConfig(), text: this.text }; }
}
Kept.className = "Kept";
tf.serialization.registerClass(Kept);
(async () => {
  const rows = [];
  for (const text of TEXTS) {
    const layers = [
      { class_name: "InputLayer", config: { name: "x", batch_input_shape: [null, 4] } },
      { class_name: "Kept", config: { name: "it", text } },
    ];
    const modelTopology = { class_name: "Sequential", config: { name: "m", layers } };
    const first = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology }));
    const saved = JSON.parse(first.toJSON());
    const second = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology: saved }));
    rows.push([text, first.getLayer("it").text, second.getLayer("it").text]);
  }
  answer(rows);
})();
"""

LOAD = """
const others = { variables: [], shapes: [], passes_mask: false };
const layers = [
  {
    class_name: "InputLayer",
    config: { name: "x", batch_input_shape: [null, 4, 1], dtype: "float32" },
  },
  { class_name: CLASS_NAME, config: { name: "it", arguments: ARGUMENTS, ...others } },
];
const modelTopology = { class_name: "Sequential", config: { name: "m", layers } };
tf.loadLayersModel(tf.io.fromMemory({ modelTopology })).then(
  () => answer("loaded"),
  (error) => answer(error.message),
);
"""


def outcome(class_name: str, arguments: object) -> str:
    """Return what the real TensorFlow.js says of a layer in a configuration as Python writes it."""
    name = json.dumps(f"{companion.PACKAGE}>{class_name}")
    program = LOAD.replace("CLASS_NAME", name).replace("ARGUMENTS", json.dumps(arguments))
    return str(in_node(program))


@needs_node
def test_a_page_does_not_load_a_layer_of_other_arguments() -> None:
    edges = [[0, 0], [1, 1], [0, 0]]
    owner = "The layer it (tfjs-serve/layers.js>Cropping)"
    hint = "Load the layers.js that belongs to this model.json"
    assert outcome("Cropping", {"edges": edges}) == "loaded"
    assert outcome("Cropping", {}).startswith(f"{owner} lacks the argument edges. {hint}")
    odd = outcome("Cropping", {"edges": edges, "some__odd_key": 1})
    assert odd.startswith(f"{owner} has no argument {camel_case('some__odd_key')}. {hint}")


@needs_node
@pytest.mark.parametrize(
    ("class_name", "arguments", "message"),
    [
        ("Activation", {"function": "leaky_relu"}, "The activation leakyRelu lacks the argument"),
        ("Activation", {"function": "leaky"}, "There is no activation leaky in layers.js"),
        ("Operation", {"operation": "ravel", "operands": {}}, "The operation ravel lacks the"),
        ("Operation", {"operation": "unravel", "operands": {}}, "There is no operation unravel"),
        (
            "EinsumDense",
            {"source": [0], "kernel": [0], "output": [0], "activation": {"function": "elu"}},
            "The activation elu lacks the argument alpha",
        ),
    ],
)
def test_a_page_does_not_load_a_function_of_other_arguments(
    class_name: str, arguments: object, message: str
) -> None:
    assert outcome(class_name, arguments).startswith(message)


@needs_node
def test_a_page_does_not_load_a_loop_of_other_cells() -> None:
    needed = companion.declared_arguments()["GRU"]
    loop = {name: False for name in needed if not name.endswith("?")}
    cells = [{"kind": "gru", "prefix": ""}]
    assert outcome("GRU", {**loop, "cells": cells}).startswith(
        "The cell gru lacks the argument activation."
    )
    directions = {"forward": loop, "backward": loop}
    whole = {**directions, "merge_mode": "sum", "mask": "none", "ordered": False, "runs": 1}
    lacking = {**whole, "backward": {"cells": []}}
    assert outcome("Bidirectional", {**lacking, "forward": {**loop, "cells": []}}).startswith(
        "The backward direction of it lacks the argument mask."
    )


KEYS = ["a", "_", "", "return_sequences", "new__york", "end_", "_first", "x_1", "two words_here"]

SPELL = """
class Spelled extends tf.layers.Layer {
  static className = "Spelled";
  constructor(config) {
    super(config);
    answer(config.strings);
  }
}
tf.serialization.registerClass(Spelled);
const config = { name: "it", batch_input_shape: [null, 1], strings: STRINGS };
const layers = [{ class_name: "Spelled", config }];
const modelTopology = { class_name: "Sequential", config: { name: "m", layers } };
tf.loadLayersModel(tf.io.fromMemory({ modelTopology }));
"""


@needs_node
def test_camel_case_is_that_of_tensorflow_js() -> None:
    assert in_node(SPELL.replace("STRINGS", json.dumps(KEYS))) == list(map(camel_case, KEYS))
