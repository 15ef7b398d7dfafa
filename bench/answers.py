"""Whether servers return the same right bytes: who answers 403 is fast."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection

from builds import Served


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(served: Served, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask for `path`, without a compression unless `headers` want one."""
    connection = HTTPConnection("127.0.0.1", served.port, timeout=600)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=fields, body=response.read())
    finally:
        connection.close()


def shard_paths(base: str, document: bytes) -> list[str]:
    """Return the paths of the shards that a ``model.json`` below `base` names."""
    groups = json.loads(document)["weightsManifest"]
    return [f"{base}/{path}" for group in groups for path in group["paths"]]


def check_same(sides: Mapping[str, Served], paths: Sequence[str]) -> dict[str, bytes]:
    """Return the bodies of `paths`, which all sides must answer alike; the first one is right.

    Raises
    ------
    SystemExit
        One of them does not.
    """
    bodies: dict[str, bytes] = {}
    for name, served in sides.items():
        for path in paths:
            answer = ask(served, path)
            if answer.status != 200:
                raise SystemExit(f"{name} answers {path} with {answer.status}, not with 200")
            if bodies.setdefault(path, answer.body) != answer.body:
                raise SystemExit(f"{name} answers {path} with other bytes")
    return bodies


def condition_of(served: Served, path: str) -> dict[str, str] | None:
    """Return the header with which `served` answers 304; ``None`` if it has no such header."""
    headers = ask(served, path).headers
    candidates = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
    for condition, validator in candidates:
        if validator in headers:
            asked = {condition: headers[validator]}
            answer = ask(served, path, asked)
            if answer.status == 304 and not answer.body:
                return asked
    return None


def digest_of_weights(served: Served, base: str) -> str:
    """Load a model and return the digest of all its weights, whatever its shards are."""
    document = ask(served, f"{base}/model.json")
    if document.status != 200:
        raise SystemExit(f"{base} is answered with {document.status}: {document.body[:500]!r}")
    digest = hashlib.sha256()
    for path in shard_paths(base, document.body):
        digest.update(ask(served, path).body)
    return digest.hexdigest()
