"""How tests save, and what they look at then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
from yarl import URL

from tests.saving.dense import export_dense
from tests.stack.whole import Folder, Stack
from tests.web.asking import Answer, assert_discreet
from tests.web.saving.forms import content_type, form

TOKEN = "abcdefghijklmnopqrstuvwx"
PAGE = "https://page.example"
LOCAL_PAGE = "http://localhost:5173"
"""May load models, and not save them."""

Parts = dict[str, bytes]


async def post(
    stack: Stack, path: str, body: Any, *, token: str | None = TOKEN, **headers: str
) -> Answer:
    """Send a body to be saved."""
    named = {"Content-Type": content_type(), "Origin": PAGE}
    named |= {key.replace("_", "-"): value for key, value in headers.items()}
    query = "" if token is None else f"?token={token}"
    url = URL(f"{stack.origin}{path}{query}", encoded=True)
    sent = {key: value for key, value in named.items() if value}
    async with stack.session.post(url, data=body, headers=sent) as response:
        answer = Answer(response, await response.read())
    assert_discreet(answer)
    return answer


async def save(stack: Stack, path: str, parts: Parts, **headers: str) -> Answer:
    """Save a model, as TensorFlow.js does."""
    return await post(stack, path, form(parts), **headers)


def assert_refused(answer: Answer, status: int, code: str) -> dict[str, Any]:
    assert (answer.status, answer.json()["code"]) == (status, code), answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    return document


def names_in(folder: Folder) -> list[str]:
    return sorted(path.relative_to(folder.path).as_posix() for path in folder.path.rglob("*"))


def contents(folder: Folder) -> dict[str, bytes]:
    """Return all files below the folder, the hidden ones as well."""
    paths = [path for path in folder.path.rglob("*") if path.is_file()]
    return {path.relative_to(folder.path).as_posix(): path.read_bytes() for path in paths}


def is_whole(path: Path) -> bool:
    try:
        with h5py.File(path, "r", locking=False) as file:
            return "model_config" in file.attrs and "model_weights" in file
    except OSError:
        return False


class Hook:
    """Does something in the middle of a save: after the new file is made."""

    def __init__(self) -> None:
        self.action = lambda: None

    async def export(self, source: Path, out: Path) -> Sequence[str]:
        notes = await export_dense(source, out)
        self.action()
        return notes
