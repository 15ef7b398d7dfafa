# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#   "tensorflow-cpu==2.19.1",
#   "tf-keras==2.19.0",
#   "keras==3.15.1",
#   "scikit-learn>=1.5",
# ]
# ///
"""Train the sample models, measure them on held-out data, and write the references for the tests.

Run it from anywhere::

    python sample_models/train.py

It needs the packages named above, and Node with ``@tensorflow/tfjs`` where ``NODE_PATH`` says for
the model that TensorFlow.js trains itself. None of this is needed to serve the models.

Everything is seeded. What scikit-learn ships is split with a stratified, seeded split; sequences
are drawn here. Written are

* the models beside this file,
* the table in ``README.md`` between its two markers,
* ``tests/fixtures/sample_models.json``: inputs and Keras's outputs of every model.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tf_keras
from sklearn import datasets
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
REFERENCES = HERE.parent / "tests" / "fixtures" / "sample_models.json"
SEED = 7
REFERENCE_ROWS = 4

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Inputs and targets to learn from and to be measured on; one array per model input."""

    train_inputs: list[Array]
    test_inputs: list[Array]
    train_targets: Array
    test_targets: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One trained model and what the README and the tests say of it."""

    name: str
    written_by: str
    task: str
    layers: str
    score: str
    inputs: list[Array]
    outputs: Array


def split(inputs: Sequence[Array], targets: Array, *, stratify: bool) -> Split:
    """Hold a quarter of the rows out."""
    parts = train_test_split(
        *inputs, targets, test_size=0.25, random_state=SEED, stratify=targets if stratify else None
    )
    return Split(
        train_inputs=parts[0:-2:2],
        test_inputs=parts[1:-2:2],
        train_targets=parts[-2],
        test_targets=parts[-1],
    )


def accuracy(outputs: Array, targets: Array) -> str:
    """Say how many held-out rows were classified right."""
    classes = outputs.argmax(axis=1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0.5).astype(int)
    return f"{accuracy_score(targets, classes):.1%} of {len(targets)} right"


def r_squared(outputs: Array, targets: Array) -> str:
    """Say how much of the held-out targets' variance is explained."""
    return f"R² {r2_score(targets, outputs[:, 0]):.3f} on {len(targets)} rows"


def iris() -> Split:
    """Four measurements of a flower, three species."""
    data = datasets.load_iris()
    return split([data.data.astype("float32")], data.target, stratify=True)


def digits() -> Split:
    """Handwritten digits, 8x8 pixels from 0 to 16."""
    data = datasets.load_digits()
    return split([data.images[..., np.newaxis].astype("float32")], data.target, stratify=True)


def wine() -> Split:
    """Analyses of wines of three growers: seven of phenols and colour, six of the rest."""
    data = datasets.load_wine()
    colour, rest = data.data[:, 5:12], data.data[:, [0, 1, 2, 3, 4, 12]]
    return split([colour.astype("float32"), rest.astype("float32")], data.target, stratify=True)


def sine() -> Split:
    """Twenty-four noisy samples of a sine of random frequency and phase; the next one is wanted."""
    random = np.random.default_rng(SEED)
    steps = np.arange(25)
    frequency, phase = random.uniform(0.15, 0.7, (2000, 1)), random.uniform(0, 6.28, (2000, 1))
    waves = np.sin(frequency * steps + phase)
    noisy = (waves + random.normal(0, 0.05, waves.shape)).astype("float32")
    return split([noisy[:, :24, np.newaxis]], waves[:, 24].astype("float32"), stratify=False)


def brackets() -> Split:
    """Strings of up to 16 brackets (1 opens, 2 closes, 0 is padding): balanced or not?"""
    random = np.random.default_rng(SEED)
    rows = {tuple(_bracket_row(random, balanced=bool(i % 2))) for i in range(16000)}
    tokens = np.array(sorted(rows), dtype="int32")
    depth = np.cumsum(np.select([tokens == 1, tokens == 2], [1, -1], 0), axis=1)
    balanced = ((depth.min(axis=1) >= 0) & (depth[:, -1] == 0)).astype(int)
    return split([tokens], balanced, stratify=True)


