"""What a whole model gets of its training, and that it loads whatever its settings are."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.conversion.building import given, layer, saved, sequential, weight
from tfjs_serve.conversion.compiling import Detail
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import KerasFileError, UnsafeFileError, VariantNotAvailableError
from tfjs_serve.keras_files import KerasModel, SavedTraining, WeightRef

KERNEL = weight(np.ones((2, 3)), "kernel")
BIAS = weight(np.ones(3), "bias")
SETTINGS: dict[str, Any] = {
    "loss": "mse",
    "metrics": ["mae"],
    "optimizer_config": {
        "class_name": "SGD",
        "config": {"learning_rate": 0.5, "momentum": 0.9, "nesterov": False},
    },
}
STATE = (weight(7, "iteration"), weight(np.ones((2, 3)), "m0"), weight(np.ones(3), "m1"))


def model(training: SavedTraining | None, **arguments: Any) -> KerasModel:
    layers = [given("x", (None, 2)), layer("Dense", "d", units=3, **arguments)]
    return replace(saved(sequential(layers), {"d": [KERNEL, BIAS]}), training=training)


def trained(**settings: Any) -> SavedTraining:
    return SavedTraining(settings={**SETTINGS, **settings}, read_optimizer=lambda: STATE)


def test_a_model_has_what_is_wanted_of_its_training() -> None:
    none = translate(model(trained()), (), Detail.NONE)
    assert (none.training_config, none.facts.training) == (None, None)
    plain = translate(model(trained()))
    assert plain.training_config is not None
    assert plain.training_config["optimizer_config"]["class_name"] == "Momentum"
    assert "keras" not in plain.training_config
    assert len(plain.weights) == 2
    full = translate(model(trained()), (), Detail.FULL)
    assert full.training_config is not None
    assert full.training_config["keras"]["outputs"] == ["d"]
    names = [one.name for one in full.weights if one.group]
    assert names == ["iter", "momentum/d/kernel", "momentum/d/bias"]
    assert (plain.warnings, full.warnings) == ((), ())


def test_a_page_that_only_predicts_does_not_look_for_the_state() -> None:
    def read() -> tuple[WeightRef, ...]:
        raise AssertionError

    translate(model(SavedTraining(settings=SETTINGS, read_optimizer=read)))


def test_there_is_nothing_to_train_on_without_settings() -> None:
    assert translate(model(None)).facts.training is None
    with pytest.raises(VariantNotAvailableError, match="without compile settings"):
        translate(model(None), (), Detail.FULL)


def test_state_that_is_damaged_is_told_and_left_out() -> None:
    def read() -> tuple[WeightRef, ...]:
        raise KerasFileError("model.h5 is damaged", hint="save it again")

    damaged = SavedTraining(settings=SETTINGS, read_optimizer=read)
    found = translate(model(damaged), (), Detail.FULL)
    assert found.training_config is not None
    assert len(found.weights) == 2
    (warning,) = found.warnings
    assert "starts anew" in warning
    assert "damaged" in warning


def test_state_that_would_exhaust_the_machine_is_refused() -> None:
    def read() -> tuple[WeightRef, ...]:
        raise UnsafeFileError("too much", hint="")

    with pytest.raises(UnsafeFileError):
        translate(model(SavedTraining(settings=SETTINGS, read_optimizer=read)), (), Detail.FULL)


def test_state_before_the_first_step_is_none() -> None:
    fresh = SavedTraining(settings=SETTINGS, read_optimizer=lambda: STATE[:1])
    found = translate(model(fresh), (), Detail.FULL)
    assert len(found.weights) == 2
    assert found.warnings == ()


def test_state_of_other_weights_is_told() -> None:
    other = SavedTraining(settings=SETTINGS, read_optimizer=lambda: STATE[:2])
    found = translate(model(other), (), Detail.FULL)
    assert len(found.weights) == 2
    assert "are not those of SGD" in found.warnings[0]


def test_frozen_layers_have_no_slots() -> None:
    frozen = SavedTraining(settings=SETTINGS, read_optimizer=lambda: STATE[:1])
    found = translate(model(frozen, trainable=False), (), Detail.FULL)
    assert [one.name for one in found.weights if one.group] == ["iter"]


def test_regularizers_of_activities_are_for_the_script() -> None:
    regularizer = {"class_name": "L2", "config": {"l2": 0.5}}
    found = translate(model(trained(), activity_regularizer=regularizer), (), Detail.FULL)
    assert found.training_config is not None
    (one,) = found.training_config["keras"]["activity_regularizers"]
    assert one == {"layer": "d", "class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.5}}
    odd = translate(model(trained(), activity_regularizer={"class_name": "My"}), (), Detail.FULL)
    assert "activity regularizer" in odd.warnings[0]


def test_regularizers_of_weights_in_layers_js_are_for_the_script() -> None:
    gates = [weight(np.ones(shape)) for shape in ((2, 9), (3, 9), (2, 9))]
    layers = [
        given("x", (None, 4, 2)),
        layer(
            "GRU",
            "g",
            units=3,
            kernel_regularizer={"class_name": "L1", "config": {"l1": 0.5}},
            recurrent_regularizer="l2",
        ),
        layer(
            "Dense", "d", units=3, kernel_regularizer="l2", bias_regularizer={"class_name": "Mine"}
        ),
    ]
    weights = {"g": gates, "d": [weight(np.ones((3, 3))), BIAS]}
    keras_model = replace(saved(sequential(layers), weights), training=trained())
    found = translate(keras_model, (), Detail.FULL)
    assert found.training_config is not None
    assert found.training_config["keras"]["weight_regularizers"] == [
        {
            "layer": "g",
            "weight": "g/kernel",
            "class_name": "L1L2",
            "config": {"l1": 0.5, "l2": 0.0},
        },
        {
            "layer": "g",
            "weight": "g/recurrent_kernel",
            "class_name": "L1L2",
            "config": {"l1": 0.0, "l2": 0.01},
        },
    ]
    assert [warning for warning in found.warnings if "left out" in warning] == [
        "m/d (Dense): its regularizer Mine is left out: TensorFlow.js does not have it."
    ]


def test_what_only_the_script_has_is_no_warning_for_its_pages() -> None:
    orthogonal = {"class_name": "OrthogonalRegularizer", "config": {"factor": 0.5, "mode": "rows"}}
    keras_model = model(trained(), kernel_regularizer=orthogonal)
    assert any("Orthogonal" in one for one in translate(keras_model).warnings)
    found = translate(keras_model, (), Detail.FULL)
    assert not any("Orthogonal" in one for one in found.warnings)
    assert found.training_config is not None
    (one,) = found.training_config["keras"]["weight_regularizers"]
    assert one == {"layer": "d", "weight": "d/kernel", **orthogonal}


NONSENSE = [None, 3, "x", [], {}, [[]], [None], {"class_name": 3}, {"class_name": "SGD"}, [3, {}]]


@pytest.mark.parametrize("member", [*SETTINGS, "weighted_metrics", "loss_weights"])
@pytest.mark.parametrize("value", NONSENSE, ids=json.dumps)
def test_a_model_loads_whatever_its_settings_are(member: str, value: Any) -> None:
    for detail in (Detail.PLAIN, Detail.FULL):
        found = translate(model(trained(**{member: value})), (), detail)
        json.dumps(found.training_config, allow_nan=False)
        assert found.facts.training is not None
        assert all(len(text) <= 300 for text in found.facts.training.left_out)


def test_settings_that_cannot_be_read_are_told() -> None:
    found = translate(model(SavedTraining(problem="are not valid JSON (x)")))
    assert found.training_config is None
    assert found.facts.training is not None
    assert "The compile settings are not valid JSON (x)." in found.facts.training.left_out
