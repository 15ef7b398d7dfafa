"""The page about deployed models has every code that the doctor may say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALLS = {"fault", "warning", "report"}


def _codes() -> Iterator[str]:
    for path in (ROOT / "tfjs_serve" / "doctor").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in CALLS:
                yield _text(node.args[0])
            elif name == "Kind":
                yield from (_text(one.value) for one in node.keywords if one.arg == "code")


def _text(node: ast.expr) -> str:
    """Return a code; of those that begin with a variable, what follows."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[-1]
    return str(node.value) if isinstance(node, ast.Constant) else ""


def test_every_code_is_on_the_page() -> None:
    page = (ROOT / "docs" / "deployed-models.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)
    listed = {code for cell in cells for code in re.findall(r"`([a-z0-9-]+)`", cell)}
    codes = {code for code in _codes() if code}
    assert len(codes) > 30
    assert codes - {"redirect-"} == listed - {"redirect-no-cors"}
