"""Different spellings of the same model, from different versions of Keras, are translated alike."""

from __future__ import annotations

from typing import Any

import pytest

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
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError

WEIGHTS = {"d": [weight([[1.0, 2.0]]), weight([0.5, 1.5])]}


def topology(model: Json, generation: int = 2, weights: Any = WEIGHTS) -> Json:
    translated = translate(saved(model, weights, generation))
    config: Json = translated.topology["model_config"]
    return config


def dense(**config: Any) -> Json:
    return layer("Dense", "d", units=2, **config)


def dense_config(model: Json, generation: int = 2) -> Json:
    config: Json = topology(model, generation)["config"]["layers"][-1]["config"]
    return config


MODERN = sequential([given("x", (None, 1), 2), dense()])


def test_sequential_may_be_a_bare_list() -> None:
    """As Keras 2.2.2 and older have it."""
    layers = [dense(batch_input_shape=[None, 1])]
    found = topology({"class_name": "Sequential", "config": layers})
    first, last = found["config"]["layers"]
    assert first["class_name"] == "InputLayer"
    assert first["config"]["batch_input_shape"] == [None, 1]
    assert last["config"] == dense_config(MODERN)


@pytest.mark.parametrize(
    "where", ["first layer", "nested model's first layer", "model", "model as tuple"]
)
def test_input_shape_is_found_where_the_version_puts_it(where: str) -> None:
    layers, build = [dense()], {}
    if where == "first layer":
        layers = [dense(batch_input_shape=[None, 1])]
    elif where == "nested model's first layer":
        inner = sequential([layer("ReLU", "r", batch_input_shape=[None, 1])], name="inner")
        layers = [inner, dense()]
    else:
        shape = [None, 1]
        tuple_ = {"class_name": "__tuple__", "items": shape}
        build = {"build_input_shape": tuple_ if where == "model as tuple" else shape}
    model = sequential(layers)
    model["config"].update(build)
    found = topology(model)["config"]["layers"]
    assert found[0]["class_name"] == "InputLayer"
    assert found[0]["config"]["batch_input_shape"] == [None, 1]
    assert found[-1]["config"] == dense_config(MODERN)


def test_shape_that_was_never_saved_is_asked_for() -> None:
    with pytest.raises(ConversionError) as caught:
        topology(sequential([layer("ReLU", "r")]), weights={})
    assert [problem.code for problem in caught.value.problems] == ["no-input-shape"]


@pytest.mark.parametrize("class_name", ["Model", "Functional"])
def test_functional_model_has_two_names(class_name: str) -> None:
    nodes = [[["x", 0, 0, {}]]]
    model = functional(
        [given("x", (None, 1), 2), {**dense(), "inbound_nodes": nodes}],
        [("x", 0, 0)],
        [("d", 0, 0)],
    )
    model["class_name"] = class_name
    assert topology(model)["class_name"] == "Functional"


@pytest.mark.parametrize("generation", [2, 3])
def test_the_older_form_of_calls_is_read_in_files_of_both_kerases(generation: int) -> None:
    """As Keras 3 reads it, too."""
    nodes = [[["x", 0, 0, {"training": False}]]]
    model = functional(
        [given("x", (None, 1), generation), {**dense(), "inbound_nodes": nodes}],
        [("x", 0, 0)],
        [("d", 0, 0)],
    )
    found = topology(model, generation)["config"]["layers"]
    assert found[-1]["config"] == dense_config(MODERN)
    assert found[-1]["inbound_nodes"] == [[["x", 0, 0, {}]]]


