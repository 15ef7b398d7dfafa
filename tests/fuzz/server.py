"""The running server, and what it answers to one load of one model."""

from __future__ import annotations

import asyncio
import json
import queue
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.parity.process import Process

from .served import CONVERSION_SECONDS

START_SECONDS = 60.0
ANSWER_SECONDS = CONVERSION_SECONDS + 40.0
"""Longer than a conversion may take, with those before it in the queue."""
QUIET_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the server."""

    path: str
    status: int
    media_type: str
    headers: str
    body: bytes


class FuzzedServer:
    """The server in a process of its own, on a folder of its own.

    Parameters
    ----------
    workspace
        An empty folder; below it lie the watched folder ``models``, the ``cache`` and ``beside``,
        where models are made.
    """

    def __init__(self, workspace: Path) -> None:
        self.models, self.cache = workspace / "models", workspace / "cache"
        self.beside = workspace / "beside"
        for folder in (self.models, self.beside):
            folder.mkdir()
        options = ["--port", "0", "--cache-dir", str(self.cache), "--log-level", "error"]
        command = [sys.executable, "-m", "tests.fuzz.served", "serve", str(self.models), *options]
        environment = {"COLUMNS": "500", "PYTHONUNBUFFERED": "1"}
        self._process = Process(command, env=environment)
        self.origin = self._announced()

    def _announced(self) -> str:
        with suppress(queue.Empty):
            while (line := self._process.read_line(START_SECONDS)) is not None:
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    return found[0]
        self.close()
        raise RuntimeError(f"the server did not start:\n{self.log()}")

    @property
    def is_running(self) -> bool:
        return self._process.is_running

    def log(self) -> str:
        """Return what the server has printed."""
        return self._process.printed()

    def close(self) -> None:
        """Stop the server."""
        self._process.close()

    async def staging_is_empty(self) -> bool:
        """Wait until nothing is being filled any more; ``False`` if that does not happen."""
        deadline = asyncio.get_running_loop().time() + QUIET_SECONDS
        while any((self.cache / "staging").iterdir()):
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.05)
        return True


async def ask(session: aiohttp.ClientSession, url: str) -> Answer:
    """Request `url`. Raises ``TimeoutError`` or ``aiohttp.ClientError`` if there is no answer."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with session.get(url, timeout=timeout) as answer:
        return Answer(
            path=answer.url.path,
            status=answer.status,
            media_type=answer.content_type,
            headers=str(answer.headers),
            body=await answer.read(),
        )


async def load(session: aiohttp.ClientSession, base: str) -> list[Answer]:
    """Load a model as TF.js does: ``model.json``, then each file that it names."""
    answers = [await ask(session, f"{base}/model.json")]
    if answers[0].status == 200:
        with suppress(ValueError, LookupError, TypeError, AttributeError):
            groups = json.loads(answers[0].body)["weightsManifest"] or ()
            names = dict.fromkeys(path for group in groups for path in group["paths"])
            answers += [await ask(session, f"{base}/{name}") for name in names]
    return answers
