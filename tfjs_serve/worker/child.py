"""The conversion process: reads one request on stdin, answers in JSON lines, and ends.

Each process converts only one model: a malformed file may corrupt libhdf5's memory, and that must
not affect the next model. It is forked from a process with all imports done
(:mod:`~tfjs_serve.worker.fork_server`), or where there is none, started by :func:`main`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from queue import Queue
from typing import Any, BinaryIO

from tfjs_serve.errors import TfjsServeError
from tfjs_serve.worker import convert, limits
from tfjs_serve.worker.protocol import (
    Acceptance,
    ConversionRequest,
    Copies,
    CopyRequest,
    Progress,
    error_to_json,
)

_PROGRESS_INTERVAL_SECONDS = 0.1
"""Progress is for human eyes; more would only keep the parent busy."""
_PARENT_IS_GONE = 1
_READ_BYTES = 64 * 1024


class Answers:
    """The way back to the parent: messages as JSON lines."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._next_progress = 0.0

    def send(self, message: dict[str, Any]) -> None:
        """Write one message."""
        self._stream.write(json.dumps(message, allow_nan=False).encode() + b"\n")
        self._stream.flush()

    def progress(self, progress: Progress) -> None:
        """Write `progress`, unless the last one was written a moment ago."""
        now = time.monotonic()
        if now >= self._next_progress or progress.done_bytes == progress.total_bytes:
            self._next_progress = now + _PROGRESS_INTERVAL_SECONDS
            self.send(progress.to_json())


class Parent:
    """The parent: it can be asked, and when it is gone, this process ends."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self._lines: Queue[bytes] = Queue()

    def copy(self, files: Sequence[Sequence[tuple[int, int]]]) -> tuple[str, ...]:
        """Ask for files made of pieces of the source, and return their digests."""
        self.answers.send(CopyRequest(files=tuple(map(tuple, files))).to_json())
        return Copies.from_json(json.loads(self._lines.get())).digests

    def listen(self) -> None:
        """Take what the parent says, and end this process when it closes its end of stdin.

        Reads the descriptor and not ``sys.stdin``: a thread that waits inside the buffered reader
        makes the interpreter abort at exit.
        """
        said = b""
        while more := os.read(0, _READ_BYTES):
            *lines, said = (said + more).split(b"\n")
            for line in lines:
                self._lines.put(line)
        os._exit(_PARENT_IS_GONE)


def main(memory_bytes: int) -> None:
    """Wait for a request, answer it, and end; `memory_bytes` limits the address space."""
    limits.apply(memory_bytes)
    answers = Answers(_take_stdout())
    convert.warm_up()
    _answer_one(answers)


def answer_one() -> None:
    """Wait for a request and answer it, in a process that is prepared."""
    _answer_one(Answers(_take_stdout()))


def _answer_one(answers: Answers) -> None:
    line = sys.stdin.buffer.readline()
    if not line:
        return
    request = ConversionRequest.from_json(json.loads(line))
    missing = limits.confine(request)
    parent = Parent(answers)
    threading.Thread(target=parent.listen, daemon=True).start()
    limits.start_no_processes()
    answers.send(Acceptance(missing=missing).to_json())
    answers.send(_answer(request, parent))


def _answer(request: ConversionRequest, parent: Parent) -> dict[str, Any]:
    copy = parent.copy if request.copies_dir else None
    try:
        return convert.convert(request, parent.answers.progress, copy).to_json()
    except TfjsServeError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        return error_to_json(error)


def _take_stdout() -> BinaryIO:
    """Return a private duplicate of stdout, and redirect the public one to stderr.

    So nothing that a library prints can get between the messages.
    """
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private
