"""Builds the models, converts them in this process, and has TensorFlow.js predict."""

from __future__ import annotations

import json
import os
import re
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from tests.parity.cases.case import Keras, outputs_of
from tests.parity.cases.inputs import Array
from tests.parity.converted import convert_into
from tests.parity.folder_server import serving
from tests.parity.node import NodeTf, NodeTfError
from tfjs_serve import companion
from tfjs_serve.errors import ConversionError, TfjsServeError

from .cases import GridCase
from .settings import NotForThisSettingError
from .values import TOLERANCES

FORMATS = ("h5", "keras")
DEADLINE_SECONDS = 30.0
IMPOSSIBLE = re.compile(r"an input of [78] axes")
"""What refusals say that no translation could avoid: tensors of TF.js have at most six axes."""


class Outcome(Enum):
    """What became of a model."""

    PLAIN = "plain"
    COMPANION = "companion"
    REFUSED = "refused"
    UNREADABLE = "refused, and Keras cannot read it either"
    IMPOSSIBLE = "refused, as TensorFlow.js has nothing for it"
    MISMATCH = "mismatch"
    ERROR = "error"
    UNSAVED = "not saved by Keras"
    UNBUILT = "not built by Keras"

    @property
    def is_success(self) -> bool:
        return self in (Outcome.PLAIN, Outcome.COMPANION)

    @property
    def is_failure(self) -> bool:
        return self in (Outcome.REFUSED, Outcome.MISMATCH, Outcome.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one case in one format."""

    case: GridCase
    format: str
    outcome: Outcome
    detail: str = ""

    @property
    def title(self) -> str:
        return f"{self.case.id}.{self.format}" if self.format else self.case.id


@dataclass(frozen=True, slots=True)
class Reference:
    """A model, and what Keras predicts."""

    model: Any
    inputs: list[Array]
    outputs: list[Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What TensorFlow.js predicts, and whether it needed ``layers.js``."""

    outputs: tuple[Array, ...]
    needs_layers: bool


def deviation(expected: Array, actual: Array, *, overflows: bool = False) -> float:
    """Return the largest difference, relative to max(1, magnitude); infinite if shapes differ.

    With `overflows`, only what is finite counts: Keras's own sixteen bits ran over elsewhere.
    """
    if expected.shape != actual.shape:
        return np.inf
    wanted, got = expected.astype(np.float64), actual.astype(np.float64)
    finite = np.isfinite(wanted)
    if not overflows and not np.array_equal(wanted[~finite], got[~finite], equal_nan=True):
        return np.inf
    difference = np.abs(got - wanted)[finite] / np.maximum(1.0, np.abs(wanted[finite]))
    largest = float(difference.max(initial=0.0))
    return np.inf if np.isnan(largest) else largest


def disagreement(expected: Sequence[Array], actual: Sequence[Array], tolerance: float) -> str:
    """Say how the outputs differ; nothing if they do not."""
    if len(expected) != len(actual):
        return f"{len(actual)} outputs instead of {len(expected)}"
    for index, (wanted, got) in enumerate(zip(expected, actual, strict=True)):
        off = deviation(np.asarray(wanted), got, overflows=tolerance >= TOLERANCES["16"])
        if off > tolerance:
            shapes = "" if wanted.shape == got.shape else f" shape {got.shape} for {wanted.shape}"
            return f"output {index} is off by {off:.2g}{shapes}"
    return ""


def reference(keras: Keras, case: GridCase) -> Reference:
    """Build the model of a case and predict with Keras."""
    # Collecting all garbage after each case takes longer than most cases.
    keras.backend.clear_session(free_memory=False)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        model = case.build(keras)
        case.prepare(case.id, model)
        inputs = case.inputs(case.id, model)
        outputs = [_array(output) for output in outputs_of(model, inputs)]
    return Reference(model, inputs, outputs)


def _array(output: Array) -> Array:
    """Return numbers that numpy can compare: bfloat16 is not among its own dtypes."""
    return output if output.dtype.kind in "biufO" else output.astype("float32")


def _files(folder: Path) -> dict[str, bytes]:
    """Return what a model predicts by: shards, layers, and ``model.json`` without one part of it.

    That part is the model as Keras saved it, for the way back; TensorFlow.js does not look into it.
    """
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    document = json.loads(files["model.json"])
    document.pop("userDefinedMetadata", None)
    read = {name: content for name, content in files.items() if not name.startswith("model.json")}
    return {**read, "model.json": json.dumps(document).encode()}


@contextmanager
def workbench(folder: Path) -> Iterator[Workbench]:
    """Give a workbench in an empty folder."""
    with serving(folder) as url:
        node = NodeTf(deadline_seconds=DEADLINE_SECONDS)
        try:
            yield Workbench(folder, url, node)
        finally:
            node.close()


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was predicted last: with which files and for which inputs."""

    files: dict[str, bytes]
    inputs: Sequence[Array]
    predicted: Predicted


@dataclass(slots=True)
class Workbench:
    """A folder that is served at a URL, and TensorFlow.js that loads from it.

    Keras's two formats of a model nearly always become the same to TensorFlow.js, which is asked
    once for both.
    """

    folder: Path
    url: str
    node: NodeTf
    _last: _Answer | None = None

    def run(self, keras: Keras, case: GridCase) -> Iterator[Result]:
        """Yield the results of a case in each format."""
        try:
            expected = reference(keras, case)
        except NotForThisSettingError:
            return
        except Exception as error:  # noqa: BLE001 -- whatever Keras raises
            yield Result(case=case, format="", outcome=Outcome.UNBUILT, detail=_first_line(error))
            return
        yield from self.results(keras, case, expected)

    def results(self, keras: Keras, case: GridCase, expected: Reference) -> Iterator[Result]:
        """Yield the results of a model in each format."""
        for ending in FORMATS:
            outcome, detail = self._one(keras, case, expected, f"{case.id}.{ending}")
            yield Result(case=case, format=ending, outcome=outcome, detail=detail)

    def _one(
        self, keras: Keras, case: GridCase, expected: Reference, name: str
    ) -> tuple[Outcome, str]:
        path = self.folder / name
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected.model.save(path)
        except Exception as error:  # noqa: BLE001 -- whatever Keras raises
            return Outcome.UNSAVED, _first_line(error)
        try:
            return self._compared(case, expected, path)
        except ConversionError as error:
            return self._refusal(keras, expected, path, error)
        except TfjsServeError as error:
            return Outcome.ERROR, f"{error.message} {_where(error.__cause__)}"
        except NodeTfError as error:
            return Outcome.ERROR, str(error)
        except Exception as error:  # noqa: BLE001 -- one broken case must not end the run
            return Outcome.ERROR, f"{_first_line(error)} {_where(error)}"
        finally:
            path.unlink(missing_ok=True)

    def predicted(self, path: Path, inputs: Sequence[Array]) -> Predicted:
        """Convert the file at `path`, and predict with what it became.

        Raises
        ------
        TfjsServeError, NodeTfError
        """
        output = self.folder / f"{path.name}.converted"
        output.mkdir()
        try:
            convert_into(output, path)
            files = _files(output)
            last = self._last
            if last is None or last.inputs is not inputs or last.files != files:
                url = f"{self.url}/{output.name}/model.json"
                needs_layers = companion.PACKAGE.encode() + b">" in files["model.json"]
                outputs = self.node.predict(url, inputs).outputs
                last = _Answer(files, inputs, Predicted(outputs=outputs, needs_layers=needs_layers))
                self._last = last
        finally:
            for file in output.iterdir():
                file.unlink()
            output.rmdir()
        return last.predicted

    def _compared(self, case: GridCase, expected: Reference, path: Path) -> tuple[Outcome, str]:
        predicted = self.predicted(path, expected.inputs)
        if problem := disagreement(expected.outputs, predicted.outputs, case.tolerance):
            return Outcome.MISMATCH, problem
        return (Outcome.COMPANION if predicted.needs_layers else Outcome.PLAIN), ""

    def _refusal(
        self, keras: Keras, expected: Reference, path: Path, error: ConversionError
    ) -> tuple[Outcome, str]:
        reasons = "; ".join(f"{p.layer_path}: {p.code}: {p.message}" for p in error.problems[:2])
        if IMPOSSIBLE.search(reasons):
            return Outcome.IMPOSSIBLE, reasons
        readable = _reads_back(keras, expected, path)
        return (Outcome.REFUSED if readable else Outcome.UNREADABLE), reasons


def _reads_back(keras: Keras, expected: Reference, path: Path) -> bool:
    """Whether Keras itself can load its file and predicts the same as before."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            model = keras.models.load_model(path, compile=False)
            outputs = [_array(output) for output in outputs_of(model, expected.inputs)]
    except Exception:  # noqa: BLE001 -- whatever Keras raises
        return False
    return not disagreement(expected.outputs, outputs, 1e-3)


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition(os.linesep)[0][:300]


def _where(error: BaseException | None) -> str:
    if error is None:
        return ""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
