"""Initializers, regularizers and constraints: some are written, others left out with a warning."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversion.building import given, layer, saved, sequential, weight
from tfjs_serve.conversion.translate import translate
from tfjs_serve.layers_model.model import LayersModel


def made(rows: int = 1, **config: Any) -> LayersModel:
    """Return a model of one Dense layer with `rows` inputs and two outputs."""
    model = sequential([given("x", (None, rows)), layer("Dense", "d", units=2, **config)])
    weights = {"d": [weight([[0.5, 0.5]] * rows), weight([0.0, 0.0])]}
    return translate(saved(model, weights))


def written(model: LayersModel, key: str) -> Any:
    """Return an argument of the layer, ``None`` if it was left out."""
    layers = model.topology["model_config"]["config"]["layers"]
    return layers[-1]["config"].get(key)


def an(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("zeros", "Zeros"),
        ("one", "Ones"),
        ("normal", "RandomNormal"),
        ("lecun_uniform", "LeCunUniform"),
        (an("GlorotUniform", seed=None), "GlorotUniform"),
        (an("OrthogonalInitializer", gain=1.0), "Orthogonal"),
    ],
)
def test_initializers_of_all_spellings(value: Any, expected: str) -> None:
    assert written(made(kernel_initializer=value), "kernel_initializer")["class_name"] == expected


def test_a_truncated_distribution_is_what_tfjs_calls_normal() -> None:
    value = an("VarianceScaling", scale=2.0, mode="fan_in", distribution="truncated_normal")
    config = written(made(kernel_initializer=value), "kernel_initializer")["config"]
    assert config["distribution"] == "normal"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kernel_initializer", an("STFTInitializer", side="real")),
        ("kernel_initializer", an("shop>Mine")),
        ("kernel_initializer", an("Constant", value=float("inf"))),
        ("kernel_initializer", an("Constant", value=[[1.0, 2.0]])),
        ("kernel_initializer", an("Identity", gain=1.0)),
        ("bias_initializer", an("Orthogonal", gain=1.0)),
        ("kernel_regularizer", an("OrthogonalRegularizer", factor=0.01, mode="rows")),
        ("kernel_regularizer", an("L2", l2=float("nan"))),
        ("kernel_constraint", an("RadialConstraint")),
        ("kernel_constraint", an("MaxNorm", max_value=0.1, axis=0)),
        ("bias_constraint", an("shop>Mine")),
    ],
)
def test_what_tfjs_lacks_or_cannot_make_is_left_out_with_a_warning(key: str, value: Any) -> None:
    model = made(**{key: value})
    assert written(model, key) is None
    assert len(model.warnings) == 1


def test_an_identity_is_kept_where_it_is_a_square() -> None:
    model = made(rows=2, kernel_initializer=an("Identity", gain=1.0))
    assert written(model, "kernel_initializer") == {
        "class_name": "Identity",
        "config": {"gain": 1.0},
    }
    assert model.warnings == ()


@pytest.mark.parametrize(
    ("value", "l1", "l2"),
    [
        (an("L1", l1=0.1), 0.1, 0),
        (an("L2", l2=0.2), 0, 0.2),
        (an("L1L2", l1=0.1, l2=0.2), 0.1, 0.2),
        ("l2", 0, 0.01),
    ],
)
def test_both_strengths_of_a_regularizer_are_written(value: Any, l1: float, l2: float) -> None:
    config = written(made(kernel_regularizer=value), "kernel_regularizer")["config"]
    assert config == {"l1": l1, "l2": l2}


@pytest.mark.parametrize("spelled", ["maxnorm", "max_norm", an("MaxNorm", max_value=9.0, axis=0)])
def test_constraints_that_the_weights_keep(spelled: Any) -> None:
    constraint = written(made(kernel_constraint=spelled), "kernel_constraint")
    assert constraint["class_name"] == "MaxNorm"
