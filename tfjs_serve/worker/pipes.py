"""Pipes to a process that asyncio has not started, with asyncio's streams at this end."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO

from tfjs_serve.worker.process import PROTOCOL_LINE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipes:
    """Both ends of a child's stdin, stdout and stderr.

    Attributes
    ----------
    others
        The ends that the child gets, in the order of its descriptors.
    """

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    others: tuple[FileIO, FileIO, FileIO]
    close: Callable[[], None]

    @classmethod
    async def open(cls) -> Pipes:
        """Make the pipes. Raises ``OSError`` if there are too many open files."""
        with contextlib.ExitStack() as opened:
            its_stdin, stdin = _pipe(opened)
            stdout, its_stdout = _pipe(opened)
            stderr, its_stderr = _pipe(opened)
            return cls(
                stdin=await _writer(stdin, opened),
                stdout=await _reader(stdout, opened),
                stderr=await _reader(stderr, opened),
                others=(its_stdin, its_stdout, its_stderr),
                close=opened.pop_all().close,
            )

    def close_others(self) -> None:
        """Close the child's ends, so that this end notices when the child is gone."""
        for other in self.others:
            other.close()


def _pipe(opened: contextlib.ExitStack) -> tuple[FileIO, FileIO]:
    reading, writing = os.pipe()
    return opened.enter_context(FileIO(reading, "rb")), opened.enter_context(FileIO(writing, "wb"))


async def _reader(pipe: FileIO, opened: contextlib.ExitStack) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=PROTOCOL_LINE_BYTES)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    opened.callback(transport.close)
    return reader


async def _writer(pipe: FileIO, opened: contextlib.ExitStack) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    protocol = asyncio.StreamReaderProtocol(asyncio.StreamReader())
    transport, _ = await loop.connect_write_pipe(lambda: protocol, pipe)
    opened.callback(transport.close)
    return asyncio.StreamWriter(transport, protocol, None, loop)
