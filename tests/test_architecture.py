"""The code imports what the table in ``docs/architecture.md`` allows, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import pytest

from tfjs_serve.conversion import passes as passes_module
from tfjs_serve.conversion import translate
from tfjs_serve.conversion.passes import MODEL_PASSES, SHAPE_PASSES
from tools.rooms import (
    DOCUMENT,
    PACKAGE,
    ROOT,
    Import,
    Room,
    circles,
    file_arrows,
    imports_of,
    main,
    modules_below,
    read_table,
    room_arrows,
    room_of,
    target_path,
)

NEVER_IMPORTED = {"tensorflow", "tf_keras", "keras", "tensorflowjs", "jax", "torch"}


# --- The verdict ----------------------------------------------------------------------------


def is_allowed(
    found: Import, rooms: Mapping[str, Room], modules: Mapping[str, PurePosixPath]
) -> bool:
    importer = room_of(found.file, rooms)
    assert importer is not None
    top = found.module.partition(".")[0]
    if top not in modules:
        return top in sys.stdlib_module_names or top in importer.libraries
    path = target_path(found.module, modules)
    target = None if path is None else room_of(path, rooms)
    return target is not None and (target == importer or target.name in importer.may_import)


def rooms_without_code(rooms: Mapping[str, Room], package: Path) -> Iterator[str]:
    """Yield the rows, and the entries under "may import", that name nothing that exists."""
    for room in rooms.values():
        if not (package / room.name).exists():
            yield f"{room.name} has a row, but does not exist"
        for name in room.may_import - rooms.keys():
            yield f"{room.name} may import {name}, which has no row"


def violations(rooms: Mapping[str, Room], package: Path) -> list[str]:
    """Return everything in which the code and the table disagree."""
    modules = modules_below(package)
    homeless = [path for path in modules.values() if room_of(path, rooms) is None]
    if homeless:
        return [f"{path} has no row" for path in homeless]
    found = rooms_without_code(rooms, package)
    wrong = (entry for entry in imports_of(package) if not is_allowed(entry, rooms, modules))
    return [*found, *map(str, wrong)]


def test_the_code_imports_what_the_table_allows() -> None:
    rooms = read_table((ROOT / DOCUMENT).read_text(encoding="utf-8"))
    assert violations(rooms, ROOT / PACKAGE) == []


def test_no_files_and_no_rooms_import_each_other_in_a_circle() -> None:
    arrows = file_arrows(ROOT / PACKAGE)
    assert circles(arrows) == []
    rooms = read_table((ROOT / DOCUMENT).read_text(encoding="utf-8"))
    assert circles(room_arrows(arrows, rooms)) == []


def test_the_passes_are_told_in_their_order() -> None:
    lines = (ROOT / DOCUMENT).read_text(encoding="utf-8").splitlines()
    start = lines.index("| pass | what it does | where |") + 2
    told = [re.findall(r"^\| `(\w+)` \|", line) for line in lines[start:]]
    passes = [names[0] for names in told[: told.index([])]]
    listed = [one.__name__ for one in (*MODEL_PASSES, *SHAPE_PASSES)]
    assert passes == ["spelled", *listed, "by_rules", "written", "compiled"]
    found = {**vars(passes_module), **vars(translate)}
    assert all(callable(found[name]) and found[name].__doc__ for name in passes)


def test_every_dependency_has_an_owner() -> None:
    rooms = read_table((ROOT / DOCUMENT).read_text(encoding="utf-8"))
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", pyproject, re.DOTALL | re.MULTILINE)
    assert block is not None
    extra = re.search(r'^publish = \["([a-z]+)', pyproject, re.MULTILINE)
    assert extra is not None
    declared = {*re.findall(r'"([A-Za-z0-9_-]+)', block[1].replace("-", "_")), extra[1]}
    assert declared == {library for room in rooms.values() for library in room.libraries}


def test_no_room_may_own_a_framework() -> None:
    imported = {entry.module.partition(".")[0] for entry in imports_of(ROOT / PACKAGE)}
    assert imported & NEVER_IMPORTED == set()


@pytest.mark.parametrize("module", ["web.app", "builder", "catalog", "worker.client"])
def test_the_servers_process_does_not_load_h5py(module: str) -> None:
    script = f"import sys, tfjs_serve.{module}; print(*sys.modules)"
    command = [sys.executable, "-W", "error", "-c", script]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"tfjs_serve.{module}" in printed.split()
    assert {"h5py", "numpy", "tfjs_serve.conversion"} & set(printed.split()) == set()


# --- The test of the test -------------------------------------------------------------------

SMALL_TABLE = """
| package | job | may import | outside libraries it owns |
|---|---|---|---|
| `__init__.py` | nothing | | |
| `low.py` | the base | | `numpy` |
| `mid/` | uses it | `low.py` | |
| `mid/inner.py` | stands alone | | |

