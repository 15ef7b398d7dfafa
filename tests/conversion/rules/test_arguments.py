"""How rules read arguments: they drop nothing unknown, and change nothing that they are given."""

from __future__ import annotations

import copy
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
from tfjs_serve.errors import ConversionError, ConversionProblem

KERNEL_AND_BIAS = {"d": [weight([[1.0, 2.0]]), weight([0.0, 0.0])]}


def dense(**config: Any) -> Json:
    return sequential([given("x", (None, 1)), layer("Dense", "d", units=2, **config)])


def problems(model: Json, weights: dict[str, Any] | None = None) -> list[ConversionProblem]:
    with pytest.raises(ConversionError) as caught:
        translate(saved(model, weights))
    return list(caught.value.problems)


def test_an_unknown_argument_is_a_problem() -> None:
    (problem,) = problems(dense(novelty=3), KERNEL_AND_BIAS)
    assert (problem.code, problem.layer_path) == ("unknown-argument", "m/d")
    assert "novelty=3" in problem.message


def test_an_unknown_argument_that_is_not_set_is_none() -> None:
    assert translate(saved(dense(novelty=None), KERNEL_AND_BIAS)).weights


def test_all_problems_are_told_at_once() -> None:
    model = sequential(
        [
            given("x", (None, 4)),
            layer("Lambda", "python", function="..."),
            layer("ReLU", "novel", novelty=0.1),
            layer("FancyLayer", "fancy"),
        ]
    )
    found = {(problem.layer_path, problem.code) for problem in problems(model)}
    assert found == {
        ("m/python", "custom-layer"),
        ("m/novel", "unknown-argument"),
        ("m/fancy", "unsupported-layer"),
    }


def test_the_configuration_is_left_as_it_was() -> None:
    model = dense(kernel_regularizer={"class_name": "L2", "config": {"l2": 0.1}})
    before = copy.deepcopy(model)
    translate(saved(model, KERNEL_AND_BIAS))
    assert model == before


@pytest.mark.parametrize(("value", "kept"), [(0.5, True), (-0.5, False)])
def test_a_constraint_that_the_weights_break_is_left_out(value: float, kept: bool) -> None:
    """TF.js applies constraints when it loads weights, which would change them."""
    model = dense(kernel_constraint={"class_name": "NonNeg", "config": {}})
    weights = {"d": [weight([[value, 1.0]]), weight([0.0, 0.0])]}
    translated = translate(saved(model, weights))
    config = translated.topology["model_config"]["config"]["layers"][1]["config"]
    assert ("kernel_constraint" in config) is kept
    assert any("NonNeg" in warning for warning in translated.warnings) is not kept


def test_keras_3_hard_sigmoid_is_another_function_than_keras_2s() -> None:
    for generation, class_name in ((2, "Activation"), (3, "Functional")):
        model = sequential(
            [given("x", (None, 4), generation), layer("Activation", "a", activation="hard_sigmoid")]
        )
        written = translate(saved(model, generation=generation))
        layers = written.topology["model_config"]["config"]["layers"]
        assert layers[1]["class_name"] == class_name


@pytest.mark.parametrize(
    ("own", "fed", "refused"), [("int32", "float32", True), ("int32", "int32", False)]
)
def test_a_layer_of_integers_must_not_round(own: str, fed: str, refused: bool) -> None:
    source = given("x", (None, 4))
    source["config"]["dtype"] = fed
    model = saved(sequential([source, layer("Reshape", "r", target_shape=[2, 2], dtype=own)]))
    if refused:
        assert [problem.code for problem in problems(model.config)] == ["unsupported-dtype"]
    else:
        assert translate(model).topology


def test_keras_3_overrides_the_training_argument_of_a_call() -> None:
    node = call(("x", 0, 0), training=True)
    layers = [given("x", (None, 4)), layer("Dropout", "d", [node], rate=0.5)]
    model = translate(saved(functional(layers, [("x", 0, 0)], [("d", 0, 0)])))
    assert "tfjs-serve" not in str(model.topology)
    (warning,) = model.warnings
    assert "training=True" in warning


@pytest.mark.parametrize(("cropping", "refused"), [(1, False), (2, True)])
def test_a_layer_that_crops_everything_is_refused(cropping: int, refused: bool) -> None:
    edges = [[cropping, cropping], [0, 0], [0, 0]]
    cropped = layer("Cropping3D", "it", cropping=edges, data_format="channels_last")
    model = saved(sequential([given("x", (None, 4, 4, 4, 1), 2), cropped]), generation=2)
    if not refused:
        translate(model)
        return
    with pytest.raises(ConversionError) as caught:
        translate(model)
    assert any("crops its input to nothing" in one.message for one in caught.value.problems)


def test_a_spectrogram_without_decibels_needs_no_range_of_them() -> None:
    spectrogram = layer("MelSpectrogram", "it", power_to_db=False, top_db=None)
    translate(saved(sequential([given("x", (None, 4096)), spectrogram])))
