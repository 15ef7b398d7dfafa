"""Whatever README.md and ``docs/`` tell somebody to do works, in the order of the text."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page

from tests.parity.server import ServedModels
from tests.snippets import ROOT, Block, blocks, documents

from .conftest import serving
from .reader import LANGUAGES, DocumentError, Reader, prepare

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")


def blocks_to_run(document: str) -> list[Block]:
    found = blocks(ROOT / document)
    return [block for block in found if block.language in LANGUAGES and not block.not_run]


def tells_to_do(document: str) -> bool:
    return any(block.language != "text" for block in blocks_to_run(document))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What documents speak of; each of them gets a copy."""
    folder = tmp_path_factory.mktemp("documents") / "workspace"
    prepare(folder)
    return folder


@pytest.mark.parametrize("document", [name for name in documents() if tells_to_do(name)])
def test_what_a_document_says_works(
    document: str, workspace: Path, tmp_path: Path, page: Page
) -> None:
    folder = shutil.copytree(workspace, tmp_path / "workspace", symlinks=True)
    with serving(folder) as url:
        origin = url.rpartition("/")[0]
        options = ["--allow-save", "--cors-origin", origin]
        served = ServedModels(tmp_path, models=folder / "models", options=options)
        reader = Reader(folder, page, origin, served)
        try:
            for block in blocks_to_run(document):
                try:
                    reader.read(block)
                except (DocumentError, Error) as error:
                    told = f"{error}\nThe server:\n{served.log()[-4000:]}"
                    pytest.fail(f"{document}:{block.line}: {told}", pytrace=False)
            reader.open_published()
        finally:
            reader.close()
            served.close()
