"""Which pages may load models, as a browser enforces it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Error, Page

from tests.parity.harness import ServedModels, compare
from tests.samples import REFERENCES, SAMPLE_MODELS, arrays

from .browser import predict, wait_until

IRIS = REFERENCES["iris"]


def test_a_page_from_a_file_is_refused_and_told_why(
    page: Page, page_folder: Path, samples: ServedModels
) -> None:
    page.goto((page_folder / "page.html").as_uri())
    with pytest.raises(Error, match="Failed to fetch"):
        predict(page, samples.url("iris"), IRIS["inputs"])
    wait_until(page, lambda: "--cors-origin" in samples.log())
    assert samples.log().count("--cors-origin") == 1


def test_a_page_from_a_file_loads_when_every_origin_may(
    page: Page, page_folder: Path, tmp_path: Path
) -> None:
    server = ServedModels(tmp_path, models=SAMPLE_MODELS, options=["--cors-origin", "*"])
    try:
        page.goto((page_folder / "page.html").as_uri())
        outputs = predict(page, server.url("iris"), IRIS["inputs"])
    finally:
        server.close()
    compare(arrays(IRIS["outputs"]), outputs)
