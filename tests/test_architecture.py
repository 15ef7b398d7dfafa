"""The code imports what the table in ``docs/architecture.md`` allows, and nothing else."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "tfjs_serve"
DOCUMENT = ROOT / "docs" / "architecture.md"
HEADING = ["package", "job", "may import", "outside libraries it owns"]
NEVER_IMPORTED = {"tensorflow", "tf_keras", "keras", "tensorflowjs", "jax", "torch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One row of the table. Rooms are named as there: ``web/`` or ``errors.py``."""

    name: str
    may_import: frozenset[str]
    libraries: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One imported module, absolute and dotted, and where it is imported."""

    file: PurePosixPath
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


# --- The table ------------------------------------------------------------------------------


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def names_in(cell: str) -> frozenset[str]:
    """Return what stands in backquotes."""
    return frozenset(re.findall(r"`([^`]+)`", cell))


def read_table(markdown: str) -> dict[str, Room]:
    """Return the rows of the import table by room."""
    lines = markdown.splitlines()
    start = next(i for i, line in enumerate(lines) if cells_of(line) == HEADING)
    rooms: dict[str, Room] = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        package, _job, may_import, libraries = cells_of(line)
        (name,) = names_in(package)
        assert name not in rooms, f"{name} has two rows"
        rooms[name] = Room(
            name=name, may_import=names_in(may_import), libraries=names_in(libraries)
        )
    return rooms


# --- The code -------------------------------------------------------------------------------


def modules_below(package: Path) -> dict[str, PurePosixPath]:
    """Return every module of `package`: dotted name to path below it."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        relative = PurePosixPath(path.relative_to(package).as_posix())
        parts = relative.with_suffix("").parts
        dotted = ".".join((package.name, *parts))
        found[dotted.removesuffix(".__init__")] = relative
    return found


def absolute_name(node: ast.ImportFrom, importer: str, *, is_package: bool) -> str:
    """Return the module that ``from ... import`` names, without leading dots."""
    if not node.level:
        return node.module or ""
    parts = importer.split(".")
    base = parts[: len(parts) - node.level + is_package]
    return ".".join([*base, node.module] if node.module else base)


def imported_names(tree: ast.AST, importer: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of whatever is imported, at the top or inside of functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute_name(node, importer, is_package=is_package)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and is_dynamic_import(node.func):
            yield node.lineno, "an import that the table cannot be held against"


def is_dynamic_import(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in {"import_module", "__import__"}


def imports_of(package: Path) -> Iterator[Import]:
    """Yield all imports in all modules of `package`."""
    for importer, path in modules_below(package).items():
        tree = ast.parse((package / path).read_text(encoding="utf-8"))
        is_package = path.name == "__init__.py"
        for line, module in imported_names(tree, importer, is_package=is_package):
            yield Import(file=path, line=line, module=module)


# --- The verdict ----------------------------------------------------------------------------


def room_of(path: PurePosixPath, rooms: Mapping[str, Room]) -> Room | None:
    """Return the room a file is in: the file's own row, or that of its innermost folder."""
    candidates = [str(path), *(f"{parent}/" for parent in path.parents)]
    return next((rooms[name] for name in candidates if name in rooms), None)


def target_path(module: str, modules: Mapping[str, PurePosixPath]) -> PurePosixPath | None:
    """Return the file that an import names; ``a.b.name`` may be a name inside of ``a.b``."""
    return modules.get(module) or modules.get(module.rpartition(".")[0])


def is_allowed(found: Import, rooms: Mapping[str, Room], package: Path) -> bool:
    importer = room_of(found.file, rooms)
    assert importer is not None
    top = found.module.partition(".")[0]
    if top != package.name:
        return top in sys.stdlib_module_names or top in importer.libraries
    path = target_path(found.module, modules_below(package))
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
    homeless = [path for path in modules_below(package).values() if room_of(path, rooms) is None]
    if homeless:
        return [f"{path} has no row" for path in homeless]
    found = rooms_without_code(rooms, package)
    wrong = (entry for entry in imports_of(package) if not is_allowed(entry, rooms, package))
    return [*found, *map(str, wrong)]


def test_the_code_imports_what_the_table_allows() -> None:
    rooms = read_table(DOCUMENT.read_text(encoding="utf-8"))
    assert violations(rooms, ROOT / PACKAGE) == []


def test_every_dependency_has_an_owner() -> None:
    rooms = read_table(DOCUMENT.read_text(encoding="utf-8"))
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", pyproject, re.DOTALL | re.MULTILINE)
    assert block is not None
    declared = set(re.findall(r'"([A-Za-z0-9_-]+)', block[1]))
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
