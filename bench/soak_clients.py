"""Clients that load a model in a loop, as TensorFlow.js does, and check each byte (``soak.py``)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector

_DIGEST = re.compile(r"[0-9a-f]{16,64}")
_LONGEST_PAUSE_SECONDS = 2.0
_PAUSES = 0.1
"""Share of the loads that wait before they ask for the shards, while newer versions come."""
_DEADLINE_SECONDS = 120.0

_PAUSE_WITHOUT_SERVER_SECONDS = 0.05

_CONNECTIONS_OF_A_BROWSER = 6
"""To one host, over HTTP/1.1."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A load that came to nothing, and its time by the monotonic clock.

    Attributes
    ----------
    lost
        The connection was lost: nobody was told why.
    detail
        What the client was told besides.
    """

    what: str
    begin: float
    end: float
    lost: bool = False
    detail: str = ""


@dataclass
class Tally:
    """What all clients met.

    Attributes
    ----------
    unclear
        Refusals that do not say what is the matter as a problem document does.
    """

    loads: int = 0
    stale: int = 0
    bytes_loaded: int = 0
    wrong: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    generations: set[str] = field(default_factory=set)


class _RefusedError(Exception):
    """An answer is not what a client can use: which one it was, and what it said."""


async def load_in_a_loop(url: str, clients: int, ended: asyncio.Event) -> Tally:
    """Have `clients` load the model at `url` until `ended`, and return what they met."""
    tally = Tally()
    await asyncio.gather(*(_client(url, tally, ended) for _ in range(clients)))
    return tally


async def _client(url: str, tally: Tally, ended: asyncio.Event) -> None:
    connector = TCPConnector(limit_per_host=_CONNECTIONS_OF_A_BROWSER)
    timeout = ClientTimeout(_DEADLINE_SECONDS)
    async with ClientSession(connector=connector, timeout=timeout) as session:
        while not ended.is_set():
            begin = time.monotonic()
            try:
                await _load(session, url, tally)
            except _RefusedError as error:
                what, detail = error.args
                tally.failures.append(Failure(what, begin, time.monotonic(), detail=detail))
            except (ClientError, asyncio.TimeoutError, ConnectionError) as error:
                what = type(error).__name__
                tally.failures.append(Failure(what, begin, time.monotonic(), lost=True))
                await asyncio.sleep(_PAUSE_WITHOUT_SERVER_SECONDS)


async def _load(session: ClientSession, url: str, tally: Tally) -> None:
    async with session.get(url) as response:
        if response.status != 200:
            raise await _refused("model.json", response, tally)
        document = await response.json()
        tally.stale += "Tfjs-Serve-Stale" in response.headers
        etag = response.headers["ETag"]
    if random.random() < _PAUSES:
        await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS))
    paths = [path for group in document["weightsManifest"] for path in group["paths"]]
    base = url.rpartition("/")[0]
    shards = await asyncio.gather(*(_shard(session, f"{base}/{path}", tally) for path in paths))
    problem = problem_of(document, list(zip(paths, shards, strict=True)))
    if problem:
        tally.wrong.append(problem)
    tally.loads += 1
    tally.bytes_loaded += sum(map(len, shards))
    tally.generations.add(etag)


async def _shard(session: ClientSession, url: str, tally: Tally) -> bytes:
    async with session.get(url) as response:
        if response.status != 200:
            raise await _refused("shard", response, tally)
        return await response.read()


async def _refused(what: str, response: ClientResponse, tally: Tally) -> _RefusedError:
    body = await response.read()
    code = clear_code(response.status, response.content_type, body)
    if code is None:
        tally.unclear.append(f"{what} {response.status} {response.content_type}: {body[:300]!r}")
    return _RefusedError(f"{what} {response.status} {code}", body.decode(errors="replace"))


def clear_code(status: int, media_type: str, body: bytes) -> str | None:
    """Return the code of a refusal that says what is the matter, ``None`` for any other one."""
    try:
        problem = json.loads(body)
    except ValueError:
        return None
    if media_type != "application/problem+json" or not isinstance(problem, dict):
        return None
    says = all(problem.get(name) for name in ("code", "title", "detail"))
    return str(problem["code"]) if says and problem.get("status") == status >= 400 else None


def problem_of(document: dict[str, Any], shards: Sequence[tuple[str, bytes]]) -> str | None:
    """Say what is wrong with a loaded model, if anything is: mixed, torn or misnamed."""
    for path, body in shards:
        name = _DIGEST.search(path)
        if name is None or not hashlib.sha256(body).hexdigest().startswith(name[0]):
            return f"the bytes of {path} are not those that it is named by"
    weights = [spec for group in document["weightsManifest"] for spec in group["weights"]]
    expected_bytes = sum(4 * math.prod(spec["shape"]) for spec in weights)
    body = b"".join(body for _, body in shards)
    if len(body) != expected_bytes:
        return f"{len(body)} bytes of weights where {expected_bytes} are listed"
    values = set(np.frombuffer(body, "<f4").tolist())
    config = document["modelTopology"]["model_config"]["config"]
    if {f"soak_{int(value)}" for value in values} != {config["name"]}:
        return f"{config['name']} with the values {sorted(values)[:5]}"
    return None
