"""Models that are refused for what only some people use: the message says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversion.building import call, functional, given, layer, saved, sequential
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError, ConversionProblem


def problems(config: Any) -> list[ConversionProblem]:
    with pytest.raises(ConversionError) as caught:
        translate(saved(config))
    return list(caught.value.problems)


def test_the_layers_that_read_an_optional_input_are_named() -> None:
    b = given("b", (None, 3))
    b["config"]["optional"] = True
    added = layer("Add", "both", [call(("a", 0, 0), ("b", 0, 0))])
    layers = [given("a", (None, 3)), b, added]
    inputs = [("a", 0, 0), ("b", 0, 0)]
    (problem,) = problems(functional(layers, inputs, [("both", 0, 0)]))
    assert problem.layer_path == "m/b"
    assert "both may get" in problem.hint
    assert "without optional=True" in problem.hint


@pytest.mark.parametrize("package", ["keras_hub", "keras_nlp", "keras_cv"])
@pytest.mark.parametrize("is_archive", [True, False], ids=["archive", "HDF5"])
@pytest.mark.parametrize(
    ("name", "is_model"),
    [
        *(("TransformerEncoder", False), ("SinePositionEncoding", False), ("ViTBackbone", True)),
        *(("BertTextClassifier", True), ("GemmaCausalLM", True)),
    ],
)
def test_layers_of_other_libraries_are_to_be_replaced_and_models_to_be_rebuilt(
    package: str, is_archive: bool, name: str, is_model: bool
) -> None:
    one = layer(name if is_archive else f"{package}>{name}", "r")
    if is_archive:
        one |= {"module": f"{package}.src.layers", "registered_name": f"{package}>{name}"}
    (problem,) = problems(sequential([given("x", (None, 3)), one]))
    assert problem.layer_path == "m/r"
    assert "Python code" in problem.message
    assert ("keras.Model(model.inputs, model.outputs)" in problem.hint) is is_model
    assert (f"a layer of {package}, whose code is not in the file" in problem.hint) is not is_model
    assert "--layers my-layers.js" in problem.hint


def test_models_of_other_libraries_too() -> None:
    backbone = {
        "module": "keras_hub.src.models.bert",
        "class_name": "BertBackbone",
        "config": {"name": "bert", "trainable": True, "num_layers": 2},
        "registered_name": "keras_hub>BertBackbone",
    }
    (problem,) = problems(backbone)
    assert problem.code == "unsupported-model"
    assert "keras.Model(model.inputs, model.outputs)" in problem.hint
