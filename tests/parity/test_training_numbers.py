"""Losses and metrics of ``training.js`` have Keras's numbers, and losses Keras's gradients."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras.src.backend import set_keras_mask

from .harness import NodeTf
from .node import Array
from .training_cases import BATCHES, LOSSES, METRICS, Case, arrays_of
from .training_node import losses, metrics

TOLERANCE = 2e-6


def assert_close(actual: Array, expected: Array, name: str) -> None:
    assert actual.shape == expected.shape, name
    scale = max(1.0, float(np.abs(expected).max()))
    assert np.abs(actual - expected).max() <= TOLERANCE * scale, name


def value_of(case: Case) -> Array:
    """Return the value of Keras's loss."""
    loss = getattr(keras.losses, case.class_name)(**case.config)
    arrays = arrays_of(case, 0, 8)
    given = arrays["yPred"]
    if arrays["mask"] is not None:
        set_keras_mask(given, arrays["mask"])
    return np.asarray(loss(arrays["yTrue"], given, arrays["sampleWeight"]))


def metric_of(case: Case) -> Array:
    """Return Keras's metric after all its batches."""
    metric = getattr(keras.metrics, case.class_name)(**case.config)
    for number, samples in enumerate(BATCHES):
        arrays = arrays_of(case, number, samples)
        predictions = arrays["yPred"]
        if arrays["mask"] is not None:
            set_keras_mask(predictions, arrays["mask"])
        metric.update_state(arrays["yTrue"], predictions, sample_weight=arrays["sampleWeight"])
    return np.asarray(metric.result())


def sent(case: Case) -> dict[str, Any]:
    return {"class_name": case.class_name, "config": dict(case.config), **arrays_of(case, 0, 8)}


@pytest.fixture(scope="module")
def gradients(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Array]:
    """What ``tests/parity/training_reference.py`` wrote."""
    path = tmp_path_factory.mktemp("losses") / "gradients.npz"
    command = [sys.executable, "-m", "tests.parity.training_reference", str(path)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    with np.load(path) as arrays:
        return dict(arrays)


def test_losses_and_their_gradients_are_kerass(
    gradients: Mapping[str, Array], training_tf: NodeTf
) -> None:
    found = losses(training_tf, [sent(case) for case in LOSSES])
    for index, (case, result) in enumerate(zip(LOSSES, found, strict=True)):
        assert "error" not in result, f"{case.id}: {result.get('error')}"
        assert_close(result["value"], value_of(case), case.id)
        assert_close(result["gradient"], gradients[str(index)], f"gradient of {case.id}")


def test_metrics_are_kerass_after_several_batches(training_tf: NodeTf) -> None:
    cases = [
        {
            "class_name": case.class_name,
            "config": dict(case.config),
            "batches": [arrays_of(case, number, size) for number, size in enumerate(BATCHES)],
        }
        for case in METRICS
    ]
    found = metrics(training_tf, cases)
    for case, result in zip(METRICS, found, strict=True):
        assert "error" not in result, f"{case.id}: {result.get('error')}"
        assert_close(result["value"], metric_of(case), case.id)


NO_LOSSES = {"Loss", "CTC"}
NO_METRICS = {"Metric", "Mean", "MeanMetricWrapper", "Sum"}


def classes_of(module: object) -> set[str]:
    return {
        name
        for name in dir(module)
        if name[0].isupper() and isinstance(getattr(module, name), type)
    }


def test_all_of_keras_is_there_but_what_is_named() -> None:
    assert {case.class_name for case in LOSSES} == classes_of(keras.losses) - NO_LOSSES
    assert {case.class_name for case in METRICS} == classes_of(keras.metrics) - NO_METRICS


def test_a_wrong_setting_is_named(training_tf: NodeTf) -> None:
    given = arrays_of(LOSSES[0], 0, 8)
    wrong = [
        ("Huber", {"delta": "small"}, 'The setting delta of Huber has to be a number, not "small"'),
        (
            "Huber",
            {"reduction": "least"},
            "The setting reduction of Huber has to be sum_over_batch",
        ),
        ("Huber", {"epsilon": 1}, "Huber has no setting epsilon; it has name, reduction"),
    ]
    cases = [{"class_name": name, "config": config, **given} for name, config, _ in wrong]
    found = losses(training_tf, cases)
    for (_, _, message), result in zip(wrong, found, strict=True):
        assert result["error"].startswith(message)


def test_targets_of_another_shape_are_not_broadcast(training_tf: NodeTf) -> None:
    given = arrays_of(LOSSES[0], 0, 8)
    case = {"class_name": "MeanSquaredError", "config": {}, **given, "yTrue": given["yTrue"][:, :2]}
    (found,) = losses(training_tf, [case])
    assert "targets of shape [8,2] for predictions of shape [8,4]" in found["error"]


def test_tf_keras_masks_all_metrics(training_tf: NodeTf) -> None:
    targets, predictions = np.float32([[[1], [0]]]), np.float32([[[0], [3]]])
    given = {"yTrue": targets, "yPred": predictions, "mask": np.array([[True, False]])}
    for dialect, root in (("keras3", 5.0**0.5), ("tf_keras", 1.0)):
        own = {**given, "dialect": dialect}
        case = {"class_name": "RootMeanSquaredError", "config": {}, "batches": [own]}
        (metric,) = metrics(training_tf, [case])
        assert metric["value"] == np.float32(root)


def test_a_sample_without_a_partner_has_no_circle_loss(training_tf: NodeTf) -> None:
    labels = np.array([0, 0, 1], "int32")
    predictions = np.array([[0.6, 0.8], [1.0, 0.0], [0.8, -0.6]], "float32")
    wanted = keras.losses.Circle(gamma=2.0)(labels, predictions)
    given = {"class_name": "Circle", "config": {"gamma": 2.0}}
    (found,) = losses(training_tf, [{**given, "yTrue": labels, "yPred": predictions}])
    np.testing.assert_allclose(found["value"], float(wanted), rtol=TOLERANCE)
    assert np.isfinite(found["gradient"]).all()
