"""A model of a user's class is read if the file has everything that it computes."""

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

WEIGHTS = [weight([[1.0, 2.0]]), weight([0.5, 1.5])]


def dense(nodes: bool = False) -> Json:
    return layer("Dense", "d", [call(("x", 0, 0))] if nodes else (), units=2)


def graph(class_name: str) -> Json:
    model = functional([given("x", (None, 1)), dense(True)], [("x", 0, 0)], [("d", 0, 0)])
    return {**model, "class_name": class_name, "module": "__main__", "registered_name": class_name}


@pytest.mark.parametrize("class_name", ["MyModel", "package>MyModel"])
def test_a_derived_functional_model_is_read_with_a_warning(class_name: str) -> None:
    translated = translate(saved(graph(class_name), {"d": WEIGHTS}))
    assert translated.topology["model_config"]["class_name"] == "Functional"
    (warning,) = translated.warnings
    assert class_name in warning


def test_a_derived_sequential_model_is_read_with_a_warning() -> None:
    model = {**sequential([given("x", (None, 1)), dense()]), "class_name": "MyStack"}
    translated = translate(saved(model, {"d": WEIGHTS}))
    assert translated.topology["model_config"]["class_name"] == "Sequential"
    assert "MyStack" in translated.warnings[0]


def test_an_archive_has_the_weights_under_the_name_of_the_class() -> None:
    inner = {**graph("MyModel"), "name": "inner"}
    inner["config"]["name"] = "inner"
    outer = sequential([given("y", (None, 1)), inner])
    found = {"layers/my_model/layers/dense": WEIGHTS}
    translated = translate(saved(outer, found, container=Container.KERAS_ZIP))
    assert len(translated.weights) == 2


@pytest.mark.parametrize(
    "config", [{"name": "m"}, {"name": "m", "layers": 3}, {"layers": [1]}, {"layers": [], "n": 2}]
)
def test_a_model_that_is_code_is_refused(config: Json) -> None:
    with pytest.raises(ConversionError) as caught:
        translate(saved({"class_name": "MyModel", "config": config}))
    (problem,) = caught.value.problems
    assert problem.code == "unsupported-model"
    assert "keras.Model(inputs, outputs)" in problem.hint
