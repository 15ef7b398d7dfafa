"""The documents in ``docs/`` that follow from the code are current."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.snippets import blocks, documents

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GENERATE = ROOT / "tools" / "generate_docs.py"


def _load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", GENERATE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _load_generator()


@pytest.mark.parametrize("name", GENERATOR.DOCUMENTS)
def test_document_is_current(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == GENERATOR.DOCUMENTS[name](), "run: python tools/generate_docs.py"


def test_every_rule_links_to_its_file() -> None:
    links = re.findall(r"\]\((\S+)\)", GENERATOR.layers())
    assert links
    files = [link.partition("#")[0] for link in links]
    assert [file for file in files if not (DOCS / file).is_file()] == []


def test_every_version_that_the_converter_asks_for_is_told() -> None:
    asked = re.compile(
        r"(?:version \S+|since=?|[A-Z_]+ =|\bversion\b.* <|^_\w+ =) ?\((\d), (\d+)\)", re.MULTILINE
    )
    text = (DOCS / "versions.md").read_text(encoding="utf-8")
    found = {
        ".".join(match.groups())
        for path in (ROOT / "tfjs_serve" / "conversion").rglob("*.py")
        for match in asked.finditer(path.read_text(encoding="utf-8"))
    }
    assert len(found) > 5
    assert [version for version in sorted(found) if version not in text] == []


RUN = ("console", "html", "js", "python")
"""What ``tests/e2e/test_documents.py`` runs, unless the document says why not."""
SHOWN = ("", "caddy", "json", "nginx", "text", "ts", "yaml")


def test_each_block_is_run_or_says_why_not() -> None:
    languages = set()
    for document in documents():
        for block in blocks(ROOT / document):
            languages.add(block.language)
            assert block.language in (*RUN, *SHOWN), f"{document}:{block.line}"
            assert not block.not_run or block.language in RUN, f"{document}:{block.line}"
            commands = block.lines_of_commands
            assert block.language != "console" or commands, f"{document}:{block.line}"
    assert set(RUN) <= languages
