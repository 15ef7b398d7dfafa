"""Layers that the page registers keep their arguments and get the weights of the file."""

from __future__ import annotations

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
from tfjs_serve.keras_files import Container
from tfjs_serve.layers_model.model import LayersModel

SCALE = {"module": "mine", "registered_name": "my>Scale"}


def model() -> Json:
    own = {**layer("Scale", "scale", factor=2.0), **SCALE}
    return sequential([given("x", (None, 2)), own])


def names(model: LayersModel) -> list[str]:
    return [written.name for written in model.weights]


def test_names_of_an_hdf5_file_are_those_that_the_class_gave_them() -> None:
    weights = {"scale": [weight([1.0, 2.0], "scale/by:0"), weight([0.5, 0.5], "scale/offset:0")]}
    translated = translate(saved(model(), weights), ["my>Scale"])
    assert names(translated) == ["scale/by", "scale/offset"]
    written = translated.topology["model_config"]["config"]["layers"][1]
    assert written["class_name"] == "my>Scale"
    assert written["config"]["factor"] == 2.0


def test_an_archive_tells_positions_only() -> None:
    weights = {
        "layers/scale": [weight([1.0, 2.0]), weight([0.5, 0.5])],
        "layers/scale/inner": [weight([[3.0]])],
    }
    translated = translate(saved(model(), weights, container=Container.KERAS_ZIP), ["Scale"])
    assert names(translated) == ["scale/weight_0", "scale/weight_1", "scale/inner/weight_0"]


@pytest.mark.parametrize(
    "written",
    [
        pytest.param({"module": None, "registered_name": "Scale"}, id="archive"),
        pytest.param({}, id="HDF5"),
    ],
)
@pytest.mark.parametrize("flags", [{"trainable": True}, {}], ids=["full", "own-arguments-only"])
def test_classes_of_a_script_that_registers_nothing(written: Json, flags: Json) -> None:
    own = {"class_name": "Scale", "config": {"name": "scale", "factor": 2.0, **flags}, **written}
    made = sequential([given("x", (None, 2)), own])
    translated = translate(saved(made), ["Scale"])
    assert translated.topology["model_config"]["config"]["layers"][1]["class_name"] == "Scale"
    with pytest.raises(ConversionError) as refusal:
        translate(saved(made))
    (problem,) = refusal.value.problems
    assert "Python" in problem.message or "Scale" in problem.message
    assert "--layers" in problem.hint


def after_scale(shape: list[int | None] | None) -> Json:
    """Return a model that takes the mean of what a layer of the user's computes."""
    seen = call(("scale", 0, 0))
    if shape is not None:
        seen["args"][0]["config"]["shape"] = shape
    own = layer("my>Scale", "scale", [call(("x", 0, 0))])
    mean = {
        "class_name": "Mean",
        "config": {"axis": 2, "keepdims": False, "name": "mean"},
        "name": "mean",
        "inbound_nodes": [seen],
    }
    return functional([given("x", (None, 5)), own, mean], [("x", 0, 0)], [("mean", 0, 0)])


def test_what_follows_a_layer_of_the_page_goes_by_the_shape_in_the_file() -> None:
    translated = translate(saved(after_scale([None, 4, 5])), ["my>Scale"])
    written = translated.topology["model_config"]["config"]["layers"]
    assert written[-1]["class_name"] == "Functional"  # lowered for the three axes that it has


@pytest.mark.parametrize("shape", [None, [None, 4, 5]])
def test_only_the_layer_of_the_user_is_reported(shape: list[int | None] | None) -> None:
    with pytest.raises(ConversionError) as refusal:
        translate(saved(after_scale(shape)))
    assert [problem.layer_path for problem in refusal.value.problems] == ["m/scale"]
