"""How the tests ask a running server, and what they ask of every problem."""

from __future__ import annotations

import json
from typing import Any, Protocol
from urllib.parse import unquote

from aiohttp import ClientResponse, ClientSession
from yarl import URL

from tests.web.fakes import Site
from tfjs_serve.artifacts.model import ArtifactFile

FOLDERS = "pytest-of-"
"""Part of the path of every ``tmp_path``."""


class Server(Protocol):
    """Whatever can be asked."""

    @property
    def origin(self) -> str: ...

    @property
    def session(self) -> ClientSession: ...


class Answer:
    """A response, read to its end."""

    def __init__(self, response: ClientResponse, body: bytes) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)


def assert_discreet(answer: Answer) -> None:
    """Assert that nobody learns where the folders of the test are."""
    fields = "".join(map(str, answer.headers.items()))
    assert FOLDERS not in unquote(fields)
    assert FOLDERS.encode() not in answer.body


async def ask(site: Server, path: str, method: str = "GET", **headers: str) -> Answer:
    url = URL(f"{site.origin}{path}", encoded=True)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    plain = {"Accept-Encoding": "identity", **named}
    async with site.session.request(method, url, headers=plain, allow_redirects=False) as response:
        answer = Answer(response, await response.read())
    assert_discreet(answer)
    return answer


async def shards(site: Site, name: str = "iris") -> list[ArtifactFile]:
    """The model's shards, the small one first."""
    artifact = await site.built(name)
    found = [file for file in artifact.files if file.name.endswith(".bin")]
    return sorted(found, key=lambda file: file.size_bytes)


def spelled_as_sent(answer: Answer) -> dict[str, str]:
    """Return the header fields; aiohttp's client respells the one whose name is unusual."""
    return {key.replace("Etag", "ETag"): value for key, value in answer.headers.items()}


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    document = answer.json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["detail"]
