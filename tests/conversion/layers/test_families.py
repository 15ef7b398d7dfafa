"""Nothing that belongs to a layer is forgotten: its file is imported, its JavaScript is there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tfjs_serve import companion
from tfjs_serve.conversion import layers
from tfjs_serve.conversion.all_rules import rules

FAMILIES = Path(layers.__file__).parent
ROOM = FAMILIES.parent
PLACE = {"companion": 0, "lower_or_companion": 2}
"""Which argument names a class of ``layers.js``."""


def calls_in(file: Path) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls in a file with the last name of what is called."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield getattr(node.func, "attr", getattr(node.func, "id", "")), node


def named_classes() -> Iterator[tuple[str, str]]:
    """Yield each file with each class of ``layers.js`` that it names where it uses it."""
    for file in sorted(ROOM.rglob("*.py")):
        for name, call in calls_in(file):
            arguments = call.args[PLACE[name] :][:1] if name in PLACE else []
            for argument in arguments:
                if isinstance(argument, ast.Constant):
                    yield file.relative_to(ROOM).as_posix(), str(argument.value)


def test_every_family_is_imported() -> None:
    with_rules = {
        file.stem
        for file in FAMILIES.glob("*.py")
        if any(name == "rule" for name, _ in calls_in(file))
    }
    forgotten = with_rules - {rule.family for rule in rules().values()}
    assert not forgotten, f"import in tfjs_serve/conversion/layers/__init__.py: {forgotten}"


def test_every_class_that_a_rule_names_is_in_the_javascript() -> None:
    declared = companion.declared_arguments()
    missing = [place for place in named_classes() if place[1] not in declared]
    assert not missing, f'declare with layer("...") in tfjs_serve/browser/layers/: {missing}'


def test_every_class_in_the_javascript_is_used_by_a_rule() -> None:
    words = {
        node.value
        for file in ROOM.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    unused = companion.declared_arguments().keys() - rules().keys() - words
    assert not unused, f"no rule names these classes of layers.js: {unused}"
