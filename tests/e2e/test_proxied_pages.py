"""Pages below a path of nginx, which only the browser knows: what they show to paste works."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.parity.server import ServedModels
from tests.samples import SAMPLE_MODELS

from .web_servers import web_server

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[str]:
    """The URL of the list of models, below a path."""
    served = ServedModels(tmp_path / "server")
    served.add(SAMPLE_MODELS / "iris.h5")
    lines = (
        "location /far/models/ {\n"
        f"proxy_pass {served.base_url}/;\n"
        "proxy_set_header Host $host;\n"  # without the port, as in docs/reverse-proxy.md
        "}\n"
    )
    (tmp_path / "nginx").mkdir()
    with web_server("nginx", tmp_path, tmp_path / "nginx", lines) as url:
        yield url.removesuffix("models") + "far/models/"
    served.close()


def _addresses(text: str) -> set[str]:
    return set(re.findall(r"https?://127\.0\.0\.1[^'\"]*", text))


def test_lines_to_paste_have_the_address_of_the_browser(page: Page, root: str) -> None:
    page.goto(root)
    copied = page.locator("[data-copy]").first.get_attribute("data-copy")
    assert copied is not None
    assert _addresses(copied) == {f"{root}iris/model.json"}
    page.goto(f"{root}iris/")
    shown = "\n".join(page.locator(".code code").all_text_contents())
    assert f"tf.loadLayersModel('{root}iris/model.json')" in shown
    assert {address for address in _addresses(shown) if not address.startswith(root)} == set()


def test_what_is_pasted_is_there(page: Page, root: str) -> None:
    page.goto(f"{root}iris/")
    shown = "\n".join(page.locator(".code code").all_text_contents())
    (model,) = {one for one in _addresses(shown) if one.endswith("model.json")}
    assert page.request.get(model).json()["format"] == "layers-model"
