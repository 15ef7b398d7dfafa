"""The files of one converted model at an address of this machine, for what runs it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from tfjs_serve.artifacts.model import Artifact
from tfjs_serve.companion import SCRIPT_NAME, script_among
from tfjs_serve.media_types import HTML, JAVASCRIPT, media_type
from tfjs_serve.neighbours import PROOF_JSON, shard_at
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.web.pages.assets import asset
from tfjs_serve.web.tfjs import FOLDER, Tfjs
from tfjs_serve.web.tfjs_backends import Backends, backends_beside

_LOOPBACK = "127.0.0.1"
_MOST_SAID_BYTES = 1 << 20
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Proof</title>
<script type="application/json" id="proof-data">{data}</script>
<script type="module" src="prove.js"></script></html>
"""


class Site:
    """What is served for one model.

    Attributes
    ----------
    url
        Of its page, which compares, and sends what came of it back.
    said
        What the page has sent.
    """

    def __init__(self, artifact: Artifact, loader: str, tfjs: Tfjs) -> None:
        self.url = ""
        self.said: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._artifact = artifact
        self._loader = loader
        self._tfjs = tfjs
        self._backends: Backends = backends_beside(tfjs)
        self._script = script_among(file.name for file in artifact.files)

    @property
    def source(self) -> dict[str, Any]:
        """What ``load`` in ``scripts/try/engine.js`` takes."""
        return {"url": f"{self.url}model/{MODEL_JSON}", "loader": self._loader}

    @property
    def proof_url(self) -> str:
        return f"{self.url}model/{PROOF_JSON}"

    @property
    def layers_url(self) -> str:
        """Empty, if the model needs none."""
        return f"{self.url}model/{SCRIPT_NAME}" if self._script else ""

    def app(self) -> web.Application:
        """Return what answers."""
        app = web.Application(client_max_size=_MOST_SAID_BYTES)
        app.router.add_get("/", self._page)
        app.router.add_get("/prove.js", self._prove)
        app.router.add_get("/model/{path:.+}", self._model)
        app.router.add_get(f"{FOLDER}{{name}}", self._file_of_tfjs)
        app.router.add_post("/outcome", self._outcome)
        return app

    async def _page(self, _request: web.Request) -> web.StreamResponse:
        backends = {name: one.to_json() for name, one in self._backends.scripts.items()}
        tfjs = {"url": self._tfjs.url, "integrity": self._tfjs.integrity, "backends": backends}
        data = {
            **self.source,
            "needsLayers": bool(self._script),
            "proofUrl": self.proof_url,
            "tfjs": tfjs,
        }
        text = json.dumps(data).replace("<", "\\u003c")
        return _text(_PAGE.format(data=text), HTML)

    async def _prove(self, _request: web.Request) -> web.StreamResponse:
        return _text(asset("proof-browser.js").text, JAVASCRIPT)

    async def _model(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        name = self._script if path == SCRIPT_NAME else shard_at(path)
        file = self._artifact.by_name.get(name or "")
        return _file(self._artifact.path(file) if file else None)

    async def _file_of_tfjs(self, request: web.Request) -> web.StreamResponse:
        files = {**self._backends.files, **self._tfjs.files}
        return _file(files.get(request.match_info["name"]))

    async def _outcome(self, request: web.Request) -> web.StreamResponse:
        said = json.loads(await request.read())
        if not self.said.done():
            self.said.set_result(said)
        return web.Response(status=204)


def _text(text: str, content_type: str) -> web.Response:
    return web.Response(body=text.encode("utf-8"), headers={"Content-Type": content_type})


def _file(path: Path | None) -> web.StreamResponse:
    if path is None:
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Content-Type": media_type(path.name)})


@asynccontextmanager
async def open_site(artifact: Artifact, loader: str, tfjs: Tfjs) -> AsyncIterator[Site]:
    """Serve a model on a free port of this machine, for this machine alone."""
    site = Site(artifact, loader, tfjs)
    runner = web.AppRunner(site.app(), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, _LOOPBACK, 0).start()
        site.url = f"http://{_LOOPBACK}:{runner.addresses[0][1]}/"
        yield site
    finally:
        await runner.cleanup()