def _bracket_row(random: np.random.Generator, *, balanced: bool) -> list[int]:
    length = 2 * int(random.integers(2, 9))
    row, depth = [], 0
    for position in range(length):
        left = length - position
        opens = depth == 0 or (depth < left and random.random() < 0.5)
        row.append(1 if opens else 2)
        depth += 1 if opens else -1
    if not balanced:
        position = int(random.integers(length))
        row[position] = 3 - row[position]
    return row + [0] * (16 - length)


def iris_model() -> Any:
    layers = tf_keras.layers
    return tf_keras.Sequential(
        [
            layers.Input((4,), name="measurements"),
            layers.BatchNormalization(name="scale"),
            layers.Dense(16, activation="relu", name="hidden"),
            layers.Dense(3, activation="softmax", name="species"),
        ],
        name="iris",
    )


def digits_model() -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            layers.Rescaling(1 / 16),
            layers.Conv2D(24, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(48, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="digits",
    )


def wine_model() -> Any:
    layers = tf_keras.layers
    inputs = [layers.Input((7,), name="colour"), layers.Input((6,), name="chemistry")]
    branches = [
        layers.Dense(8, activation="tanh", name=f"{given.name}_dense")(
            layers.BatchNormalization(name=f"{given.name}_scale")(given)
        )
        for given in inputs
    ]
    joined = layers.Concatenate(name="joined")(branches)
    grower = layers.Dense(3, activation="softmax", name="grower")(joined)
    return tf_keras.Model(inputs, grower, name="wine")


def sine_model() -> Any:
    layers = keras.layers
    inputs = keras.Input((24, 1), name="samples")
    sequence = layers.LSTM(24, return_sequences=True)(inputs)
    return keras.Model(inputs, layers.Dense(1)(layers.LSTM(16)(sequence)), name="sine")


def brackets_model() -> Any:
    layers = tf_keras.layers
    return tf_keras.Sequential(
        [
            layers.Embedding(3, 4, mask_zero=True, input_length=16),
            layers.GRU(24, reset_after=False),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="brackets",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one Keras model is made."""

    name: str
    task: str
    layers: str
    data: Callable[[], Split]
    build: Callable[[], Any]
    loss: str
    epochs: int
    score: Callable[[Array, Array], str] = accuracy
    learning_rate: float = 0.01


RECIPES = (
    Recipe(
        name="iris",
        task="species of an iris from four measurements",
        layers="BatchNormalization, Dense",
        data=iris,
        build=iris_model,
        loss="sparse_categorical_crossentropy",
        epochs=120,
    ),
    Recipe(
        name="digits",
        task="handwritten digit of 8x8 pixels",
        layers="Rescaling, Conv2D, BatchNormalization, MaxPooling2D, Flatten, Dropout, Dense",
        data=digits,
        build=digits_model,
        loss="sparse_categorical_crossentropy",
        epochs=30,
        learning_rate=0.002,
    ),
    Recipe(
        name="wine-two-inputs",
        task="grower of a wine from two groups of analyses, one input each",
        layers="Functional: BatchNormalization, Dense, Concatenate",
        data=wine,
        build=wine_model,
        loss="sparse_categorical_crossentropy",
        epochs=80,
    ),
    Recipe(
        name="sequences/sine",
        task="next value of a noisy sine from 24 samples",
        layers="Functional: LSTM, Dense",
        data=sine,
        build=sine_model,
        loss="mse",
        epochs=25,
        score=r_squared,
        learning_rate=0.005,
    ),
    Recipe(
        name="sequences/brackets",
        task="are the brackets of a padded string balanced?",
        layers="Embedding with mask, GRU(reset_after=False), Dense",
        data=brackets,
        build=brackets_model,
        loss="binary_crossentropy",
        epochs=40,
        learning_rate=0.008,
    ),
)


def train(recipe: Recipe) -> Sample:
    """Train one model, save it, and measure it."""
    for package in (keras, tf_keras):
        package.backend.clear_session()
        package.utils.set_random_seed(SEED)
    data, model = recipe.data(), recipe.build()
    optimizers = keras.optimizers if isinstance(model, keras.Model) else tf_keras.optimizers
    model.compile(optimizers.Adam(recipe.learning_rate), recipe.loss)
    model.fit(data.train_inputs, data.train_targets, epochs=recipe.epochs, verbose=0)
    path = HERE / f"{recipe.name}.h5"
    path.parent.mkdir(exist_ok=True)
    model.save(path)
    inputs = [rows[:REFERENCE_ROWS] for rows in data.test_inputs]
    return Sample(
        name=recipe.name,
        written_by="Keras 3" if isinstance(model, keras.Model) else "Keras 2",
        task=recipe.task,
        layers=recipe.layers,
        score=recipe.score(model.predict(data.test_inputs, verbose=0), data.test_targets),
        inputs=inputs,
        outputs=model.predict(inputs, verbose=0),
    )


def breast_cancer() -> Split:
    """Thirty measurements of cells, standardised by the training rows: benign or malignant?"""
    data = datasets.load_breast_cancer()
    raw = split([data.data], data.target, stratify=True)
    mean, deviation = raw.train_inputs[0].mean(axis=0), raw.train_inputs[0].std(axis=0)
    return Split(
        train_inputs=[((raw.train_inputs[0] - mean) / deviation).astype("float32")],
        test_inputs=[((raw.test_inputs[0] - mean) / deviation).astype("float32")],
        train_targets=raw.train_targets,
        test_targets=raw.test_targets,
    )


def train_in_tensorflow_js() -> Sample:
    """Let TensorFlow.js itself train and save a model: a folder that is served as it is."""
    data = breast_cancer()
    job = {
        "trainInputs": data.train_inputs[0].tolist(),
        "trainTargets": data.train_targets.tolist(),
        "testInputs": data.test_inputs[0].tolist(),
    }
    with tempfile.TemporaryDirectory() as folder:
        job_path = Path(folder, "job.json")
        job_path.write_text(json.dumps(job))
        script = [str(HERE / "train_tfjs.cjs"), str(job_path), str(HERE / "breast-cancer-tfjs")]
        done = subprocess.run(["node", *script], check=True, stdout=subprocess.PIPE)
    outputs = np.array(json.loads(done.stdout), dtype="float32")
    return Sample(
        name="breast-cancer-tfjs",
        written_by="TensorFlow.js",
        task="benign or malignant, from 30 standardised measurements of cells",
        layers="Dense, Dropout",
        score=accuracy(outputs, data.test_targets),
        inputs=[data.test_inputs[0][:REFERENCE_ROWS]],
        outputs=outputs[:REFERENCE_ROWS],
    )


def tensor(array: Array) -> dict[str, Any]:
    """Return an array as JSON; float32 survives the way through decimal digits."""
    return {"shape": list(array.shape), "dtype": array.dtype.name, "values": array.ravel().tolist()}


def write_references(samples: Sequence[Sample]) -> None:
    references = {
        sample.name: {
            "inputs": [tensor(array) for array in sample.inputs],
            "outputs": [tensor(sample.outputs)],
        }
        for sample in samples
    }
    REFERENCES.parent.mkdir(parents=True, exist_ok=True)
    REFERENCES.write_text(json.dumps(references, indent=1) + "\n")


def write_readme(samples: Sequence[Sample]) -> None:
    rows = ["| model | written by | task | layers | held-out data |", "|---|---|---|---|---|"]
    for sample in samples:
        ending = "/model.json" if sample.written_by == "TensorFlow.js" else ".h5"
        cells = (sample.written_by, sample.task, sample.layers, sample.score)
        rows.append(f"| `{sample.name}{ending}` | " + " | ".join(cells) + " |")
    readme = HERE / "README.md"
    before, rest = readme.read_text().split("<!-- table -->\n", 1)
    after = rest.split("<!-- /table -->\n", 1)[1]
    table = "\n".join(["<!-- table -->", *rows, "<!-- /table -->", ""])
    readme.write_text(before + table + after)


def main() -> None:
    tf.config.experimental.enable_op_determinism()
    samples = []
    for recipe in RECIPES:
        samples.append(train(recipe))
        print(f"{samples[-1].name}: {samples[-1].score}", flush=True)
    samples.append(train_in_tensorflow_js())
    print(f"{samples[-1].name}: {samples[-1].score}")
    write_references(samples)
    write_readme(samples)


if __name__ == "__main__":
    main()
