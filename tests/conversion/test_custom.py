"""Layers that the page registers keep their arguments and get the weights of the file."""

from __future__ import annotations

from tfjs_serve.conversion import translate
from tfjs_serve.keras_files import Container
from tfjs_serve.layers_model.model import LayersModel

from .building import Json, given, layer, saved, sequential, weight

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
    assert names(translated) == ["scale/0", "scale/1", "scale/inner/0"]
