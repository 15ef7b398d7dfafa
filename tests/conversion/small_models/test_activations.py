"""Spellings of activations, and what rules and cells are told about them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversion.building import given, layer, saved, sequential
from tfjs_serve.conversion.rules.activation_names import UnknownActivationError, named
from tfjs_serve.conversion.small_models.activations import companion_activation, native_activation
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError


def an(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": "x", "dtype": "float32", **config}}


@pytest.mark.parametrize(
    ("value", "name", "arguments"),
    [
        (None, "linear", {}),
        ("swish", "silu", {}),
        ("hard_swish", "hard_silu", {}),
        ("softmax_v2", "softmax", {"axis": -1}),
        ("leaky_relu", "leaky_relu", {"negative_slope": 0.2}),
        ("LeakyReLU", "leaky_relu", {"negative_slope": 0.3}),
        (an("LeakyReLU", alpha=0.1), "leaky_relu", {"negative_slope": 0.1}),
        (an("LeakyReLU", negative_slope=0.1), "leaky_relu", {"negative_slope": 0.1}),
        (an("ThresholdedReLU"), "threshold", {"threshold": 1.0, "default_value": 0.0}),
        (an("Activation", activation="gelu"), "gelu", {"approximate": False}),
        (an("gelu", approximate=True), "gelu", {"approximate": True}),
        (an("Dropout", rate=0.5, seed=None), "linear", {}),
    ],
)
def test_every_spelling_has_one_name(value: Any, name: str, arguments: dict[str, Any]) -> None:
    found = named(value, 3)
    assert (found.name, found.arguments) == (name, arguments)


@pytest.mark.parametrize(
    "value", ["<lambda>", "my_own", "shop>relu", an("PReLU"), an("ReLU", novelty=2), an("Dense")]
)
def test_what_keras_does_not_ship_is_unknown(value: Any) -> None:
    with pytest.raises(UnknownActivationError):
        named(value, 3)
    assert native_activation(value, 3) is None


def test_the_hard_sigmoids_of_both_generations_differ() -> None:
    assert native_activation("hard_sigmoid", 2) == "hard_sigmoid"
    assert native_activation("hard_sigmoid", 3) is None
    assert companion_activation("hard_sigmoid", 2) == {"function": "hard_sigmoid_keras2"}
    assert companion_activation("hard_sigmoid", 3) == {"function": "hard_sigmoid"}


def test_a_cell_is_told_all_arguments() -> None:
    assert companion_activation(an("ELU", alpha=0.5), 3) == {"function": "elu", "alpha": 0.5}


def test_an_unknown_activation_is_named_in_the_report() -> None:
    model = sequential([given("x", (None, 2)), layer("Activation", "a", activation="my_own")])
    with pytest.raises(ConversionError) as caught:
        translate(saved(model))
    (problem,) = caught.value.problems
    assert (problem.layer_path, problem.code) == ("m/a", "unsupported-activation")
    assert "my_own" in problem.message
