#!/usr/bin/env python3
"""Counts the rooms of the package, the arrows between them, and circles: ``tools/rooms.py``.

Rooms are the rows of the import table in ``docs/architecture.md``. An arrow goes from whatever
imports to what is imported, wherever in a file the import stands: at the top, in a function, or
for the type checker only. ``tests/test_architecture.py`` holds the code against the table with
the same functions, and allows no circles.

python3 tools/rooms.py [--checkout FOLDER] [--below conversion]
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
PACKAGE = "tfjs_serve"
DOCUMENT = "docs/architecture.md"
HEADING = ["package", "job", "may import", "outside libraries it owns"]

Arrows = Mapping[str, Collection[str]]
"""From each file or room to those that it imports."""


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
    """Return the cells of one line of a table in Markdown."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def names_in(cell: str) -> frozenset[str]:
    """Return what stands in backquotes."""
    return frozenset(re.findall(r"`([^`]+)`", cell))


def read_table(markdown: str) -> dict[str, Room]:
    """Return the rows of the import table by room.

    Raises
    ------
    ValueError
        A room has two rows.
    """
    lines = markdown.splitlines()
    start = next(i for i, line in enumerate(lines) if cells_of(line) == HEADING)
    rooms: dict[str, Room] = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        package, _job, may_import, libraries = cells_of(line)
        (name,) = names_in(package)
        if name in rooms:
            raise ValueError(f"{name} has two rows")
        rooms[name] = Room(
            name=name, may_import=names_in(may_import), libraries=names_in(libraries)
        )
    return rooms


def room_of(path: PurePosixPath, rooms: Mapping[str, Room]) -> Room | None:
    """Return the room a file is in: the file's own row, or that of its innermost folder."""
    candidates = [str(path), *(f"{parent}/" for parent in path.parents)]
    return next((rooms[name] for name in candidates if name in rooms), None)


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
    """Whether a call of `function` imports what no reader of the file can tell."""
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in {"import_module", "__import__"}


def imports_of(package: Path) -> Iterator[Import]:
    """Yield all imports in all modules of `package`."""
    for importer, path in modules_below(package).items():
        tree = ast.parse((package / path).read_text(encoding="utf-8"))
        is_package = path.name == "__init__.py"
        for line, module in imported_names(tree, importer, is_package=is_package):
            yield Import(file=path, line=line, module=module)


def target_path(module: str, modules: Mapping[str, PurePosixPath]) -> PurePosixPath | None:
    """Return the file that an import names; ``a.b.name`` may be a name inside of ``a.b``."""
    return modules.get(module) or modules.get(module.rpartition(".")[0])


# --- Arrows and circles ---------------------------------------------------------------------


def file_arrows(package: Path) -> dict[str, set[str]]:
    """Return which files of `package` each file imports."""
    modules = modules_below(package)
    arrows: dict[str, set[str]] = {str(path): set() for path in modules.values()}
    for found in imports_of(package):
        target = target_path(found.module, modules)
        if target is not None and target != found.file:
            arrows[str(found.file)].add(str(target))
    return arrows


def room_arrows(arrows: Arrows, rooms: Mapping[str, Room]) -> dict[str, set[str]]:
    """Return which rooms each room imports."""

    def name(file: str) -> str:
        room = room_of(PurePosixPath(file), rooms)
        return file if room is None else room.name

    found: dict[str, set[str]] = {name(file): set() for file in arrows}
    for file, targets in arrows.items():
        found[name(file)] |= {name(target) for target in targets} - {name(file)}
    return found


def circles(arrows: Arrows) -> list[list[str]]:
    """Return the groups whose members all import each other, directly or not; larger ones first."""
    reached = {start: _reached_from(start, arrows) for start in arrows}
    groups = {
        tuple(sorted(other for other in reached[start] if start in reached[other]))
        for start in arrows
        if start in reached[start]
    }
    return sorted(map(list, groups), key=len, reverse=True)


def _reached_from(start: str, arrows: Arrows) -> set[str]:
    reached: set[str] = set()
    todo = [start]
    while todo:
        new = set(arrows[todo.pop()]) - reached
        reached |= new
        todo += new
    return reached


def floors(arrows: Arrows) -> int:
    """Return how many storeys arrows go down at most; those of one circle share a storey."""
    group = {name: tuple(circle) for circle in circles(arrows) for name in circle}

    @cache
    def height(members: tuple[str, ...]) -> int:
        below = {group.get(t, (t,)) for name in members for t in arrows[name]} - {members}
        return 1 + max(map(height, below), default=0)

    return max((height(group.get(name, (name,))) for name in arrows), default=0)


# --- What is printed ------------------------------------------------------------------------


def only_below(arrows: Arrows, folder: str) -> dict[str, set[str]]:
    """Return the arrows between files below `folder`; ``""`` for all."""
    return {
        file: {target for target in targets if target.startswith(folder)}
        for file, targets in arrows.items()
        if file.startswith(folder)
    }


def summary(title: str, arrows: Arrows) -> str:
    """Return one line that counts what there is, and how it hangs together."""
    found = circles(arrows)
    sizes = f" (of {', '.join(str(len(circle)) for circle in found)})" if found else ""
    return (
        f"{title:<7}{len(arrows):5}   arrows{sum(map(len, arrows.values())):5}   "
        f"floors{floors(arrows):4}   circles{len(found):3}{sizes}"
    )


def main(arguments: Iterable[str]) -> int:
    """Print the counts of a checkout; return an exit code, 1 if there are circles."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--checkout", type=Path, default=ROOT, help="of this project")
    parser.add_argument("--below", default="", help="count only this folder of the package")
    options = parser.parse_args(list(arguments))
    rooms = read_table((options.checkout / DOCUMENT).read_text(encoding="utf-8"))
    arrows = only_below(file_arrows(options.checkout / PACKAGE), options.below)
    print(summary("files", arrows))
    print(summary("rooms", room_arrows(arrows, rooms)))
    for circle in circles(arrows):
        print("circle:", ", ".join(circle))
    return 1 if circles(arrows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
