"""Models that Keras trains on its jax backend: ``python -m tests.parity.training_models FOLDER``.

Writes for each model of `MODELS`, after some steps, the files ``NAME.keras`` and ``NAME.h5``, and
``NAME.json`` with the numbers that Keras has from there: of ``evaluate``, of ``fit``, of
``evaluate`` again. ``NAME.npz`` has the data, and the weights before and after that. Its own
process, because a backend is for good.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .cases.case import generator
from .node import Array

SAMPLES, BATCH, EPOCHS = 21, 8, 7
"""The last batch is a part of one; 21 steps."""
OPTIMIZERS = ("Nadam", "Adagrad", "Adadelta", "Adafactor", "Lion", "Lamb", "Ftrl")
OPTIMIZERS += ("ScheduleFreeAdamW",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """A model, what it is compiled with, and its data.

    Attributes
    ----------
    losses, metrics
        One loss, or ``None``, and a list of metrics for each output: class and arguments.
    unmasked
        Names in the history of ``fit`` that Keras's jax backend computes without the mask, which
        its ``evaluate`` and its tensorflow backend have.
    sample_weight
        For all outputs, in ``fit``, its validation and ``evaluate``.
    """

    model: Any
    optimizer: Any
    inputs: list[Array]
    targets: list[Array]
    losses: list[tuple[str, dict[str, Any]] | None]
    metrics: list[list[tuple[str, dict[str, Any]]]]
    loss_weights: list[float] | None = None
    weighted: list[list[tuple[str, dict[str, Any]]]] = field(default_factory=list)
    validated: bool = True
    unmasked: tuple[str, ...] = ()
    sample_weight: Array | None = None


Maker = Callable[[Any, np.random.Generator], Learner]


def classifier(keras: Any, random: np.random.Generator) -> Learner:
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, activation="tanh", kernel_regularizer=keras.regularizers.L2(0.05)),
            layers.Dense(4, activation="softmax", bias_regularizer=keras.regularizers.L1(0.02)),
        ]
    )
    return Learner(
        model=model,
        optimizer=keras.optimizers.Adam(0.05),
        inputs=[random.normal(0, 1, (SAMPLES, 6))],
        targets=[random.integers(0, 4, (SAMPLES,))],
        losses=[("SparseCategoricalCrossentropy", {})],
        metrics=[
            [
                ("SparseCategoricalAccuracy", {"name": "accuracy"}),
                ("SparseTopKCategoricalAccuracy", {"k": 2, "name": "top"}),
                ("SparseCategoricalCrossentropy", {"name": "entropy"}),
            ]
        ],
    )


def two_outputs(keras: Any, random: np.random.Generator) -> Learner:
    layers = keras.layers
    inputs = layers.Input((5,), name="features")
    hidden = layers.Dense(
        4, activation="relu", name="hidden", activity_regularizer=keras.regularizers.L1(0.01)
    )(inputs)
    flag = layers.Dense(1, activation="sigmoid", name="flag")(hidden)
    amount = layers.Dense(2, name="amount", kernel_regularizer="l2")(hidden)
    return Learner(
        model=keras.Model(inputs, [flag, amount]),
        optimizer=keras.optimizers.RMSprop(0.01, momentum=0.5, global_clipnorm=0.8),
        inputs=[random.normal(0, 1, (SAMPLES, 5))],
        targets=[random.integers(0, 2, (SAMPLES, 1)), random.normal(0, 1, (SAMPLES, 2))],
        losses=[("BinaryCrossentropy", {"label_smoothing": 0.1}), ("Huber", {})],
        metrics=[
            [("BinaryAccuracy", {"name": "accuracy"}), ("AUC", {"name": "auc"})],
            [("RootMeanSquaredError", {"name": "rmse"}), ("MeanAbsoluteError", {"name": "mae"})],
        ],
        weighted=[[("BinaryAccuracy", {"name": "accuracy"})], []],
        loss_weights=[2.0, 0.3],
    )


def masked(keras: Any, random: np.random.Generator) -> Learner:
    layers = keras.layers
    inputs = layers.Input((7,), dtype="int32")
    vectors = layers.Embedding(9, 4, mask_zero=True)(inputs)
    states = layers.LSTM(5, return_sequences=True)(vectors)
    outputs = layers.Dense(3, activation="softmax")(states)
    words = random.integers(1, 9, (SAMPLES, 7))
    words[np.arange(7) >= random.integers(2, 8, (SAMPLES, 1))] = 0
    return Learner(
        model=keras.Model(inputs, outputs),
        optimizer=keras.optimizers.AdamW(0.02, weight_decay=0.1),
        inputs=[words],
        targets=[random.integers(0, 3, (SAMPLES, 7))],
        losses=[("SparseCategoricalCrossentropy", {})],
        metrics=[[("SparseCategoricalAccuracy", {"name": "accuracy"})]],
        unmasked=("accuracy",),
    )


def scheduled(keras: Any, random: np.random.Generator) -> Learner:
    layers = keras.layers
    inputs = layers.Input((6, 6, 2))
    hidden = layers.Conv2D(3, 3, activation="relu")(inputs)
    frozen = layers.BatchNormalization(trainable=False)(hidden)
    trained = layers.BatchNormalization()(frozen)
    flat = layers.GlobalAveragePooling2D()(trained)
    outputs = layers.Dense(3, kernel_constraint=keras.constraints.NonNeg())(flat)
    rate = keras.optimizers.schedules.CosineDecay(0.1, 6, warmup_target=0.2, warmup_steps=4)
    return Learner(
        model=keras.Model(inputs, outputs),
        optimizer=keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, clipnorm=1.0),
        inputs=[random.normal(0, 1, (SAMPLES, 6, 6, 2))],
        targets=[np.eye(3)[random.integers(0, 3, SAMPLES)]],
        losses=[("CategoricalCrossentropy", {"from_logits": True})],
        metrics=[[("F1Score", {"name": "f1"}), ("CategoricalAccuracy", {"name": "accuracy"})]],
    )


def averaged(keras: Any, random: np.random.Generator) -> Learner:
    layers = keras.layers
    inner = keras.Sequential([layers.Input((4,)), layers.Dense(3, activation="relu")], name="inner")
    inputs = layers.Input((4,))
    outputs = layers.Dense(1)(inner(inputs))
    return Learner(
        model=keras.Model(inputs, outputs),
        optimizer=keras.optimizers.Adamax(0.02, use_ema=True, ema_momentum=0.8),
        inputs=[random.normal(0, 1, (SAMPLES, 4))],
        targets=[random.normal(0, 1, (SAMPLES, 1))],
        losses=[("MeanSquaredError", {})],
        metrics=[[]],
        validated=False,
    )


def weighted(keras: Any, random: np.random.Generator) -> Learner:
    layers = keras.layers
    inputs = layers.Input((4,))
    hidden = layers.Dense(3, activation="tanh")(inputs)
    kind = layers.Dense(2, activation="softmax", name="kind")(hidden)
    amount = layers.Dense(1, name="amount")(hidden)
    return Learner(
        model=keras.Model(inputs, [kind, amount]),
        optimizer=keras.optimizers.Adam(0.02),
        inputs=[random.normal(0, 1, (SAMPLES, 4))],
        targets=[np.eye(2)[random.integers(0, 2, SAMPLES)], random.normal(0, 1, (SAMPLES, 1))],
        losses=[("CategoricalCrossentropy", {}), ("MeanSquaredError", {})],
        metrics=[[("CategoricalAccuracy", {"name": "plain"})], []],
        weighted=[
            [("CategoricalAccuracy", {"name": "accuracy"})],
            [("MeanAbsoluteError", {"name": "mae"})],
        ],
        sample_weight=random.uniform(0, 2, SAMPLES),
    )


def scaled(keras: Any, random: np.random.Generator) -> Learner:
    """Return a model whose optimizer is inside one that scales losses, as for float16."""
    scaling = getattr(keras, "mixed_precision", keras.optimizers).LossScaleOptimizer
    return replace(averaged(keras, random), optimizer=scaling(keras.optimizers.Adam(0.02)))


def with_optimizer(name: str, **arguments: Any) -> Maker:
    """Return what makes a small model that is trained with an optimizer of this class."""

    def learner(keras: Any, random: np.random.Generator) -> Learner:
        layers = keras.layers
        inputs = layers.Input((8, 3))
        hidden = layers.Conv1D(4, 3, activation="tanh")(inputs)
        outputs = layers.Dense(2)(layers.LSTM(3)(hidden))
        return Learner(
            model=keras.Model(inputs, outputs),
            optimizer=getattr(keras.optimizers, name)(0.02, **arguments),
            inputs=[random.normal(0, 1, (SAMPLES, 8, 3))],
            targets=[random.normal(0, 1, (SAMPLES, 2))],
            losses=[("MeanSquaredError", {})],
            metrics=[[]],
            validated=False,
        )

    return learner


MODELS: dict[str, Maker] = {
    **{
        builder.__name__: builder
        for builder in (classifier, two_outputs, masked, scheduled, averaged, weighted, scaled)
    },
    **{name: with_optimizer(name) for name in OPTIMIZERS},
    "Muon": with_optimizer("Muon", exclude_layers=["lstm"], use_ema=True),
    "accumulating": with_optimizer("SGD", momentum=0.5, gradient_accumulation_steps=4),
}
FILES = [*(f"{name}.keras" for name in MODELS), *(f"{name}.h5" for name in MODELS)]
FILES.remove("Adafactor.h5")  # which Keras cannot save


def compiled(keras: Any, learner: Learner) -> Any:
    def all_of(lists: list[list[tuple[str, dict[str, Any]]]]) -> Any:
        made = [[getattr(keras.metrics, name)(**config) for name, config in own] for own in lists]
        return made if len(made) > 1 else made[0]

    losses = [loss and getattr(keras.losses, loss[0])(**loss[1]) for loss in learner.losses]
    learner.model.compile(
        optimizer=learner.optimizer,
        loss=losses if len(losses) > 1 else losses[0],
        loss_weights=learner.loss_weights,
        metrics=all_of(learner.metrics),
        weighted_metrics=all_of(learner.weighted) if learner.weighted else None,
    )
    return learner.model


def write(keras: Any, name: str, make: Maker, files: Sequence[str], folder: Path) -> None:
    """Write the files of one model."""
    random = generator(f"training {name}")
    learner = make(keras, random)
    model = compiled(keras, learner)
    data = [[as_number(values) for values in side] for side in (learner.inputs, learner.targets)]
    x, y = (side if len(side) > 1 else side[0] for side in data)
    weights = {} if learner.sample_weight is None else {"sample_weight": learner.sample_weight}
    quiet = {"batch_size": BATCH, "verbose": 0, **weights}
    options = {**quiet, "shuffle": False}
    model.fit(x, y, **options)
    # With moving averages, weights share their memory, which jax can give away only once.
    for variable in model.variables:
        variable.assign(np.array(variable))
    for file in files:
        if file.startswith(f"{name}."):
            model.save(folder / file)
    begun = [np.array(value) for value in model.weights]
    before = model.evaluate(x, y, **quiet)
    validation = (x, y, *weights.values()) if learner.validated else None
    history = model.fit(x, y, epochs=EPOCHS, validation_data=validation, **options).history
    numbers = {
        "before": plain(before),
        "history": {
            key: [np.asarray(value).tolist() for value in values] for key, values in history.items()
        },
        "unmasked": learner.unmasked,
        "after": plain(model.evaluate(x, y, **quiet)),
    }
    (folder / f"{name}.json").write_text(json.dumps(numbers))
    arrays = {f"input_{index}": values for index, values in enumerate(data[0])}
    arrays |= {f"target_{index}": values for index, values in enumerate(data[1])}
    arrays |= {key: as_number(value) for key, value in weights.items()}
    arrays |= {f"begun_{index:03}": value for index, value in enumerate(begun)}
    arrays |= {f"weight_{index:03}": np.array(value) for index, value in enumerate(model.weights)}
    np.savez(folder / f"{name}.npz", **arrays)


def plain(values: Any) -> list[Any]:
    return [np.asarray(one).tolist() for one in (values if isinstance(values, list) else [values])]


def as_number(values: Array) -> Array:
    return values.astype("int32" if values.dtype.kind in "iu" else "float32")


def main() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import keras

    warnings.simplefilter("ignore")
    keras.utils.set_random_seed(1)
    for name in sys.argv[2:] or MODELS:
        write(keras, name, MODELS[name], FILES, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
