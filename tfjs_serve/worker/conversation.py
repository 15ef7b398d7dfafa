"""What the parent and one child say to each other, and how the child is watched meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from tfjs_serve.errors import TfjsServeError, WorkerCrashedError
from tfjs_serve.worker import reached
from tfjs_serve.worker.copying import copy
from tfjs_serve.worker.process import ChildProcess, describe_exit
from tfjs_serve.worker.protocol import (
    Acceptance,
    ConversionReport,
    ConversionRequest,
    Copies,
    CopyRequest,
    Message,
    Progress,
    parse_message,
)

_EXIT_SECONDS = 2.0
"""How long a child may take to end after it closed its pipe, before it is killed."""
_LOOK_SECONDS = 1.0
"""How often the child and its folder are checked."""
_ANY_MESSAGE_BYTES = 4 * 1024 * 1024
_MESSAGE_BYTES_PER_FILE = 256
"""Parsing blocks the event loop: 4 MiB, which no conversion comes near, take about 30 ms."""
_MESSAGES_PER_SECOND = 50
_BURST_SECONDS = 0.5
"""Several times what an honest child sends."""


class NotAcceptedError(Exception):
    """The child ended for a reason that is not the model: before it accepted the request, say."""


class _NonsenseError(Exception):
    """The child wrote something that is not a message."""


class Conversation:
    """One request to one child."""

    def __init__(
        self,
        child: ChildProcess,
        request: ConversionRequest,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._child = child
        self._request = request
        self._on_progress = on_progress
        self._copies = 0, 0
        """Number and total size in bytes of the files that are copied for the child."""
        self._copied: frozenset[str] | None = None
        self._pace = _Pace()
        self.acceptance: Acceptance | None = None
        """What the child said when it accepted the request; ``None`` before."""

    async def hold(self) -> ConversionReport:
        """Send the request and return the report.

        Raises
        ------
        TfjsServeError
            What the child reported, or that it crashed.
        ConversionLimitError
            The child exceeded a limit and was ended.
        NotAcceptedError
            The child ended before it accepted the request.
        """
        talk = asyncio.create_task(self._talk())
        watch = asyncio.create_task(self._watch())
        tasks = (talk, watch)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return talk.result() if talk.done() else watch.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _talk(self) -> ConversionReport:
        await self._child.send_line(json.dumps(self._request.to_json()).encode())
        while True:
            try:
                message = await self._read_message()
            except _NonsenseError:
                raise self.crash("wrote something that is not an answer") from None
            if message is None:
                raise await self._ending()
            if isinstance(message, ConversionReport):
                return replace(message, copied=self._copied or frozenset())
            if isinstance(message, TfjsServeError):
                raise message
            if isinstance(message, Progress):
                self._on_progress(message)
            elif isinstance(message, CopyRequest):
                await self._copy(message)
            elif self.acceptance is None:
                self.acceptance = message
            else:
                raise self.crash("accepted its request twice")

    async def _copy(self, wanted: CopyRequest) -> None:
        """Make the copies that the child asks for, and tell it their digests."""
        if self._copied is not None or not self._request.copies_dir:
            raise self.crash("asked for copies that it may not have")
        size_bytes = sum(size for pieces in wanted.files for _, size in pieces)
        self._copies = len(wanted.files), size_bytes
        await self._check_written()
        done_bytes = 0

        def progressed(copied_bytes: int) -> None:
            nonlocal done_bytes
            done_bytes += copied_bytes
            self._on_progress(Progress(done_bytes=done_bytes, total_bytes=size_bytes))

        digests = await copy(self._request, wanted, progressed)
        self._copied = frozenset(digests)
        await self._child.send_line(json.dumps(Copies(digests=digests).to_json()).encode())

    async def _read_message(self) -> Message | None:
        """Return the child's next message; ``None`` after the last one."""
        await self._pace.keep()
        most_bytes = _ANY_MESSAGE_BYTES + _MESSAGE_BYTES_PER_FILE * self._request.limits.files
        try:
            line = await self._child.read_line()
            if len(line) > most_bytes:
                raise _NonsenseError
            return parse_message(json.loads(line)) if line else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise _NonsenseError from error

    async def _ending(self) -> Exception:
        """Return the reason why there is no further message."""
        try:
            code = await self._exit_code()
        except ConnectionError as error:
            return NotAcceptedError(str(error))
        how = "closed its output and did not end" if code is None else describe_exit(code)
        if self.acceptance is None:
            return NotAcceptedError(f"it {how}{self._last_words()}")
        limit = reached.by_exit_code(code, self._request) if code is not None else None
        return limit or self.crash(how)

    async def _exit_code(self) -> int | None:
        with contextlib.suppress(asyncio.TimeoutError):
            return await asyncio.wait_for(self._child.exit_code(), _EXIT_SECONDS)
        return None

    async def _watch(self) -> NoReturn:
        """Watch the child until it exceeds a limit."""
        was_running = True
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._check_written()
            if not (was_running or self._child.is_running):
                # Processes that it started hold its pipes, so their end would never be read.
                self._child.kill()
            was_running = self._child.is_running

    async def _check_written(self) -> None:
        """Check what the child has written and what is copied for it, together.

        Raises
        ------
        ConversionLimitError
            It is more than the request allows.
        """
        limits = self._request.limits
        used = await asyncio.to_thread(_content_of, self._request.output_dir, limits.files)
        files, size_bytes = (mine + copied for mine, copied in zip(used, self._copies, strict=True))
        if files > limits.files or size_bytes > limits.written_bytes:
            raise reached.written(self._request)

    def crash(self, how: str) -> WorkerCrashedError:
        """Return the error about a child that ended without giving a reason.

        Parameters
        ----------
        how
            What it did instead, as the rest of a sentence.
        """
        return WorkerCrashedError(
            f"{self._request.display_name}: the conversion process {how}",
            hint=f"the file may be damaged: save the model again{self._last_words()}",
        )

    def _last_words(self) -> str:
        words = self._child.last_words
        return f"; the last output of the process was: {words}" if words else ""


class _Pace:
    """Keeps a child that sends endless messages from blocking the event loop."""

    def __init__(self) -> None:
        self._due_seconds = 0.0

    async def keep(self) -> None:
        """Wait if there were too many messages recently."""
        now_seconds = asyncio.get_running_loop().time()
        earliest_seconds = now_seconds - _BURST_SECONDS
        self._due_seconds = max(self._due_seconds, earliest_seconds) + 1 / _MESSAGES_PER_SECOND
        if self._due_seconds > now_seconds:
            await asyncio.sleep(self._due_seconds - now_seconds)


def _content_of(folder: str, most_files: int) -> tuple[int, int]:
    """Return number and total size in bytes of the files in `folder`; stops at one too many."""
    files = size_bytes = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            files += 1
            if files > most_files:
                break
            with contextlib.suppress(FileNotFoundError):  # renamed just now
                size_bytes += entry.stat(follow_symlinks=False).st_size
    return files, size_bytes
