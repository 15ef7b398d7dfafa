"""Run lines of the official converter's users with both programs, on the same files, and compare.

    python bench/official_lines.py --official PYTHON    print what became of each
        --only TEXT                                     those that have TEXT in them

PYTHON is an interpreter that has ``tensorflowjs`` and ``tf_keras``, of the same version as the one
that runs this. It also makes the files, and is lent our package for the calls of Python.

``official_lines.tsv`` has a line per line or call: where it is documented (``guide``: the guide of
TensorFlow.js; ``readme``: that of the converter; ``flags``: what its ``--help`` lists), what is
expected of it, and its words. The exit code is 1 if anything else became of one of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from official_results import CALL, Made, difference, made_of

from tests.parity.folder_server import serving
from tests.parity.node import NodeTf

TABLE = Path(__file__).with_name("official_lines.tsv")
SIDE = Path(__file__).with_name("official_side.py")
DEADLINE_SECONDS = 3600.0
THEIRS, OURS = "official", "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a shell, or a call of Python."""

    where: str
    expected: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of a line: of how both ended, and of what they made."""

    line: Line
    verdict: str
    detail: str

    @property
    def is_expected(self) -> bool:
        return self.verdict == self.line.expected

    def __str__(self) -> str:
        verdict = self.verdict if self.is_expected else f"{self.verdict}, not {self.line.expected}"
        words = self.line.words.replace("|", "\\|")
        return f"| {self.line.where} | `{words}` | {verdict} | {self.detail} |"


def listed() -> list[Line]:
    """Return the lines of the table."""
    with TABLE.open(newline="") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Line(where=a, expected=b, words=c) for a, b, c in rows]


# --- Running both -----------------------------------------------------------------------------


def side(python: Path, folder: Path, *arguments: str) -> Any:
    """Let the official interpreter do something in `folder`; return what it says, as JSON."""
    command = [str(python), str(SIDE), *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def ended(lines: Sequence[Line], python: Path, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return how each line ended for both; what was made is in folders of their numbers."""
    words = folder / "lines.json"
    words.write_text(json.dumps([[line.where == CALL, line.words] for line in lines]))
    path = os.pathsep.join([str(ROOT), str(Path(np.__file__).parents[1])])
    results: dict[str, list[dict[str, Any]]] = {
        THEIRS: side(python, folder, "run", THEIRS, words.name),
        OURS: side(python, folder, "run", OURS, words.name, path),
    }
    for number, line in enumerate(lines):
        if line.where != CALL:
            results[OURS][number] = _our_command(line.words, number, folder)
    return results


def _our_command(words: str, number: int, folder: Path) -> dict[str, Any]:
    program = Path(sys.executable).with_name("tfjs-serve-converter")
    arguments = words.replace("OUT", f"{OURS}/{number}").split()
    done = subprocess.run(
        [str(program), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    return {"code": done.returncode, "said": done.stdout + done.stderr}


# --- Comparing --------------------------------------------------------------------------------


def verdict(theirs: Made, ours: Made) -> tuple[str, str]:
    """Return what became of a line in one or two words, and what there is to say about it."""
    if theirs.is_right and ours.is_right:
        different = difference(theirs, ours)
        return ("differs", different) if different else ("same", ours.detail)
    if ours.is_right:
        return "only ours", f"official: {theirs.detail}"
    if theirs.is_right:
        return "only official", f"ours: {ours.detail}"
    return "neither", f"ours: {ours.detail}; official: {theirs.detail}"


def compared(lines: Sequence[Line], python: Path, folder: Path) -> Iterator[Row]:
    """Yield what became of all lines."""
    side(python, folder, "models")
    results, node = ended(lines, python, folder), NodeTf()
    keras_files: dict[str, Any] = side(python, folder, "predict")
    with serving(folder) as url:
        for number, line in enumerate(lines):
            made = {}
            for name, ends in results.items():
                made[name] = made_of(folder, f"{name}/{number}", ends[number], url, node)
                made[name] = made[name].with_keras_file(keras_files.get(f"{name}/{number}"))
            found, detail = verdict(made[THEIRS], made[OURS])
            yield Row(line=line, verdict=found, detail=detail)
    node.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--official", type=Path, metavar="PYTHON", required=True)
    parser.add_argument("--only", default="", metavar="TEXT", help="lines with TEXT in them")
    options = parser.parse_args()
    lines = [line for line in listed() if options.only in line.words]
    with tempfile.TemporaryDirectory() as folder:
        rows = list(compared(lines, options.official.absolute(), Path(folder)))
    print("| documented in | line | became | |", "|---|---|---|---|", *rows, sep="\n")
    for kind, of_kind in (("lines", False), ("calls", True)):
        counts = Counter(row.verdict for row in rows if (row.line.where == CALL) is of_kind)
        print(f"\n{counts.total()} {kind}: {dict(counts.most_common())}", end="")
    print()
    return int(not all(row.is_expected for row in rows))


if __name__ == "__main__":
    sys.exit(main())
