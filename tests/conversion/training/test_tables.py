"""The tables have all that Keras has, with its defaults."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import keras
import pytest

from tfjs_serve.conversion.training.tables import (
    LEARNING_RATES,
    LOSSES,
    METRICS,
    OF_ALL_OPTIMIZERS,
    OPTIMIZERS,
    SCHEDULES,
    Table,
    loss_class,
    metric_class,
    optimizer_class,
)

_BASES = {"Loss", "Metric", "Optimizer", "LearningRateSchedule"}
_WITHOUT_MEANING = {"self", "args", "kwargs", "name", "dtype", "reduction", "learning_rate"}
_NOT_TRANSLATED = {
    *("Mean", "Sum", "MeanMetricWrapper"),  # for numbers that are not of a label and an output
    *("LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"),  # of several optimizers
}
_OF_THE_MACHINE = {"loss_scale_factor"}


def _classes(module: ModuleType) -> Iterator[tuple[str, type]]:
    for name, member in vars(module).items():
        is_one = inspect.isclass(member) and name not in _BASES | _NOT_TRANSLATED
        if is_one and not name.startswith("_"):
            yield name, member


def _defaults(member: type) -> dict[str, Any]:
    parameters = inspect.signature(member).parameters.values()
    return {
        one.name: ... if one.default is inspect.Parameter.empty else one.default
        for one in parameters
        if one.name not in _WITHOUT_MEANING | _OF_THE_MACHINE
    }


@pytest.mark.parametrize(
    ("module", "table"),
    [
        (keras.losses, LOSSES),
        (keras.metrics, METRICS),
        (keras.optimizers.schedules, SCHEDULES),
    ],
)
def test_arguments_and_defaults_are_those_of_keras(module: ModuleType, table: Table) -> None:
    wanted = {name: _defaults(member) for name, member in _classes(module)}
    assert {name: _plain(arguments) for name, arguments in wanted.items()} == table


def test_arguments_and_defaults_of_optimizers_are_those_of_keras() -> None:
    wanted = {name: _defaults(member) for name, member in _classes(keras.optimizers)}
    found = {name: {**OF_ALL_OPTIMIZERS, **own} for name, own in OPTIMIZERS.items()}
    assert {name: _plain(arguments) for name, arguments in wanted.items()} == found


def test_learning_rates_by_default_are_those_of_keras() -> None:
    for name, member in _classes(keras.optimizers):
        assert inspect.signature(member).parameters["learning_rate"].default == LEARNING_RATES[name]


def _plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    as_list = (list(value) if isinstance(value, tuple) else value for value in arguments.values())
    return dict(zip(arguments, as_list, strict=True))


def test_every_name_that_keras_knows_means_the_same_class() -> None:
    for name, member in keras.src.losses.ALL_OBJECTS_DICT.items():
        if member.__name__ not in {"Loss", "LossFunctionWrapper"}:
            assert loss_class(name) == loss_class(member.__name__) != ""
    for name, member in keras.src.metrics.ALL_OBJECTS_DICT.items():
        if member.__name__ in METRICS:
            assert metric_class(name) == member.__name__
    for name, member in keras.src.optimizers.ALL_OBJECTS_DICT.items():
        if member.__name__ in OPTIMIZERS:
            assert optimizer_class(name) == member.__name__
