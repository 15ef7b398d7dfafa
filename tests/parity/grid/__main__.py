"""Run the grid and print a table; the exit code is 1 if anything was refused or differs."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from .cases import GridCase, nightly, sample
from .run import Outcome, Result, workbench
from .summary import refusals, table

CI_COUNT = 300


def keras_of(generation: int) -> Any:
    """Import the Keras of a generation."""
    os.environ.setdefault("KERAS_BACKEND", "numpy")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    # oneDNN ends the process where it cannot compute a convolution, instead of raising.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    logging.disable(logging.WARNING)
    return importlib.import_module("keras" if generation == 3 else "tf_keras")


def chosen_cases(keras: Any, options: argparse.Namespace) -> list[GridCase]:
    """Return the cases that the options ask for."""
    dialect = f"keras{options.keras}"
    if options.size == "ci":
        return sample(keras, dialect, CI_COUNT)
    only = options.only or [""]
    cases = [case for name in only for case in nightly(keras, dialect, name)]
    if not cases:
        sys.exit(f"tests/parity/grid/subjects/ has no subject {' or '.join(only)}")
    return [case for case in cases if options.filter in case.id][options.start :: options.every]


def run(keras: Any, cases: Iterable[GridCase]) -> Iterator[Result]:
    """Yield the results of all cases."""
    with tempfile.TemporaryDirectory() as folder, workbench(Path(folder)) as bench:
        for case in cases:
            yield from bench.run(keras, case)


def log(file: TextIO, result: Result) -> None:
    """Write a result as a line of JSON."""
    entry = {
        "case": result.title,
        "family": result.case.family,
        "class": result.case.class_name,
        "outcome": result.outcome.name.lower(),
        "detail": result.detail,
    }
    file.write(json.dumps(entry) + "\n")
    file.flush()


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.parity.grid")
    parser.add_argument("--keras", type=int, choices=(2, 3), default=3)
    parser.add_argument("--size", choices=("nightly", "ci"), default="nightly")
    parser.add_argument("--only", action="append", metavar="CLASS", help="class or family")
    parser.add_argument("--filter", default="", help="part of the cases' ids")
    parser.add_argument("--start", type=int, default=0, help="skip so many cases")
    parser.add_argument("--every", type=int, default=1, help="take every so many-th case")
    parser.add_argument("--log", type=argparse.FileType("a"), help="write each result, as JSON")
    parser.add_argument("--unbuilt", action="store_true", help="print what Keras refuses, too")
    return parser.parse_args()


def main() -> int:
    options = options_of()
    keras = keras_of(options.keras)
    results = []
    for result in run(keras, chosen_cases(keras, options)):
        results.append(result)
        if options.log:
            log(options.log, result)
        rejected = result.outcome in (Outcome.UNBUILT, Outcome.UNSAVED) and options.unbuilt
        if result.outcome.is_failure or rejected:
            print(f"{result.outcome.name} {result.title}: {result.detail}", flush=True)
    print(table(results))
    print(refusals(results))
    return int(any(result.outcome.is_failure for result in results))


if __name__ == "__main__":
    sys.exit(main())
