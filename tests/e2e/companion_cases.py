"""Which case of the parity tables uses each class and each function of ``layers.js``.

    python -m tests.e2e.companion_cases        write companion_cases.json anew

Converting all cases takes minutes, so the outcome is committed; ``test_backends.py`` notices what
is missing in it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.parity.cases import KERAS3, cases_of
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


def cases_by_feature(folder: Path) -> dict[str, str]:
    """Return the first case of each feature."""
    found: dict[str, str] = {}
    for index, case in enumerate(cases_of(KERAS3)):
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
    with tempfile.TemporaryDirectory() as folder:
        found = cases_by_feature(Path(folder))
    TABLE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
