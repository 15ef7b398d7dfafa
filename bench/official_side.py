"""What ``official_lines.py`` lets the official interpreter do, in the folder that it is in.

    python official_side.py models                  make the files
    python official_side.py run official LINES      run lines and calls
    python official_side.py run ours LINES PATH     run calls of ours, which is found on PATH
    python official_side.py predict                 ask Keras about the Keras files

The last line of what is printed is JSON. What the lines print is in what is returned.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import multiprocessing
import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras  # type: ignore[import-untyped,unused-ignore]
import numpy as np
import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]
import tf_keras  # type: ignore[import-not-found,import-untyped,unused-ignore]

TOLERANCE = 1e-5
GRAPHS = re.compile("graph|frozen|saved|hub")
KERAS_ENDINGS = (".h5", ".keras")


# --- The files --------------------------------------------------------------------------------


def network(keras: Any) -> Any:
    """Return a model of a few layers, one of them with a cell; the same in both Kerases."""
    layers = keras.layers
    given = keras.Input((8, 8, 3), name="img")
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(given)
    x = layers.BatchNormalization(name="bn")(x)
    x = layers.LSTM(5, name="lstm")(layers.Reshape((36, 4), name="rows")(x))
    model = keras.Model(given, layers.Dense(3, activation="softmax", name="dense")(x), name="net")
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    random = np.random.default_rng(0)
    labels = np.eye(3)[random.integers(0, 3, 16)]
    model.fit(random.uniform(size=(16, 8, 8, 3)), labels, verbose=0)
    shapes = [weight.shape for weight in model.get_weights()]
    model.set_weights([random.uniform(-0.5, 0.5, s) + 0.6 * (len(s) == 1) for s in shapes])
    return model


def make_models() -> None:
    """Write what the lines are about, and what the models predict."""
    model = network(tf_keras)
    for name in ("m.h5", "m.keras"):
        model.save(name)
    for name in ("w.h5", "w.weights.h5"):
        model.save_weights(name)
    model.save("saved", save_format="tf")
    network(keras).save("k3.keras")
    wide = tf_keras.layers.Dense(4000, input_shape=(700,), name="big")
    big = tf_keras.Sequential([wide, tf_keras.layers.Dense(2, activation="softmax", name="small")])
    big.save("big.h5")
    big.save("saved_big", save_format="tf")
    write_frozen(big)
    for source, page in (("m.h5", "page"), ("big.h5", "page_big")):
        tensorflowjs().converters.convert(["--input_format=keras", source, page])
    for name, one in (("net", model), ("big", big)):
        x = np.random.default_rng(1).uniform(size=(2, *one.input_shape[1:])).astype("float32")
        np.savez(f"{name}.npz", x=x, y=one.predict(x, verbose=0))
    Path("one.json").write_text('{"a": [1, 2]}')
    Path("two.json").write_text('["x", "y"]')
    Path("taken").write_text("a file")


def write_frozen(model: Any) -> None:
    """Write the graph of a model, with constants for its weights."""
    framework = importlib.import_module("tensorflow.python.framework.convert_to_constants")
    shape = (None, *model.input_shape[1:])
    function = tf.function(lambda x: model(x, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec(shape, name="x"))
    frozen = framework.convert_variables_to_constants_v2(concrete)
    tf.io.write_graph(frozen.graph, ".", "frozen.pb", as_text=False)


# --- The lines --------------------------------------------------------------------------------


def run(name: str, lines: str, path: str = "") -> list[dict[str, Any]]:
    """Run lines in the way of one of the two; return how each ended.

    What makes graphs has a process of its own each: it breaks models of Keras that come later.
    """
    if name == "official":
        tensorflowjs()  # its import fails where what is printed is kept
    if path:  # last, so that what is installed here comes first
        sys.path += path.split(os.pathsep)
        os.environ["PYTHONPATH"] = path  # for a process that the call may start
    listed = [
        (is_call, words.replace("OUT", f"{name}/{number}"))
        for number, (is_call, words) in enumerate(json.loads(Path(lines).read_text()))
    ]
    forks = multiprocessing.get_context("fork")
    with forks.Pool(1) as shared, forks.Pool(1, maxtasksperchild=1) as alone:
        pools = [alone if GRAPHS.search(words) else shared for _, words in listed]
        return [
            pool.apply(run_one, (name, *line)) for pool, line in zip(pools, listed, strict=True)
        ]


def run_one(name: str, is_call: bool, words: str) -> dict[str, Any]:
    """Run a line of a shell, which is the official one's, or a call."""
    if is_call:
        return ended(lambda: call(name, words, network(tf_keras)))
    return ended(lambda: command(words)) if name == "official" else {}


def tensorflowjs() -> Any:
    return importlib.import_module("tensorflowjs")


def command(line: str) -> None:
    """Run a line as the official command does."""
    tensorflowjs().converters.convert(line.split())


def call(name: str, text: str, model: Any) -> str:
    """Run a call in Python; say what it returned."""
    package = "tensorflowjs" if name == "official" else "tfjs_serve.tensorflowjs"
    names: dict[str, Any] = {"np": np, "json": json, "model": model, "tf_keras": tf_keras}
    exec(f"import {package} as tfjs", names)
    *steps, last = text.replace("tensorflowjs", package).split("; ")
    exec("; ".join(steps), names)
    return described(eval(last, names))


def described(value: Any) -> str:
    """Say what a call returned: whether a model predicts as the one of the files."""
    if not hasattr(value, "predict"):
        return "" if value is None else str(value)
    given = np.load("net.npz")
    error = float(np.abs(value.predict(given["x"], verbose=0) - given["y"]).max())
    return "predicts the same" if error <= TOLERANCE else "has other weights"


def ended(run_it: Callable[[], Any]) -> dict[str, Any]:
    """Run something; return its exit code, and what it said or returned."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            returned = run_it()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
            return {"code": code, "said": said.getvalue()}
        except Exception as error:  # noqa: BLE001 -- whatever the line ends with
            last = traceback.format_exception_only(type(error), error)[-1]
            return {"code": 1, "said": f"{said.getvalue()}\n{last}"}
    return {"code": 0, "said": said.getvalue(), "detail": returned or ""}


# --- Keras files ------------------------------------------------------------------------------


def predict() -> dict[str, dict[str, Any]]:
    """Return of each Keras file that was made whether it loads, and predicts what it should."""
    files = [path for path in Path().glob("o*/*") if path.suffix in KERAS_ENDINGS]
    return {path.with_suffix("").as_posix(): predicted(path) for path in files}


def predicted(path: Path) -> dict[str, Any]:
    try:
        model = tf_keras.models.load_model(path)
    except Exception as error:  # noqa: BLE001 -- whatever Keras says
        return {"right": False, "detail": f"Keras: {type(error).__name__}"}
    detail = described(model)
    return {"right": detail == "predicts the same", "detail": detail}


def main() -> None:
    what, *rest = sys.argv[1:]
    with contextlib.redirect_stdout(sys.stderr):
        result = {"models": make_models, "run": run, "predict": predict}[what](*rest)  # type: ignore[operator]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
