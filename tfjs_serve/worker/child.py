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
from typing import Any, BinaryIO

from tfjs_serve.errors import TfjsServeError
from tfjs_serve.worker import convert, limits
from tfjs_serve.worker.protocol import Acceptance, ConversionRequest, Progress, error_to_json

_PROGRESS_INTERVAL_SECONDS = 0.1
"""Progress is for human eyes; more would only keep the parent busy."""
_PARENT_IS_GONE = 1


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
    threading.Thread(target=_end_with_parent, daemon=True).start()
    limits.start_no_processes()
    answers.send(Acceptance(missing=missing).to_json())
    answers.send(_answer(request, answers))


def _answer(request: ConversionRequest, answers: Answers) -> dict[str, Any]:
    try:
        return convert.convert(request, answers.progress).to_json()
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


def _end_with_parent() -> None:
    """End this process when the parent, which holds the other end of stdin, is gone.

    Reads the descriptor and not ``sys.stdin``: a thread that waits inside the buffered reader
    makes the interpreter abort at exit.
    """
    while os.read(0, 1024):
        pass
    os._exit(_PARENT_IS_GONE)
