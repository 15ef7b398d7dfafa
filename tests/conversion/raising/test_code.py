"""Whatever is in the model.json of a stranger, no Python code gets into a file for Keras."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfjs_serve.conversion.raising.code import code_in
from tfjs_serve.conversion.raising.model import Raised
from tfjs_serve.conversion.raising.road import raised
from tfjs_serve.conversion.record.model import RECORD, Record
from tfjs_serve.conversion.record.text import to_text
from tfjs_serve.errors import ConversionError
from tfjs_serve.layers_model.tfjs_source import open_tfjs_folder
from tfjs_serve.layers_model.tfjs_weights import numeric_weights

CODE = {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None, "closure": None}}
LAMBDA = {"class_name": "Lambda", "config": {"name": "it", "function": ["4wEA", None, None]}}


def dense(**arguments: Any) -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"name": "it", "units": 2, **arguments}}


def wrapped(layer: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "TimeDistributed", "config": {"name": "around", "layer": layer}}


Written = Callable[..., Raised]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a layer as a page's model; return what becomes of it for Keras."""

    def write(layer: dict[str, Any], **more: Any) -> Raised:
        shapes = {"it/kernel": [2, 2], "it/bias": [2]} if layer["class_name"] == "Dense" else {}
        specs = [{"name": name, "shape": one, "dtype": "float32"} for name, one in shapes.items()]
        document = {
            "modelTopology": {"model_config": model_of(layer)},
            "weightsManifest": [{"paths": ["weights.bin"], "weights": specs}],
            **more,
        }
        (tmp_path / "model.json").write_text(json.dumps(document))
        (tmp_path / "weights.bin").write_bytes(bytes(24 if specs else 0))
        source = open_tfjs_folder(tmp_path, "model.json")
        return raised(source.document, numeric_weights(source), "model.json")

    return write


def model_of(layer: dict[str, Any]) -> dict[str, Any]:
    shape = [None, 3, 2] if layer["class_name"] == "TimeDistributed" else [None, 2]
    given = {"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": shape}}
    return {"class_name": "Sequential", "config": {"name": "model", "layers": [given, layer]}}


@pytest.mark.parametrize(
    "layer",
    [
        LAMBDA,
        wrapped(LAMBDA),
        dense(kernel_initializer=CODE),
        dense(activity_regularizer={"class_name": "Custom>__lambda__", "config": {}}),
        {"class_name": "Activation", "config": {"name": "it", "activation": CODE}},
    ],
)
def test_layers_with_code_are_refused(layer: dict[str, Any], written: Written) -> None:
    with pytest.raises(ConversionError):
        written(layer)


def test_a_record_brings_no_code(written: Written) -> None:
    """It says that the page registers the class itself, as it may say of any other."""
    record = Record(
        generation=2, keras_version="2.15.0", config=model_of(LAMBDA), custom_layers=("Lambda",)
    )
    page = {"class_name": "Lambda", "config": {"name": "it"}}
    with pytest.raises(ConversionError) as refused:
        written(page, userDefinedMetadata={RECORD: to_text(record)})
    (problem,) = refused.value.problems
    assert "Python code (it)" in problem.message


@pytest.mark.parametrize("name", ["loss", "metrics"])
def test_compile_settings_with_code_are_left_out(name: str, written: Written) -> None:
    settings: dict[str, Any] = {"loss": "mse", "metrics": []}
    settings["optimizer_config"] = {"class_name": "SGD", "config": {"learningRate": 0.1}}
    assert written(dense(), trainingConfig=settings).training is not None
    made = written(dense(), trainingConfig={**settings, name: [CODE]})
    assert made.training is made.optimizer is None
    assert "Python code" in made.notes[-1]


def test_where_code_is_found() -> None:
    assert code_in({"layers": [[{"class_name": "keras.layers.Lambda", "config": {}}]]}) == "Lambda"
    assert code_in({"class_name": "Dense", "config": {"name": "Lambda"}}) == ""
