"""A small model on a web server of the test, which each test breaks in its own way."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestServer

from tfjs_serve.layers_model.digests import shard_name

PAGE = "https://page.example"
KERNEL, BIAS = np.arange(6, dtype="<f4"), np.ones(3, "<f4")
WEIGHTS = KERNEL.tobytes() + BIAS.tobytes()
GOOD_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-cache",
    "ETag": '"1"',
}
IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}


def layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}


def model(paths: list[str], *layers: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return the ``model.json`` of a Dense layer, and of `layers` after it."""
    first = layer("Dense", name="dense", units=3, batch_input_shape=[None, 2])
    config = {"name": "sequential", "layers": [first, *layers]}
    return {
        "format": "layers-model",
        "modelTopology": {"model_config": {"class_name": "Sequential", "config": config}},
        "weightsManifest": [
            {
                "paths": paths,
                "weights": [
                    {"name": "dense/kernel", "shape": [2, 3], "dtype": "float32"},
                    {"name": "dense/bias", "shape": [3], "dtype": "float32"},
                ],
            }
        ],
        **members,
    }


def digest_name(data: bytes) -> str:
    import hashlib

    return shard_name(hashlib.sha256(data).hexdigest())


SHARD = digest_name(WEIGHTS)


@dataclass(slots=True, kw_only=True)
class File:
    """What is answered for one path."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    range_status: int = 206


def good() -> dict[str, File]:
    """Return files in which nothing is to be found."""
    return {
        "model.json": File(body=json.dumps(model([SHARD])).encode()),
        SHARD: File(body=WEIGHTS, headers=IMMUTABLE),
    }


@asynccontextmanager
async def deployed(
    files: Mapping[str, File], on_asked: Callable[[str], object] = lambda _url: None
) -> AsyncIterator[str]:
    """Serve the files; give the URL of their folder, and tell of what is asked for below it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        on_asked(request.path_qs.removeprefix("/models/"))
        file = files.get(request.path.removeprefix("/models/"))
        if file is None:
            return web.Response(status=404, headers=GOOD_HEADERS)
        headers = {**GOOD_HEADERS, **file.headers}
        response = web.Response(
            body=file.body,
            status=file.status,
            headers={name: value for name, value in headers.items() if value},
        )
        if file.status == 200 and "Content-Encoding" not in headers and file.body:
            return _ranged(request, response, file)
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/models/"))


def _ranged(request: web.Request, response: web.Response, file: File) -> web.Response:
    part, body = request.http_range, file.body
    if part.start is None:
        return response
    response.set_status(file.range_status)
    if file.range_status != 206:
        return response
    stop = min(part.stop or len(body), len(body))
    response.body = body[part.start : stop]
    response.headers["Content-Range"] = f"bytes {part.start}-{stop - 1}/{len(body)}"
    return response
