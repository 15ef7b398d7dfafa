"""Compare models in memory with files of them: both must become the same bytes.

    python bench/live_models.py                                 Keras 3 on numpy, every case
        --keras keras3|tf_keras --backend numpy|jax|tensorflow  another Keras
        --every N --first K                                     one case in N, from the K-th on
        --python PYTHON                                         an interpreter that has that Keras

The models are those of ``tests/parity/``, with random weights. Each is converted as it is in memory
(``tfjs_serve.save_keras_model``), and from the archive that it is saved to. Compared are
``model.json``, the digests of all other files, the notes, or the problems of a model that is
refused. What Keras cannot save as an archive is saved as ``.h5``, which says less: then the record
of the Keras model is left out.

The environment of the tests has Keras 3 with numpy and JAX. For the others, make one with
``pip install tensorflow tf_keras`` and ``pip install`` of this folder, and name its interpreter.
The exit code is 1 if a model became something else without a reason that is listed here.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from tests.parity.cases import KERAS2, KERAS3, Case, cases_of
from tests.parity.cases.case import randomise_weights
from tests.parity.live import Outcome, of_file, of_live
from tfjs_serve.errors import TfjsServeError

SAME, OTHER = "same bytes", "OTHER"
REASONS = {
    "files-lora-": "Keras adds up the matrices of LoRA when it writes an archive, and rounds "
    "otherwise than the converter",
    "graph-compiled_classifier": "Keras 3.15 leaves arguments of its loss out of the file; the "
    "record of the model in memory has them",
}
"""Why cases whose names begin like this become something else."""
TF_KERAS = "tf_keras"
PROGRESS_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of a case, and what there is to say about it."""

    case: str
    verdict: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.case}: {self.verdict}. {self.detail}"


def imported(name: str, backend: str) -> Any:
    """Import the Keras that is to be tried, as quietly as it can be."""
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    keras = importlib.import_module(TF_KERAS if name == TF_KERAS else "keras")
    if name != TF_KERAS and backend == "jax":
        _initialise_with_numpy()
    return keras


def _initialise_with_numpy() -> None:
    """Keep JAX from compiling a program for each shape of a weight, which takes a second each.

    All weights get other values anyway.
    """
    module: Any = importlib.import_module("keras.src.initializers.random_initializers")
    numpy = importlib.import_module("jax.numpy")

    def some(shape: Any, *_given: Any, dtype: str | None = None, **_named: Any) -> Any:
        values = np.random.default_rng(0).normal(0, 0.1, shape)
        return numpy.asarray(values.astype(dtype or "float32"))

    names = ("normal", "truncated_normal", "uniform")
    module.random = SimpleNamespace(**{**vars(module.random), **dict.fromkeys(names, some)})


def compared(keras: Any, case: Case, folder: Path) -> Row:
    """Convert a case both ways."""
    try:
        model = _built(keras, case)
    except Exception as error:  # noqa: BLE001 -- whatever Keras raises
        return Row(case=case.id, verdict="not buildable", detail=_one_line(error))
    path, why_not = _saved(model, folder)
    if path is None:
        return Row(case=case.id, verdict="not savable", detail=why_not)
    is_archive = path.suffix == ".keras"
    live = _outcome(lambda: of_live(model, recorded=is_archive))
    file = _outcome(lambda: of_file(path, recorded=is_archive))
    if live == file:
        verdict = SAME if is_archive else f"{SAME}, as .h5 only"
        return Row(case=case.id, verdict=verdict, detail=why_not)
    reason = next((words for start, words in REASONS.items() if case.id.startswith(start)), "")
    return Row(
        case=case.id,
        verdict="other, as is known" if reason else OTHER,
        detail=reason or _differing(live, file),
    )


def _built(keras: Any, case: Case) -> Any:
    is_new = int(keras.__version__.partition(".")[0]) >= 3
    # Collecting all garbage after each case takes longer than most cases.
    keras.backend.clear_session(**({"free_memory": False} if is_new else {}))
    model = case.build(keras)
    randomise_weights(case, model)
    return model


def _saved(model: Any, folder: Path) -> tuple[Path | None, str]:
    """Return an archive of the model, else an HDF5 file, and why it is no archive."""
    why_not = []
    for path in (folder / "model.keras", folder / "model.h5"):
        try:
            model.save(path)
        except Exception as error:  # noqa: BLE001 -- whatever Keras raises
            why_not.append(_one_line(error))
        else:
            return path, why_not[0] if why_not else ""
    return None, "; ".join(why_not)


def _outcome(convert: Callable[[], Outcome]) -> Outcome:
    try:
        return convert()
    except TfjsServeError as error:
        return type(error).__name__, error.message, error.hint


def _differing(live: Outcome, file: Outcome) -> str:
    if len(live) != len(file):
        return f"in memory {live!r:.200}, from the file {file!r:.200}"
    pairs = [(a, b) for a, b in zip(live, file, strict=True) if a != b]
    return "; ".join(f"in memory {a!r:.300}, from the file {b!r:.300}" for a, b in pairs)


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def rows(keras: Any, cases: list[Case]) -> Iterator[Row]:
    """Yield what became of each case, and say now and then how far it is."""
    shown = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
        for number, case in enumerate(cases):
            yield compared(keras, case, Path(folder))
            if time.monotonic() - shown > PROGRESS_SECONDS:
                shown = time.monotonic()
                print(f"{number + 1} of {len(cases)}", file=sys.stderr, flush=True)


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--keras", choices=("keras3", TF_KERAS), default="keras3")
    parser.add_argument("--backend", choices=("numpy", "jax", "tensorflow"), default="numpy")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one case in N")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="from the K-th case on")
    parser.add_argument("--python", type=Path, help="the interpreter that has the Keras")
    return parser.parse_args()


def main() -> int:
    options = options_of()
    if options.python:
        words = [f"--{name}={getattr(options, name)}" for name in ("keras", "backend")]
        words += [f"--{name}={getattr(options, name)}" for name in ("every", "first")]
        return subprocess.call([str(options.python), __file__, *words])
    keras = imported(options.keras, options.backend)
    cases = cases_of(KERAS2 if options.keras == TF_KERAS else KERAS3)
    found = []
    for row in rows(keras, cases[options.first :: options.every]):
        found.append(row)
        if row.verdict != SAME:
            print(row, flush=True)
    counts = Counter(row.verdict for row in found)
    backend = "" if options.keras == TF_KERAS else f" on {options.backend}"
    print(f"{keras.__name__} {keras.__version__}{backend}: ", end="")
    print(f"{len(found)} of {len(cases)} cases:", dict(counts.most_common()))
    return int(OTHER in counts)


if __name__ == "__main__":
    sys.exit(main())
