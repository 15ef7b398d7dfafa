"""Which case of the parity tables uses each class and each function of ``layers.js``.

    python -m tests.e2e.companion_cases             write companion_cases.json anew
    python -m tests.e2e.companion_cases GRU logit   add what cases with these words in their ids use

Converting all cases takes many minutes, so the outcome is committed; ``test_backends.py`` notices
which classes are missing in it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "numpy")  # before anyone imports Keras

from tests.parity.cases import KERAS3, Case, cases_of
from tests.parity.converted import converted
from tests.parity.keras3 import built
from tfjs_serve.companion import PACKAGE
from tfjs_serve.errors import TfjsServeError

TABLE = Path(__file__).with_suffix(".json")
_FUNCTIONS = ("function", "operation")
"""Arguments that name what a class of several functions computes."""


def used(value: Any) -> Iterator[str]:
    """Yield the classes of ``layers.js`` in a configuration, and ``class:function``."""
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return
    package, _, name = str(value.get("class_name", "")).partition(">")
    if package == PACKAGE:
        yield name
        arguments = value["config"].get("arguments", {})
        named = (arguments.get(key) for key in _FUNCTIONS)
        yield from (f"{name}:{function}" for function in named if isinstance(function, str))
    for inner in value.values():
        yield from used(inner)


def cases_by_feature(cases: Iterable[Case], folder: Path) -> dict[str, str]:
    """Return the first case of each feature."""
    found: dict[str, str] = {}
    for index, case in enumerate(cases):
        path = folder / f"{index}.keras"
        try:
            built(case.build).save(path)
            files = converted(path, folder / str(index))
        except (TfjsServeError, TypeError, ValueError):
            continue  # Keras cannot save it, or only as HDF5
        for feature in used(json.loads(files["model.json"])):
            found.setdefault(feature, case.id)
    return found


def main() -> None:
    words = sys.argv[1:]
    cases = [
        case for case in cases_of(KERAS3) if not words or any(word in case.id for word in words)
    ]
    with tempfile.TemporaryDirectory() as folder:
        found = cases_by_feature(cases, Path(folder))
    if words:
        found |= json.loads(TABLE.read_text(encoding="utf-8"))
    TABLE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
