"""Models that tf_keras trains, for ``tests/fixtures/make_tf_keras_training.py``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .training_models import MODELS, SAMPLES, Learner, Maker, with_optimizer

LEGACY: dict[str, dict[str, Any]] = {
    "Adam": {"amsgrad": True, "decay": 0.1},
    "Adagrad": {},
    "RMSprop": {},
    "SGD": {"momentum": 0.9, "nesterov": True, "clipnorm": 0.5},
}
"""Optimizers from before Keras 2.11, with arguments."""


def legacy(name: str, **arguments: Any) -> Maker:
    """Return what makes a model with an optimizer as all were before Keras 2.11."""

    def learner(keras: Any, random: np.random.Generator) -> Learner:
        optimizer = getattr(keras.optimizers.legacy, name)(0.02, **arguments)
        return replace(with_optimizer("SGD")(keras, random), optimizer=optimizer)

    return learner


def at_inference(keras: Any, random: np.random.Generator) -> Learner:
    """Return a model with a part that computes in training what it computes at inference."""
    layers = keras.layers
    inner = keras.Sequential(
        [layers.Input((6, 6, 2)), layers.Conv2D(3, 3), layers.BatchNormalization()], name="inner"
    )
    inputs = layers.Input((6, 6, 2))
    hidden = layers.Dropout(0.5)(inner(inputs, training=False), training=False)
    normal = layers.BatchNormalization()(hidden)
    outputs = layers.Dense(1)(layers.GlobalAveragePooling2D()(normal))
    return Learner(
        model=keras.Model(inputs, outputs),
        optimizer=keras.optimizers.SGD(0.05),
        inputs=[random.normal(0, 1, (SAMPLES, 6, 6, 2))],
        targets=[random.normal(0, 1, (SAMPLES, 1))],
        losses=[("MeanSquaredError", {})],
        metrics=[[]],
    )


def weighted_steps(keras: Any, random: np.random.Generator) -> Learner:
    """Return a model with an output for each of several steps, and weights of samples."""
    layers = keras.layers
    inputs = layers.Input((5, 4))
    hidden = layers.Dense(3, activation="tanh")(inputs)
    steps = layers.Dense(2, activation="softmax", name="steps")(hidden)
    whole = layers.Dense(1, name="whole")(layers.GlobalMaxPooling1D()(hidden))
    return replace(
        MODELS["weighted"](keras, random),
        model=keras.Model(inputs, [steps, whole]),
        inputs=[random.normal(0, 1, (SAMPLES, 5, 4))],
        targets=[np.eye(2)[random.integers(0, 2, (SAMPLES, 5))], random.normal(0, 1, (SAMPLES, 1))],
    )


def one_loss(keras: Any, random: np.random.Generator) -> Learner:
    """Return a model with an output that has neither a loss nor metrics."""
    return replace(
        MODELS["two_outputs"](keras, random),
        losses=[None, ("MeanSquaredError", {})],
        metrics=[[], [("MeanAbsoluteError", {"name": "mae"})]],
        weighted=[],
        loss_weights=None,
    )


def by_name(keras: Any, random: np.random.Generator) -> Learner:
    """Return a model whose optimizer is given by its name."""
    return replace(MODELS["classifier"](keras, random), optimizer="nadam")


TF_KERAS_MODELS: dict[str, Maker] = {
    **{
        name: MODELS[name]
        for name in ("classifier", "two_outputs", "masked", "scheduled", "averaged")
    },
    **{name: MODELS[name] for name in ("scaled", "Adagrad", "Adadelta", "Lion", "Ftrl")},
    **{f"legacy_{name}": legacy(name, **arguments) for name, arguments in LEGACY.items()},
    **{make.__name__: make for make in (at_inference, one_loss, by_name, weighted_steps)},
}
TF_KERAS_FILES = [
    f"{name}.{ending}"
    for name in TF_KERAS_MODELS
    for ending in ("keras", "h5")
    # Archives do not have the state of the legacy ones.
    if ending == "h5" or not name.startswith("legacy_")
]
