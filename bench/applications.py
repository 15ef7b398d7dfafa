"""Convert all networks of ``keras.applications``, and compare what they predict.

    python bench/applications.py                       Keras 3
    python bench/applications.py --keras 2             tf_keras, where it is installed
    python bench/applications.py --only EfficientNet   those whose name holds that

The networks have random weights and the smallest inputs that they accept. Each is converted by the
command ``tfjs-serve convert``, whose time and memory are measured, and loaded by TensorFlow.js in
Node; it matches when no output is off by more than 1e-4 of the largest one.

A deep network makes much of little: where Keras itself, in float32, is as far from what it computes
in float64 as TensorFlow.js is (at least half as far), the difference is called rounding. Both
distances are printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from measuring import Cost, conversion

from tests.parity.applications import application, calibrate, images, names
from tests.parity.cases.inputs import Array
from tests.parity.folder_server import serving
from tests.parity.grid.__main__ import keras_of
from tests.parity.node import NodeTf, NodeTfError
from tfjs_serve.companion import PACKAGE

TOLERANCE = 1e-4
DEADLINE_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One file of one network."""

    title: str
    loaded: str
    error: float
    file_bytes: int
    cost: Cost
    keras_rounding: float = float("nan")
    tfjs_rounding: float = float("nan")
    detail: str = ""

    @property
    def match(self) -> str:
        if self.error <= TOLERANCE:
            return "yes"
        return "rounding" if self.tfjs_rounding <= 2 * self.keras_rounding else "NO"

    def __str__(self) -> str:
        matched = f"{self.match:>8} {self.error:8.1e}"
        return (
            f"{self.title:<30} {self.loaded:<10}{matched}  {self.keras_rounding:8.1e} "
            f"{self.tfjs_rounding:8.1e}  {self.file_bytes / 1e6:8.1f} MB "
            f"{self.cost.seconds:7.1f} s {self.cost.peak_bytes / 1e6:8.0f} MB  {self.detail}"
        )


HEADING = (
    f"{'':<58}  {'off from float64':>17}\n"
    f"{'network and file':<30} {'loaded':<10}{'match':>9} {'error':>7}   "
    f"{'Keras':>8} {'TF.js':>8}  {'file':>8}    {'converted in':>9} {'peak':>8}"
)


def error_of(expected: Array, actual: Array) -> float:
    """Return the largest difference relative to the largest magnitude."""
    if expected.shape != actual.shape or not np.isfinite(expected).all():
        return float("inf")
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A picture, and what Keras predicts of it in float32 and in float64."""

    picture: Array
    predicted: Array
    exact: Array


def reference(keras: Any, name: str, model: Any, *, include_top: bool) -> Reference:
    """Predict with `model`, and with one that has the same weights in float64."""
    (picture,) = images(name, model)
    _compute_in(keras, "float64")
    try:
        double = application(keras, name, include_top=include_top)
        double.set_weights(model.get_weights())
        exact = np.asarray(double(picture.astype("float64"), training=False))
    finally:
        _compute_in(keras, "float32")
    assert exact.dtype == np.float64, "Keras did not compute in float64"
    predicted = np.asarray(model(picture, training=False))
    return Reference(picture=picture, predicted=predicted, exact=exact)


def _compute_in(keras: Any, dtype: str) -> None:
    keras.backend.set_floatx(dtype)  # inputs
    keras.mixed_precision.set_global_policy(dtype)  # layers


def row(path: Path, title: str, expected: Reference, node: NodeTf, python: str) -> Row:
    """Convert one file, predict, compare."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as url:
        cache = Path(folder, "cache")
        cost = conversion(path, Path(folder, "out"), "--cache-dir", cache, python=python)
        common: dict[str, Any] = {
            "title": title,
            "file_bytes": path.stat().st_size,
            "cost": cost,
        }
        if cost.exit_code != 0:
            detail = " ".join(cost.printed.split())[:300]
            return Row(loaded="refused", error=float("inf"), detail=detail, **common)
        needed = f"{PACKAGE}>" in Path(folder, "out", "model.json").read_text()
        loaded = "companion" if needed else "plain"
        try:
            (actual,) = node.predict(f"{url}/out/model.json", [expected.picture]).outputs
        except NodeTfError as error:
            return Row(loaded="failed", error=float("inf"), detail=str(error)[:300], **common)
        return Row(
            loaded=loaded,
            error=error_of(expected.predicted, actual),
            keras_rounding=error_of(expected.exact, expected.predicted),
            tfjs_rounding=error_of(expected.exact, actual),
            **common,
        )


def rows(keras: Any, options: argparse.Namespace, node: NodeTf) -> Iterator[Row]:
    """Yield a row per network and file."""
    chosen = [name for name in names(keras) if any(part in name for part in options.only)]
    for name in chosen:
        for include_top in (True, False) if options.both else (True,):
            keras.backend.clear_session()
            model = application(keras, name, include_top=include_top)
            calibrate(name, model)
            expected = reference(keras, name, model, include_top=include_top)
            for ending in options.format:
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder, f"model.{ending}")
                    model.save(path)
                    top = "" if include_top else " (no top)"
                    yield row(path, f"{name}{top}.{ending}", expected, node, options.python)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--keras", type=int, choices=(2, 3), default=3)
    parser.add_argument("--only", nargs="*", default=[""], metavar="PART")
    parser.add_argument("--format", nargs="*", default=["h5", "keras"])
    parser.add_argument("--python", default=sys.executable, help="one that has the command")
    parser.add_argument("--both", action="store_true", help="also without the classifier")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    os.environ.setdefault("JAX_ENABLE_X64", "1")  # else JAX computes float64 in float32
    keras = keras_of(options.keras)
    node = NodeTf(deadline_seconds=DEADLINE_SECONDS)
    print(HEADING)
    all_matched = True
    try:
        for result in rows(keras, options, node):
            print(result, flush=True)
            all_matched &= result.match != "NO"
    finally:
        node.close()
    return 0 if all_matched else 1


if __name__ == "__main__":
    sys.exit(main())
