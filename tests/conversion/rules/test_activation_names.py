"""Every spelling of an activation has one name."""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.conversion.rules.activation_names import UnknownActivationError, named


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
