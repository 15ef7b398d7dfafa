"""``docs/troubleshooting.md`` has an entry for each code, and quotes what users see."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

import pytest

from tests.conversion.declared import needs_node
from tests.test_docs import DOCS, GENERATOR, ROOT

PAGE = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
TENSORFLOW = ROOT / "tests/js/node_modules/@tensorflow/tfjs/dist/tf.min.js"
FILLED_IN = "…"
_CODE = re.compile(r"[a-z]+(-[a-z]+)+")
_NO_CODES = {"layers-model", "not-a-json-number", "tf-idf"}


def entries() -> dict[str, str]:
    """Return the texts below the headings that are codes, by code."""
    parts = re.split(r"^### ([a-z]+(?:-[a-z]+)+)$", PAGE, flags=re.MULTILINE)
    texts = [text.partition("\n## ")[0] for text in parts[2::2]]
    return dict(zip(parts[1::2], texts, strict=True))


def quoted(text: str) -> list[list[str]]:
    """Return the messages that a text quotes: what is fixed of each, between ellipses."""
    lines = re.findall(r"^> (.+)$", text, re.MULTILINE)
    return [[piece.strip() for piece in line.split(FILLED_IN)] for line in lines]


@lru_cache
def texts_of(folder: str) -> tuple[str, ...]:
    """Return all texts in the code below a folder, with an ellipsis for what is filled in."""
    found = []
    for path in sorted((ROOT / "tfjs_serve" / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
                found.append(FILLED_IN.join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return tuple(found)


def problem_codes() -> set[str]:
    """Return the codes of problems of layers: all texts of the converter that look like one."""
    texts = {*texts_of("conversion"), *texts_of("layers_model")}
    return {text for text in texts if _CODE.fullmatch(text)} - _NO_CODES


def test_each_code_has_an_entry_and_each_entry_a_code() -> None:
    codes = {cls.code for cls in GENERATOR.command_pages.error_classes()} - {"error"}
    assert len(codes) > 20
    codes |= problem_codes()
    missing, gone = codes - entries().keys(), entries().keys() - codes
    assert not missing, f"add to docs/troubleshooting.md an entry for: {missing}"
    assert not gone, f"docs/troubleshooting.md has entries for codes that are gone: {gone}"


@pytest.mark.parametrize("code", entries())
def test_an_entry_quotes_what_the_code_says(code: str) -> None:
    messages = quoted(entries()[code])
    assert messages, f"quote a message below {code}, in a line that begins with '> '"
    for pieces in messages:
        assert any(all(piece in text for piece in pieces) for text in texts_of("")), pieces


@needs_node
def test_what_tensorflow_says_is_quoted_as_it_says_it() -> None:
    _, _, text = PAGE.partition("\n## What the browser says\n")
    messages = quoted(text.partition("\n## ")[0])
    assert len(messages) > 5
    said = TENSORFLOW.read_text(encoding="utf-8")
    for pieces in messages:
        assert [piece for piece in pieces if piece not in said] == []
