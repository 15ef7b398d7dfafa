"""Reference numbers of compiled models: ``python -m tests.parity.compiled FOLDER``.

Its own process, for the same reason as ``gradients.py``. For each case, writes a model that was
compiled, and its numbers: what ``evaluate`` returns, the losses in ``fit``, and predictions after
that. The last batch of each epoch is smaller than the others. Further models have optimizers with a
state, in which each slot is its weight times a factor of its kind: so the weights in a page tell
what the slots there have to be.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SAMPLES, BATCH, EPOCHS = 20, 8, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledCase:
    """A model that TensorFlow.js alone evaluates and trains as Keras does.

    Attributes
    ----------
    last
        The activation and the number of units of the last layer.
    is_sequence
        Whether it predicts something for each of several steps.
    """

    id: str
    loss: str
    last: tuple[str, int]
    optimizer: Callable[[Any], Any] = lambda keras: keras.optimizers.SGD(0.05)
    metrics: Sequence[str] = ()
    is_sequence: bool = False


_REAL, _CLASSES, _YES_NO = ("linear", 2), ("softmax", 3), ("sigmoid", 1)
CASES = [
    CompiledCase(id="mse", loss="mse", last=_REAL, metrics=["mae", "mean_squared_error"]),
    CompiledCase(id="mae", loss="mean_absolute_error", last=_REAL, metrics=["mse"]),
    CompiledCase(
        id="mape",
        loss="mape",
        last=_REAL,
        optimizer=lambda keras: keras.optimizers.SGD(0.0005),
        metrics=["mape"],
    ),
    CompiledCase(id="msle", loss="msle", last=("sigmoid", 2)),
    CompiledCase(id="squared_hinge", loss="squared_hinge", last=("tanh", 1)),
    CompiledCase(id="hinge", loss="hinge", last=("tanh", 1)),
    CompiledCase(id="categorical_hinge", loss="categorical_hinge", last=_CLASSES),
    CompiledCase(id="log_cosh", loss="log_cosh", last=_REAL),
    CompiledCase(id="kl_divergence", loss="kl_divergence", last=_CLASSES),
    CompiledCase(id="poisson", loss="poisson", last=("sigmoid", 2)),
    CompiledCase(id="cosine", loss="cosine_similarity", last=_REAL),
    CompiledCase(id="binary", loss="binary_crossentropy", last=_YES_NO, metrics=["accuracy"]),
    CompiledCase(
        id="labels",
        loss="binary_crossentropy",
        last=("sigmoid", 3),
        metrics=["accuracy", "binary_accuracy"],
    ),
    CompiledCase(
        id="classes",
        loss="categorical_crossentropy",
        last=_CLASSES,
        metrics=["accuracy", "categorical_crossentropy", "acc"],
    ),
    CompiledCase(
        id="sparse", loss="sparse_categorical_crossentropy", last=_CLASSES, metrics=["accuracy"]
    ),
    CompiledCase(
        id="sequence",
        loss="categorical_crossentropy",
        last=_CLASSES,
        metrics=["accuracy"],
        is_sequence=True,
    ),
    *(
        CompiledCase(id=name, loss="mse", last=_REAL, optimizer=optimizer)
        for name, optimizer in {
            "momentum": lambda keras: keras.optimizers.SGD(0.05, momentum=0.8),
            "nesterov": lambda keras: keras.optimizers.SGD(0.05, momentum=0.8, nesterov=True),
            "rmsprop": lambda keras: keras.optimizers.RMSprop(0.01, rho=0.8),
            "rmsprop_momentum": lambda keras: keras.optimizers.RMSprop(0.01, momentum=0.5),
            "adagrad": lambda keras: keras.optimizers.Adagrad(0.05),
            "adamax": lambda keras: keras.optimizers.Adamax(0.01, beta_1=0.8),
        }.items()
    ),
]
STATEFUL: dict[str, Callable[[Any], Any]] = {
    "Adadelta": lambda optimizers: optimizers.Adadelta(0.1),
    "Adagrad": lambda optimizers: optimizers.Adagrad(0.05),
    "Adam": lambda optimizers: optimizers.Adam(amsgrad=True, use_ema=True),
    "AdamW": lambda optimizers: optimizers.AdamW(
        optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    ),
    "Adamax": lambda optimizers: optimizers.Adamax(),
    "Ftrl": lambda optimizers: optimizers.Ftrl(),
    "Lamb": lambda optimizers: optimizers.Lamb(),
    "Lion": lambda optimizers: optimizers.Lion(),
    "Nadam": lambda optimizers: optimizers.Nadam(),
    "RMSprop": lambda optimizers: optimizers.RMSprop(momentum=0.5, centered=True),
    "SGD": lambda optimizers: optimizers.SGD(momentum=0.9),
}
FACTORS = {
    "accumulated_grad": 2.0,
    "accumulated_delta_var": 3.0,
    "accumulator": 4.0,
    "average": 5.0,
    "average_gradient": 6.0,
    "linear": 7.0,
    "momentum": 8.0,
    "norm": 9.0,
    "velocity": 10.0,
    "velocity_hat": 11.0,
}
"""By kinds of slots, as Keras calls them."""
STEPS = 17


def labels(case: CompiledCase, random: np.random.Generator) -> Array:
    """Return what the model of a case is to learn."""
    units = case.last[1]
    shape = (SAMPLES, 4) if case.is_sequence else (SAMPLES,)
    if case.loss.startswith("sparse"):
        return random.integers(0, units, (*shape, 1)).astype("float32")
    if case.loss == "kl_divergence":
        return random.dirichlet([1.0] * units, shape).astype("float32")
    if case.last[0] == "softmax":
        return np.eye(units, dtype="float32")[random.integers(0, units, shape)]
    if "hinge" in case.loss:
        return random.choice([-1.0, 1.0], (*shape, units)).astype("float32")
    if "binary" in case.loss:
        return random.integers(0, 2, (*shape, units)).astype("float32")
    return random.uniform(0.2, 1.5, (*shape, units)).astype("float32")


def write(keras: Any, case: CompiledCase, folder: Path) -> None:
    """Write the files of one case."""
    random = np.random.default_rng(len(case.id))
    activation, units = case.last
    shape = (4, 5) if case.is_sequence else (5,)
    model = keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Dense(6, activation="tanh"),
            keras.layers.Dense(units, activation=activation),
        ]
    )
    for variable in model.variables:
        variable.assign(random.normal(0, 0.5, variable.shape))
    # Compiling takes longer than these few steps.
    model.compile(case.optimizer(keras), case.loss, metrics=list(case.metrics), run_eagerly=True)
    x, y = random.normal(0, 1, (SAMPLES, *shape)).astype("float32"), labels(case, random)
    model.save(folder / f"{case.id}.keras")
    model.save(folder / f"{case.id}.h5")
    before = model.evaluate(x, y, batch_size=BATCH, verbose=0)
    options = {"epochs": EPOCHS, "batch_size": BATCH, "shuffle": False, "verbose": 0}
    history = model.fit(x, y, **options).history
    arrays = {"x": x, "y": y, "before": np.atleast_1d(before), "losses": history["loss"]}
    np.savez(folder / f"{case.id}.npz", after=model.predict(x, verbose=0), **arrays)


def stateful_model(keras: Any) -> Any:
    """Return a model whose weights the page has in another order, and some not at all."""
    given = keras.Input((6, 5))
    frozen = keras.layers.Conv1D(4, 3, trainable=False, name="frozen")(given)
    left = keras.layers.LSTM(3, name="left")(frozen)
    right = keras.layers.Conv1D(3, 2, name="right")(frozen)
    right = keras.layers.BatchNormalization(name="normal")(right)
    right = keras.layers.GlobalAveragePooling1D()(right)
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, name="deep")], name="inner")
    joined = keras.layers.Add()([inner(right), left])
    heads = keras.layers.MultiHeadAttention(2, 2, name="heads")
    attended = keras.layers.Flatten()(heads(frozen, frozen))
    short = keras.layers.Dense(3, name="short")(attended)
    joined = keras.layers.Concatenate()([joined, short])
    return keras.Model(given, keras.layers.Dense(2, name="last")(joined))


def save_with_state(keras: Any, name: str, path: Path) -> None:
    """Save a model with an optimizer that has made `STEPS` steps, with slots by `FACTORS`."""
    model = stateful_model(keras)
    model.compile(STATEFUL[name](keras.optimizers), "mse")
    _save_after_steps(model, path)


def save_with_momentum(model: Any, keras: Any, path: Path) -> None:
    """Save a model as if it had made `STEPS` steps with momentum, with slots by `FACTORS`."""
    model.compile(keras.optimizers.SGD(momentum=0.9), "mse")
    _save_after_steps(model, path)


def _save_after_steps(model: Any, path: Path) -> None:
    random, optimizer = np.random.default_rng(2), model.optimizer
    for variable in model.trainable_variables:
        variable.assign(random.normal(0, 1, variable.shape))
    optimizer.build(model.trainable_variables)
    optimizer.iterations.assign(STEPS)
    for weight in model.trainable_variables:
        of_weight = f"{weight.path.replace('/', '_')}_"
        for slot in optimizer.variables:
            kind = slot.path.rpartition("/")[2].removeprefix(of_weight)
            if kind in FACTORS:
                slot.assign(FACTORS[kind] * np.asarray(weight))
    model.save(path)


def main() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import keras

    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    for case in CASES:
        write(keras, case, folder)


if __name__ == "__main__":
    main()