@pytest.mark.parametrize(
    "dtype",
    [
        "float32",
        None,
        {"class_name": "Policy", "config": {"name": "float32"}},
        {"class_name": "PolicyV1", "config": {"name": "float32", "loss_scale": None}},
        {"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}, "module": "keras"},
        {"class_name": "DTypePolicyMap", "config": {"default_policy": "float32"}},
    ],
)
def test_dtypes_and_policies_become_float32(dtype: Any) -> None:
    model = sequential([given("x", (None, 1), 2), {**dense()}])
    model["config"]["layers"][1]["config"]["dtype"] = dtype
    assert dense_config(model)["dtype"] == "float32"


def test_quantized_layer_is_refused_for_its_dtype() -> None:
    policy = {
        "class_name": "QuantizedDTypePolicy",
        "config": {"mode": "int8", "source_name": "float32"},
    }
    model = sequential([given("x", (None, 1)), layer("ReLU", "r")])
    model["config"]["layers"][1]["config"]["dtype"] = policy
    with pytest.raises(ConversionError, match="1 problem") as caught:
        topology(model, 3)
    assert caught.value.problems[0].code == "unsupported-dtype"


@pytest.mark.parametrize(
    "initializer",
    [
        "glorot_uniform",
        {"class_name": "GlorotUniform", "config": {"seed": None}},
        {"class_name": "GlorotUniform", "config": {"seed": None}, "shared_object_id": 3},
        {
            "module": "keras.initializers",
            "class_name": "GlorotUniform",
            "config": {"seed": None},
            "registered_name": None,
        },
    ],
)
def test_initializers_are_names_or_objects(initializer: Any) -> None:
    model = sequential([given("x", (None, 1), 2), dense(kernel_initializer=initializer)])
    written = {"class_name": "GlorotUniform", "config": {"seed": None}}
    assert dense_config(model)["kernel_initializer"] == written


@pytest.mark.parametrize(
    ("activation", "written"),
    [
        ("log_softmax_v2", "log_softmax"),
        ("silu", "swish"),
        (None, "linear"),
        ({"class_name": "function", "config": "relu", "module": "builtins"}, "relu"),
    ],
)
def test_activations_have_several_spellings(activation: Any, written: str) -> None:
    model = sequential([given("x", (None, 1), 2), dense(activation=activation)])
    assert dense_config(model)["activation"] == written


def merging(nodes: Any, generation: int) -> Json:
    layers = [given(name, (None, 3), generation) for name in ("a", "b")]
    nested = functional(
        [
            *(given(name, (None, 3), generation) for name in ("zebra", "ant")),
            layer("Concatenate", "join", [[["zebra", 0, 0, {}], ["ant", 0, 0, {}]]]),
        ],
        [],
        [("join", 0, 0)],
        name="inner",
    )
    nested["config"]["input_layers"] = {"zebra": ["zebra", 0, 0], "ant": ["ant", 0, 0]}
    entry = {**nested, "name": "inner", "inbound_nodes": nodes}
    return functional([*layers, entry], [("a", 0, 0), ("b", 0, 0)], [("inner", 1, 0)])


def test_keras_2_model_may_be_called_with_a_dict() -> None:
    """Both the call and the inputs of the model called are ordered by key."""
    nodes = [{"zebra": ["a", 0, 0, {}], "ant": ["b", 0, 0, {}]}]
    inner = topology(merging(nodes, 2), 2, {})["config"]["layers"][2]
    assert inner["inbound_nodes"] == [[["b", 0, 0, {}], ["a", 0, 0, {}]]]
    assert inner["config"]["input_layers"] == [["ant", 0, 0], ["zebra", 0, 0]]


@pytest.mark.parametrize("constant", [1.0, [[1.0]], {"class_name": "__numpy__", "config": {}}])
def test_constant_among_the_inputs_is_refused(constant: Any) -> None:
    node = call(("x", 0, 0))
    node["args"] = [[node["args"][0], constant]]
    layers = [given("x", (None, 3)), layer("Add", "add", [node])]
    with pytest.raises(ConversionError) as caught:
        topology(functional(layers, [("x", 0, 0)], [("add", 0, 0)]), 3, {})
    found = [(problem.layer_path, problem.code) for problem in caught.value.problems]
    assert ("m/add", "unsupported-graph") in found


@pytest.mark.parametrize(
    ("class_name", "config"),
    [("Softmax", {"axis": -1}), ("Reshape", {"newshape": [-1, 3]}), ("Cast", {"dtype": "float32"})],
)
def test_operation_is_not_taken_for_the_layer_of_its_name(class_name: str, config: Json) -> None:
    """An operation has a name and its own arguments only; every layer has a trainable flag."""
    operation = layer(class_name, "it", [call(("x", 0, 0))])
    operation["config"] = {"name": "it", **config}
    model = functional([given("x", (None, 3)), operation], [("x", 0, 0)], [("it", 0, 0)])
    found = topology(model, 3, {})["config"]["layers"][-1]
    assert found["class_name"] == "Functional"


def test_operation_that_is_not_known_is_reported_once() -> None:
    operation = layer("NoSuchThing", "it", [call(("x", 0, 0))])
    operation |= {"config": {"name": "it"}, "module": "keras.src.ops.numpy"}
    model = functional([given("x", (None, 3)), operation], [("x", 0, 0)], [("it", 0, 0)])
    with pytest.raises(ConversionError) as caught:
        topology(model, 3, {})
    (problem,) = caught.value.problems
    assert (problem.code, problem.class_name) == ("unsupported-layer", "ops.no_such_thing")


@pytest.mark.parametrize(
    ("class_name", "generation", "arguments"),
    [
        ("RandomFlip", 2, {"mode": "horizontal", "rng_type": "stateful"}),
        ("RandomRotation", 3, {"factor": 0.2, "value_range": [0, 255]}),
        ("Softmax", 2, {"axis": -1, "robust_masking": True}),
    ],
)
def test_arguments_that_only_some_versions_write_are_known(
    class_name: str, generation: int, arguments: Json
) -> None:
    layers = [given("x", (None, 4, 4, 3), generation), layer(class_name, "it", **arguments)]
    assert translate(saved(sequential(layers), generation=generation)).warnings == ()
