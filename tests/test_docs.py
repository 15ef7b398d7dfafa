"""The documents in ``docs/`` that follow from the code are current."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

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
