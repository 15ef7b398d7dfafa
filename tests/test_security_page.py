"""``docs/security.md`` names a test for each threat, and each of these tests exists."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "security.md"
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _threats() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the rows of the tables of threats: the threat, and the tests named for it."""
    rows = []
    in_table = False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| Threat"):
            in_table = True
        elif not line.startswith("|"):
            in_table = False
        elif in_table and not line.startswith("|---"):
            rows.append((line.split("|")[1].strip(), _NAMED.findall(line)))
    return rows


@lru_cache
def _tests_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


def test_there_are_threats() -> None:
    assert len(_threats()) > 20


@pytest.mark.parametrize(("threat", "tests"), _threats(), ids=lambda value: str(value)[:60])
def test_a_threat_is_covered_by_tests_that_exist(threat: str, tests: list[tuple[str, str]]) -> None:
    assert tests, f"no test is named for {threat!r}"
    for path, name in tests:
        assert (ROOT / path).is_file(), f"{path} of {threat!r} is gone"
        assert name in _tests_in(path), f"{path} has no {name}"
