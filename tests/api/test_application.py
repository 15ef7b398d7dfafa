"""The application, by itself and mounted in another one."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tfjs_serve import TfjsServeError, create_app
from tfjs_serve.web.services import SERVICES

from .conftest import SAMPLES

MOUNTS = pytest.mark.parametrize("mount", ["", "/models", "/a/b"])


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(SAMPLES / "iris.h5", folder)
    return folder


@pytest.fixture
async def site(mount: str, models: Path) -> AsyncIterator[str]:
    """Give the URL of the application."""
    app = create_app(models)
    if mount:
        app, mounted = web.Application(), app
        app.add_subapp(f"{mount}/", mounted)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}{mount}"


@MOUNTS
async def test_a_model_and_its_weights_are_served(site: str) -> None:
    async with ClientSession() as client:
        async with client.get(f"{site}/iris/model.json?x=1") as answer:
            assert answer.status == 200
            document = await answer.json()
        (path,) = document["weightsManifest"][0]["paths"]
        async with client.get(f"{site}/iris/{path}") as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
            assert await answer.read()


@MOUNTS
async def test_links_and_redirects_lead_to_the_application(site: str) -> None:
    async with ClientSession() as client:
        async with client.get(f"{site}/iris", allow_redirects=False) as answer:
            assert answer.status == 308
            assert urljoin(f"{site}/iris", answer.headers["Location"]) == f"{site}/iris/"
        for page in (f"{site}/", f"{site}/iris/"):
            async with client.get(page) as answer:
                html = await answer.text()
            assert f"{site}/iris/model.json" in html
            links = [urljoin(page, link) for link in re.findall(r'href="([^":]+)"', html)]
            assert f"{site}/-/models.json" in links
            for link in links:
                async with client.get(link) as answer:
                    assert answer.status == 200, link


@MOUNTS
async def test_what_is_not_there_is_a_problem(site: str) -> None:
    async with ClientSession() as client, client.get(f"{site}/nothing/model.json") as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("mount", ["/models"])
async def test_a_file_that_is_added_is_found(site: str, models: Path) -> None:
    shutil.copy(SAMPLES / "digits.h5", models / "new.h5")
    async with ClientSession() as client, client.get(f"{site}/new/model.json") as answer:
        assert answer.status == 200


async def test_hosts_and_origins_are_those_that_are_allowed(models: Path) -> None:
    app = create_app(models, allowed_hosts=["models.example"], cors_origins=["https://a.example"])
    async with TestServer(app) as server, ClientSession() as client:
        url = f"http://127.0.0.1:{server.port}/iris/model.json"
        for host, status in (("models.example", 200), ("other.example", 403)):
            headers = {"Host": host, "Origin": "https://a.example"}
            async with client.get(url, headers=headers) as answer:
                assert answer.status == status
                allowed = answer.headers.get("Access-Control-Allow-Origin")
                assert allowed == ("https://a.example" if status == 200 else None)


async def test_weights_are_quantized_where_no_variant_is_asked_for(models: Path) -> None:
    async with TestServer(create_app(models, quantize="uint8")) as server:
        url = f"http://127.0.0.1:{server.port}/iris/model.json"
        async with ClientSession() as client, client.get(url) as answer:
            assert '"uint8"' in await answer.text()


def test_what_cannot_be_served_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(TfjsServeError, match="there is no folder"):
        create_app(tmp_path / "nothing")
    with pytest.raises(TfjsServeError, match="is not an origin"):
        create_app(tmp_path, cors_origins=["nonsense"])
    with pytest.raises(TfjsServeError, match="int8"):
        create_app(tmp_path, quantize="int8")  # type: ignore[arg-type]


def test_a_text_in_place_of_a_list_is_one_text(tmp_path: Path) -> None:
    names: Any = {"cors_origins": "https://a.example", "allowed_hosts": "a.example"}
    app = create_app(tmp_path, cache_dir=tmp_path.with_name("cache"), custom_layers="Mine", **names)
    settings = app[SERVICES].settings
    assert settings.cors_origins == {"https://a.example"}
    assert settings.allowed_hosts == {"a.example"}
    assert settings.custom_layers == ("Mine",)
