"""Which activations TensorFlow.js computes, and what companion layers are told about others."""

from __future__ import annotations

import pytest

from tests.conversion.building import given, layer, saved, sequential
from tfjs_serve.conversion.small_models.activations import companion_activation, native_activation
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError


def test_tfjs_does_not_compute_what_keras_does_not_ship() -> None:
    assert native_activation("my_own", 3) is None


def test_the_hard_sigmoids_of_both_generations_differ() -> None:
    assert native_activation("hard_sigmoid", 2) == "hard_sigmoid"
    assert native_activation("hard_sigmoid", 3) is None
    assert companion_activation("hard_sigmoid", 2) == {"function": "hard_sigmoid_keras2"}
    assert companion_activation("hard_sigmoid", 3) == {"function": "hard_sigmoid"}


def test_a_cell_is_told_all_arguments() -> None:
    elu = {"class_name": "ELU", "config": {"name": "x", "dtype": "float32", "alpha": 0.5}}
    assert companion_activation(elu, 3) == {"function": "elu", "alpha": 0.5}


def test_an_unknown_activation_is_named_in_the_report() -> None:
    model = sequential([given("x", (None, 2)), layer("Activation", "a", activation="my_own")])
    with pytest.raises(ConversionError) as caught:
        translate(saved(model))
    (problem,) = caught.value.problems
    assert (problem.layer_path, problem.code) == ("m/a", "unsupported-activation")
    assert "my_own" in problem.message
