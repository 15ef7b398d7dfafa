"""The program that saves a model all the time, for ``soak.py``; ends when its input does.

    python bench/soak_writer.py MODEL.h5 (in-place|replace|keras) [INTERVAL_SECONDS]

Each save carries one value in all of its weights, and in the name of the model, so that a mixture
of two saves shows. Prints how many saves there were and which errors they met.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import random
import sys
import threading
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

import numpy as np

from tests.keras_files.handmade import Json, write_hdf5

VALUES = 1 << 20
"""So many values have exact float32 representations, and names of their own."""
_MOST_LAYERS, _LEAST_UNITS, _MOST_UNITS = 4, 4, 400


def model_name(value: float) -> str:
    """Return the name of the model whose weights all are `value`."""
    return f"soak_{int(value)}"


def random_model(value: float) -> tuple[Json, dict[str, dict[str, Any]]]:
    """Return configuration and weights of dense layers, so many and so large as chance has it."""
    sizes = [random.randint(_LEAST_UNITS, _MOST_UNITS) for _ in range(random.randint(2, 5))]
    layers, weights = [], {}
    for number, (inputs, units) in enumerate(pairwise(sizes)):
        name = f"dense_{number}"
        config = {"name": name, "units": units, "use_bias": True, "activation": "linear"}
        config |= {"batch_input_shape": [None, inputs]} if not number else {}
        layers.append({"class_name": "Dense", "config": config})
        weights[name] = {
            f"{name}/kernel:0": np.full((inputs, units), value, "float32"),
            f"{name}/bias:0": np.full((units,), value, "float32"),
        }
    config = {"name": model_name(value), "layers": layers}
    return {"class_name": "Sequential", "config": config}, weights


def save_in_place(path: Path, value: float) -> None:
    """Save as Keras does: truncate the file, and fill it again."""
    write_hdf5(path, *random_model(value), version="2.15.0")


def save_and_replace(path: Path, value: float) -> None:
    """Save beside the file, and put that in its place."""
    beside = path.with_suffix(".saving")
    write_hdf5(beside, *random_model(value), version="2.15.0")
    beside.replace(path)


def write(path: Path, save: Callable[[Path, float], None], interval_seconds: float) -> Json:
    """Save until the input ends; return what happened."""
    ended, errors, saves = _end_of_input(), [], 0
    for value in count(1):
        try:
            save(path, float(value % VALUES))
            saves += 1
        except Exception as error:  # noqa: BLE001 -- whatever the save met is to be counted
            errors.append(f"{type(error).__name__}: {error}")
        if ended.wait(interval_seconds):
            break
    return {"saves": saves, "errors": errors}


def train(path: Path) -> Json:
    """Train with Keras, with a ModelCheckpoint on every batch, until the input ends."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    keras: Any = importlib.import_module("keras")  # needs the line above

    # It warns at each save that HDF5 is an old format.
    logging.getLogger("absl").setLevel(logging.ERROR)
    ended = _end_of_input()
    saved: dict[str, Any] = {"saves": 0, "errors": []}

    class OneValue(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
        """Gives all weights the number of the batch, after it has been learned from."""

        def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002 -- Keras calls it so
            saved["saves"] += 1
            value = float(saved["saves"] % VALUES)
            self.model.name = model_name(value)
            self.model.set_weights([np.full(w.shape, value) for w in self.model.get_weights()])
            self.model.stop_training = ended.is_set()

    layers = keras.layers
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(256, activation="relu"), layers.Dense(64)]
    )
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(100_000, 64)).astype("float32")
    checkpoint = keras.callbacks.ModelCheckpoint(str(path), save_freq=1)
    try:
        while not ended.is_set():
            model.fit(x, x, batch_size=32, verbose=0, callbacks=[OneValue(), checkpoint])
    except Exception as error:  # noqa: BLE001 -- a save that failed ends a training
        saved["errors"].append(f"{type(error).__name__}: {error}")
    return saved


def _end_of_input() -> threading.Event:
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    return ended


def main() -> None:
    path, kind = Path(sys.argv[1]), sys.argv[2]
    interval_seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 0.1
    if kind == "keras":
        done = train(path)
    else:
        save = {"in-place": save_in_place, "replace": save_and_replace}[kind]
        done = write(path, save, interval_seconds)
    print(json.dumps(done))


if __name__ == "__main__":
    main()