| `not/` | in | `the` | table |
"""

SMALL_PACKAGE = {
    "__init__.py": "",
    "low.py": "import json\nimport numpy as np",
    "mid/__init__.py": "from small.low import thing",
    "mid/other.py": "def f():\n    from small import low\n    from . import thing",
    "mid/inner.py": "import os.path",
}


def small_violations(
    folder: Path, changes: Mapping[str, str] = MappingProxyType({}), table: str = SMALL_TABLE
) -> list[str]:
    """Write a small package with some files replaced, and judge it."""
    package = folder / "small"
    for name, text in {**SMALL_PACKAGE, **changes}.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    return violations(read_table(table), package)


def test_a_package_that_keeps_to_its_table_passes(tmp_path: Path) -> None:
    assert small_violations(tmp_path) == []


@pytest.mark.parametrize(
    ("file", "text", "module"),
    [
        ("low.py", "import small.mid", "small.mid"),
        ("low.py", "from small import mid", "small.mid"),
        ("low.py", "from .mid import thing", "small.mid.thing"),
        ("low.py", "def f():\n    from small.mid.other import thing", "small.mid.other.thing"),
        ("low.py", "if TYPE_CHECKING:\n    import small.mid", "small.mid"),
        ("low.py", "import requests", "requests"),
        ("mid/other.py", "import numpy.linalg", "numpy.linalg"),
        ("mid/other.py", "from ..nowhere import thing", "small.nowhere.thing"),
        ("mid/other.py", "from . import inner", "small.mid.inner"),
        ("mid/inner.py", "from .other import thing", "small.mid.other.thing"),
        ("mid/inner.py", "importlib.import_module(name)", "an import that"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, file: str, text: str, module: str) -> None:
    (found,) = small_violations(tmp_path, {file: text})
    assert f"{file}:{len(text.splitlines())} imports {module}" in found


def test_a_room_without_a_row_is_found(tmp_path: Path) -> None:
    changes = {"attic/box.py": ""}
    assert small_violations(tmp_path, changes) == ["attic/box.py has no row"]


def test_a_row_without_a_room_is_found(tmp_path: Path) -> None:
    row = "| `gone/` | nothing | `missing/` | |\n"
    table = SMALL_TABLE.replace("| `low.py` |", f"{row}| `low.py` |", 1)
    assert small_violations(tmp_path, table=table) == [
        "gone/ has a row, but does not exist",
        "gone/ may import missing/, which has no row",
    ]


def test_a_room_with_two_rows_is_found() -> None:
    row = "| `low.py` | the base again | | |\n"
    with pytest.raises(ValueError, match=r"low\.py has two rows"):
        read_table(SMALL_TABLE.replace("| `mid/` |", f"{row}| `mid/` |", 1))


@pytest.mark.parametrize(
    "back",
    [
        "import small.mid.other",
        "def f():\n    from small.mid import other",
        "if TYPE_CHECKING:\n    from small.mid.other import f",
    ],
)
def test_a_circle_is_found_wherever_the_import_stands(tmp_path: Path, back: str) -> None:
    small_violations(tmp_path, {"low.py": back})
    arrows = file_arrows(tmp_path / "small")
    assert circles(arrows) == [["low.py", "mid/__init__.py", "mid/other.py"]]
    assert circles(room_arrows(arrows, read_table(SMALL_TABLE))) == [["low.py", "mid/"]]


def test_the_command_counts_this_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--below", "conversion/"]) == 0
    counts = re.findall(
        r"^(files|rooms) +(\d+) .*circles +0$", capsys.readouterr().out, re.MULTILINE
    )
    assert dict(counts).keys() == {"files", "rooms"}
