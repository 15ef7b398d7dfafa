"""Compile settings mean the same, whoever spelled them."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from tfjs_serve.conversion.training.full import full_training
from tfjs_serve.conversion.training.model import Setting, Writer
from tfjs_serve.conversion.training.tables import LOSSES, METRICS, OPTIMIZERS

from .reading import DIALECTS, KERAS1, KERAS2, KERAS3, SGD, TF_KERAS, output, read

pytestmark = pytest.mark.filterwarnings(
    # Keras's variables are turned into arrays that way.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

LOSS_SPELLINGS = {
    "MeanSquaredError": ["mse", "MSE", "mean_squared_error", "MeanSquaredError"],
    "MeanAbsoluteError": ["mae", "MAE", "mean_absolute_error"],
    "MeanAbsolutePercentageError": ["mape", "mean_absolute_percentage_error"],
    "MeanSquaredLogarithmicError": ["msle", "mean_squared_logarithmic_error"],
    "KLDivergence": ["kld", "kullback_leibler_divergence", "kl_divergence"],
    "CosineSimilarity": ["cosine_similarity", "cosine_proximity", "cosine"],
    "LogCosh": ["logcosh", "log_cosh"],
    "BinaryCrossentropy": ["bce", "binary_crossentropy"],
    "SparseCategoricalCrossentropy": ["sparse_categorical_crossentropy"],
    "Huber": ["huber", "huber_loss"],
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("class_name", LOSS_SPELLINGS)
def test_a_loss_has_one_name(class_name: str, dialect: str) -> None:
    for spelling in LOSS_SPELLINGS[class_name]:
        function = {"module": "builtins", "class_name": "function", "config": spelling}
        wrapped = {"class_name": "LossFunctionWrapper", "config": {"fn": spelling, "name": "x"}}
        for value in (spelling, [spelling], {"out": spelling}, function, wrapped):
            settings = read(writer=DIALECTS[dialect], loss=value)
            assert settings.missing == ()
            wanted = {**LOSSES[class_name], "reduction": "sum_over_batch_size"}
            assert settings.losses == [Setting(class_name=class_name, config=wanted)]


ARGUMENTS: dict[str, dict[str, Any]] = {
    "BinaryCrossentropy": {"from_logits": True, "label_smoothing": 0.1},
    "CategoricalFocalCrossentropy": {"alpha": 0.5, "gamma": 1.5, "reduction": "sum"},
    "SparseCategoricalCrossentropy": {"ignore_class": 2},
    "Tversky": {"alpha": 0.3, "beta": 0.6, "axis": [1, 2]},
    "Dice": {"axis": [1]},
    "Circle": {"gamma": 60.0},
}


@pytest.mark.parametrize("name", sorted(LOSSES.keys() - {"CTC"}))
def test_a_loss_of_keras_has_all_its_arguments(name: str) -> None:
    given = ARGUMENTS.get(name, {})
    made = getattr(keras.losses, name)(**given)
    wanted = {**LOSSES[name], "reduction": "sum_over_batch_size", **given}
    legacy = {"class_name": name, "config": made.get_config()}
    for value in (keras.saving.serialize_keras_object(made), legacy):
        settings = read(loss=value)
        assert settings.losses == [Setting(class_name=name, config=wanted)]
        assert bool(settings.missing) == (name in ("Huber", "CosineSimilarity"))


_NEEDED: dict[str, dict[str, Any]] = {
    "IoU": {"num_classes": 3, "target_class_ids": [0]},
    "MeanIoU": {"num_classes": 3},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 3},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "AUC": {"curve": "PR", "num_thresholds": 50},
    "F1Score": {"average": "macro", "threshold": 0.5},
    "Precision": {"thresholds": [0.2, 0.7], "class_id": 1},
    "BinaryAccuracy": {"threshold": 0.4},
}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_of_keras_has_all_its_arguments(name: str) -> None:
    given = _NEEDED.get(name, {})
    made = getattr(keras.metrics, name)(**given, name="mine")
    legacy = {"class_name": name, "config": made.get_config()}
    for value in (keras.saving.serialize_keras_object(made), legacy):
        settings = read(metrics=[value])
        assert settings.missing == ()
        (metric,) = settings.metrics[0]
        wanted = {**METRICS[name], **given, "name": "mine"}
        assert (metric.class_name, dict(metric.config)) == (name, wanted)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_of_keras_has_all_its_arguments(name: str) -> None:
    made = getattr(keras.optimizers, name)(0.125, weight_decay=0.25, clipnorm=2.0)
    legacy = {"class_name": name, "config": made.get_config()}
    for value in (keras.saving.serialize_keras_object(made), legacy):
        optimizer = read(optimizer=value).optimizer
        assert optimizer is not None
        assert optimizer.class_name == name
        assert optimizer.config["learning_rate"] == 0.125
        config = {key: made.get_config()[key] for key in optimizer.config}
        assert dict(optimizer.config) == config


SCHEDULES = [
    keras.optimizers.schedules.CosineDecay(0.1, 100, warmup_target=0.2, warmup_steps=5),
    keras.optimizers.schedules.CosineDecayRestarts(0.1, 10, t_mul=3.0),
    keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9, staircase=True),
    keras.optimizers.schedules.InverseTimeDecay(0.1, 10, 0.9),
    keras.optimizers.schedules.PiecewiseConstantDecay([5, 9], [0.1, 0.01, 0.001]),
    keras.optimizers.schedules.PolynomialDecay(0.1, 10, power=2.0, cycle=True),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda one: type(one).__name__)
def test_a_schedule_has_all_its_arguments(schedule: Any) -> None:
    made = keras.optimizers.Lion(schedule)
    legacy = {"class_name": "Lion", "config": made.get_config()}
    for value in (keras.saving.serialize_keras_object(made), legacy):
        optimizer = read(optimizer=value).optimizer
        assert optimizer is not None
        rate = optimizer.config["learning_rate"]
        wanted = {key: one for key, one in schedule.get_config().items() if key != "name"}
        assert rate == Setting(class_name=type(schedule).__name__, config=wanted)


@pytest.mark.parametrize(
    ("units", "loss", "writer", "wanted"),
    [
        (1, "mse", KERAS3, "BinaryAccuracy"),
        (1, "binary_crossentropy", KERAS3, "BinaryAccuracy"),
        (3, "binary_crossentropy", KERAS3, "CategoricalAccuracy"),
        (3, "binary_crossentropy", TF_KERAS, "CategoricalAccuracy"),
        (3, "binary_crossentropy", KERAS2, "BinaryAccuracy"),
        (3, "binary_crossentropy", KERAS1, "BinaryAccuracy"),
        (3, "categorical_crossentropy", KERAS3, "CategoricalAccuracy"),
        (3, "sparse_categorical_crossentropy", KERAS3, "SparseCategoricalAccuracy"),
        (3, "categorical_generalized_cross_entropy", KERAS3, "SparseCategoricalAccuracy"),
    ],
)
def test_accuracy_is_the_one_that_keras_takes(
    units: int, loss: str, writer: Writer, wanted: str
) -> None:
    for name in ("accuracy", "acc"):
        settings = read(output(units=units), writer=writer, loss=loss, metrics=[name])
        assert settings.metrics == [[Setting(class_name=wanted, config=_named(wanted, name))]]


def _named(class_name: str, name: str) -> dict[str, Any]:
    return {"name": name, **METRICS[class_name]}


def test_settings_belong_to_their_outputs() -> None:
    outputs = (output("a"), output("b", 1, keys=("key",)))
    for loss in (["mse", "mae"], {"a": "mse", "b": "mae"}, {"a": "mse", "key": "mae"}):
        settings = read(*outputs, loss=loss, loss_weights=[1, 0.5])
        assert [one.class_name for one in settings.losses if one] == [
            "MeanSquaredError",
            "MeanAbsoluteError",
        ]
        assert settings.loss_weights == [1.0, 0.5]
    both = read(*outputs, loss="mse", metrics={"b": ["mae"]}, loss_weights={"a": 1, "b": 1})
    assert [loss.class_name for loss in both.losses if loss] == ["MeanSquaredError"] * 2
    assert [len(listed) for listed in both.metrics] == [0, 1]
    assert both.loss_weights is None
    one = read(*outputs, loss={"b": "mse"})
    assert one.losses[0] is None
    assert one.is_trainable


def test_metrics_in_one_list_are_of_each_output_before_keras_3() -> None:
    outputs = (output("a"), output("b"))
    old = read(*outputs, writer=TF_KERAS, metrics=["mae", "mse", "mape"])
    assert [len(listed) for listed in old.metrics] == [3, 3]
    new = read(*outputs, metrics=["mae", "mse"])
    assert [len(listed) for listed in new.metrics] == [1, 1]


def test_the_name_of_the_output_in_front_of_a_metric_is_not_repeated() -> None:
    wrapped = {"class_name": "MeanMetricWrapper", "config": {"name": "a_mae", "fn": "mae"}}
    settings = read(output("a"), output("b"), writer=TF_KERAS, metrics=[[wrapped], []])
    assert settings.metrics[0][0].config["name"] == "mae"


STRANGE: dict[str, dict[str, Any]] = {
    "a function of the user": {"loss": "my_loss"},
    "a class of the user": {"loss": {"module": "mine", "class_name": "My", "config": {}}},
    "a registered class": {
        "loss": {"module": None, "class_name": "My", "config": {}, "registered_name": "p>My"}
    },
    "a lambda": {"loss": {"class_name": "__lambda__", "config": {"code": "4wEAAAA"}}},
    "a number": {"loss": 3},
    "no loss": {"loss": None},
    "a loss that the script does not have": {"loss": {"class_name": "CTC", "config": {}}},
    "an unknown output": {"loss": {"nowhere": "mse"}},
    "too many losses": {"loss": ["mse", "mae"]},
    "a strange argument": {"loss": {"class_name": "Huber", "config": {"delta": "wide"}}},
    "another argument": {"loss": {"class_name": "Hinge", "config": {"margin": 2}}},
    "a strange reduction": {"loss": {"class_name": "Hinge", "config": {"reduction": [1]}}},
    "infinity": {"loss": {"class_name": "Huber", "config": {"delta": float("inf")}}},
    "an optimizer of the user": {"optimizer": {"class_name": "Mine", "config": {}}},
    "a subclassed optimizer": {
        "optimizer": {"module": "mine", "class_name": "Adam", "config": {"learning_rate": 0.1}}
    },
    "no optimizer": {"optimizer": None},
    "no learning rate": {"optimizer": {"class_name": "Adam", "config": {"learning_rate": None}}},
    "a schedule of the user": {
        "optimizer": {
            "class_name": "Lion",
            "config": {"learning_rate": {"class_name": "Warm", "config": {}}},
        }
    },
    "a rate that is not a number": {
        "optimizer": {"class_name": "SGD", "config": {"learning_rate": float("nan")}}
    },
}


@pytest.mark.parametrize("case", STRANGE)
def test_what_nobody_can_train_with_is_told(case: str) -> None:
    settings = read(**{"optimizer": SGD, **STRANGE[case]})
    assert not settings.is_trainable
    assert full_training(settings) is None
    assert settings.missing or case == "no loss"


def test_an_output_without_metrics_has_none() -> None:
    both = output("a"), output("b")
    settings = read(*both, writer=TF_KERAS, metrics=[[None], ["mae"]], loss={"b": "mse"})
    assert [len(metrics) for metrics in settings.metrics] == [0, 1]
    assert settings.missing == ()


def test_a_class_by_its_name_is_logged_under_its_own_name_before_keras_3() -> None:
    for writer, logged in ((KERAS3, "AUC"), (TF_KERAS, "auc")):
        ((metric,),) = read(writer=writer, metrics=["AUC"]).metrics
        assert metric.config["name"] == logged


@pytest.mark.parametrize("metrics", [["mine"], [3], {"nowhere": "mse"}, "mine", [["a"], ["b"]]])
def test_unknown_metrics_are_left_out(metrics: Any) -> None:
    settings = read(metrics=metrics)
    assert settings.is_trainable
    assert settings.metrics == [[]]
    assert len(settings.missing) >= 1


def test_a_long_name_does_not_make_a_long_note() -> None:
    (note,) = read(loss="x" * 10_000).missing
    assert len(note) < 200
