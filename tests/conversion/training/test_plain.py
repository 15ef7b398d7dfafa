"""What ``model.json`` says without a script, and what it leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from .reading import KERAS2, TF_KERAS, output, plain


def test_only_what_loads_is_written() -> None:
    found = plain(optimizer={"class_name": "Adam", "config": {"learning_rate": 0.5}})
    config = {"learning_rate": 0.5, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    assert found.config == {
        "optimizer_config": {"class_name": "Adam", "config": config},
        "loss": "mean_squared_error",
        "metrics": [],
    }
    assert found.compile_line == ""


def test_outputs_are_called_as_in_the_page() -> None:
    outputs = (output("a"), output("b", 1))
    found = plain(*outputs, loss={"a": "mse", "b": "bce"}, metrics={"b": ["accuracy"]})
    assert found.config is not None
    assert found.config["loss"] == {"tfjs_a": "mean_squared_error", "tfjs_b": "binary_crossentropy"}
    assert found.config["metrics"] == {"tfjs_a": [], "tfjs_b": ["accuracy"]}
    assert any("running sums" in text for text in found.left_out)


OPTIMIZERS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "SGD": ({}, {"class_name": "SGD", "config": {"learning_rate": 0.5}}),
    "SGD with momentum": (
        {"momentum": 0.9, "nesterov": True},
        {
            "class_name": "Momentum",
            "config": {"learning_rate": 0.5, "momentum": 0.9, "use_nesterov": True},
        },
    ),
    "RMSprop": (
        {"rho": 0.8},
        {
            "class_name": "RMSProp",
            "config": {
                "learning_rate": 0.5,
                "momentum": 0.0,
                "epsilon": 1e-7,
                "decay": 0.8,
                "centered": False,
            },
        },
    ),
    "Adagrad": (
        {},
        {
            "class_name": "Adagrad",
            "config": {"learning_rate": 0.5, "initial_accumulator_value": 0.1},
        },
    ),
    "RMSprop, centered": ({"centered": True}, None),
    "Adagrad, another epsilon": ({"epsilon": 1e-3}, None),
    "Adagrad from zero": ({"initial_accumulator_value": 0.0}, None),
    "Adam, amsgrad": ({"amsgrad": True}, None),
    "Adam, clipped": ({"clipnorm": 1.0}, None),
    "Adam, global": ({"global_clipnorm": 1.0}, None),
    "Adam, values": ({"clipvalue": 1.0}, None),
    "Adam, averaged": ({"use_ema": True}, None),
    "SGD, decayed": ({"weight_decay": 0.1}, None),
    "Adadelta": ({}, None),
    "Lion": ({}, None),
    "Nadam": ({}, None),
    "AdamW": ({}, None),
}


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_an_optimizer_is_written_only_if_it_is_the_same(case: str) -> None:
    config, wanted = OPTIMIZERS[case]
    class_name = case.partition(" ")[0].strip(",")
    optimizer = {"class_name": class_name, "config": {"learning_rate": 0.5, **config}}
    found = plain(optimizer=optimizer)
    if wanted is None:
        assert found.config is None
        assert found.compile_line.startswith("model.compile({optimizer: tf.train.")
        assert any(class_name in text for text in found.left_out)
    else:
        assert found.config is not None
        assert found.config["optimizer_config"] == wanted


def test_a_schedule_is_not_written_as_a_rate() -> None:
    config = {"initial_learning_rate": 0.25, "decay_steps": 5, "decay_rate": 0.5}
    schedule = {"class_name": "ExponentialDecay", "config": config}
    found = plain(optimizer={"class_name": "SGD", "config": {"learning_rate": schedule}})
    assert found.config is None
    assert "tf.train.sgd(0.25)" in found.compile_line


@pytest.mark.parametrize(
    "loss",
    [
        {"class_name": "BinaryCrossentropy", "config": {"from_logits": True}},
        {"class_name": "CategoricalCrossentropy", "config": {"label_smoothing": 0.1}},
        {"class_name": "MeanSquaredError", "config": {"reduction": "sum"}},
        {"class_name": "SparseCategoricalCrossentropy", "config": {"ignore_class": 1}},
        "huber",
        "dice",
        "mine",
        None,
    ],
)
def test_a_loss_that_is_not_the_same_leaves_the_model_uncompiled(loss: Any) -> None:
    found = plain(loss=loss)
    assert found.config is None
    assert "loss: yourLoss" in found.compile_line


@pytest.mark.parametrize(
    ("metric", "loss", "units", "wanted"),
    [
        ("accuracy", "mse", 3, ["accuracy"]),
        ("accuracy", "binary_crossentropy", 3, ["categorical_accuracy"]),
        ("binary_accuracy", "mse", 3, ["binary_accuracy"]),
        ("categorical_accuracy", "mse", 1, ["categorical_accuracy"]),
        ("sparse_categorical_accuracy", "sparse_categorical_crossentropy", 3, ["accuracy"]),
        ("sparse_categorical_accuracy", "mse", 3, []),
        ("binary_crossentropy", "mse", 3, []),
        ("binary_crossentropy", "mse", 1, ["crossentropy"]),
        ("precision", "bce", 1, []),
        ("cosine_similarity", "mse", 3, []),
        ("auc", "bce", 1, []),
        ({"class_name": "BinaryAccuracy", "config": {"threshold": 0.3}}, "bce", 1, []),
        ("MSE", "mae", 3, ["mse"]),
    ],
)
def test_a_metric_is_written_only_if_it_is_the_same(
    metric: Any, loss: str, units: int, wanted: list[str]
) -> None:
    found = plain(output(units=units), loss=loss, metrics=[metric])
    assert found.config is not None
    assert found.config["metrics"] == (wanted or [])
    assert wanted or any("metric" in text for text in found.left_out)


def test_weights_of_losses_cannot_be_left_out_silently() -> None:
    found = plain(output("a"), output("b"), loss="mse", loss_weights=[1, 0.5])
    assert found.config is None
    assert "loss_weights cannot be told to TensorFlow.js." in found.left_out


@pytest.mark.parametrize("writer", [TF_KERAS, KERAS2])
def test_what_is_nearly_the_same_is_noted(writer: Any) -> None:
    optimizer = {"class_name": "RMSprop", "config": {"learning_rate": 0.5}}
    found = plain(writer=writer, optimizer=optimizer, loss="hinge")
    assert found.config is not None
    assert any("RMSprop" in text for text in found.left_out)
    assert any("labels of -1 and 1" in text for text in found.left_out)
