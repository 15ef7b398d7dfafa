"""The real server, driven from Python."""

from __future__ import annotations

import os
import queue
import re
import shutil
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from .process import Process

START_DEADLINE_SECONDS = 60.0
ANSWER_DEADLINE_SECONDS = 60.0
AGE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP answer, whatever its status."""

    status: int
    headers: Message
    body: bytes


class ServedModels:
    """The real server, as ``python -m tfjs_serve serve`` starts it, on a folder of its own.

    Parameters
    ----------
    workspace
        An empty folder; below it lie the served folder and the server's cache.
    models
        Serve this folder instead of an empty new one.
    options
        Further command line options.
    prefix
        A command that starts the server in other circumstances.

    Attributes
    ----------
    folder
        The served folder.
    base_url
        ``http://127.0.0.1:<port>``, no slash at the end.
    """

    def __init__(
        self,
        workspace: Path,
        *,
        models: Path | None = None,
        options: Sequence[str] = (),
        prefix: Sequence[str] = (),
    ) -> None:
        self.folder = models or workspace / "models"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._staging = workspace / "staging"
        self._staging.mkdir(exist_ok=True)
        # Every model is loaded at once: to look at it before would be time for nothing.
        cache = ["--cache-dir", str(workspace / "cache")]
        arguments = ["--port", "0", *cache, "--no-diagnose", *options]
        server = [sys.executable, "-m", "tfjs_serve", "serve", str(self.folder), *arguments]
        # A pipe is no terminal, but a narrow one would have long URLs wrapped.
        self._process = Process([*prefix, *server], env={"COLUMNS": "500", "PYTHONUNBUFFERED": "1"})
        self.base_url = self._announced_url()

    def _announced_url(self) -> str:
        with suppress(queue.Empty):
            while (line := self._process.read_line(START_DEADLINE_SECONDS)) is not None:
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    return found[0]
        self.close()
        raise RuntimeError(f"the server did not start:\n{self.log()}")

    def url(self, name: str, *, variant: str | None = None) -> str:
        """Return the URL of the model called `name`, or of a variant of it."""
        path = name if variant is None else f"{name}@{variant}"
        return f"{self.base_url}/{urllib.parse.quote(path, safe='/@')}/model.json"

    def add(self, source: Path, name: str | None = None) -> str:
        """Put a copy of `source` into the served folder, whole at once; return its URL.

        Parameters
        ----------
        source
            A model file, or a folder with a ``model.json``.
        name
            Name below the served folder, with its ending; `source`'s own if it is left out.
            A file of that name is replaced.
        """
        target = self.folder / (name or source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = self._staging / target.name
        if source.is_dir():
            shutil.copytree(source, staged)
        else:
            shutil.copyfile(source, staged)
            # The server lets a file rest that was touched a moment ago; this one is whole.
            os.utime(staged, (staged.stat().st_mtime - AGE_SECONDS,) * 2)
        staged.replace(target)
        relative = target.relative_to(self.folder)
        return self.url((relative if source.is_dir() else relative.with_suffix("")).as_posix())

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        """Request `url` (absolute, or a path from the root)."""
        absolute = url if url.startswith("http") else self.base_url + url
        request = urllib.request.Request(absolute, headers=dict(headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_DEADLINE_SECONDS) as answer:
                return Response(status=answer.status, headers=answer.headers, body=answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Response(status=error.code, headers=error.headers, body=error.read())

    @property
    def pid(self) -> int:
        """Number of the server's process."""
        return self._process.pid

    def kill(self) -> None:
        """End the server without a warning, as a crash of the machine would."""
        self._process.kill()

    def log(self) -> str:
        """Return what the server has printed so far."""
        return self._process.printed()

    def close(self) -> None:
        """Stop the server."""
        self._process.close()
