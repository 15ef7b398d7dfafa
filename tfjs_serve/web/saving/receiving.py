"""Receive a model: from the body of a request to the files of a folder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from aiohttp import hdrs, web

from tfjs_serve.errors import BadUploadError, UploadTooSlowError, store_error
from tfjs_serve.settings import MAXIMUM_MODEL_JSON_BYTES, MIB, MODEL_JSON, SavingLimits
from tfjs_serve.web.saving.multipart import MultipartParser, PartBegins, boundary_of
from tfjs_serve.web.saving.policy import check_coding, check_size, too_large
from tfjs_serve.web.sending import ClientGoneError

WEIGHTS_NAME = "model.weights.bin"
"""The name of the other part, and the only path in TensorFlow.js's manifest (``io/http.ts``)."""


def opened(request: web.Request, limits: SavingLimits) -> MultipartParser:
    """Return what reads the body of `request`, of which nothing is read yet.

    Raises
    ------
    BadUploadError, UploadTooLargeError
        Its head says already that this is no model.
    """
    parser = MultipartParser(boundary_of(request.headers.get(hdrs.CONTENT_TYPE, "")))
    check_coding(request.headers.get(hdrs.CONTENT_ENCODING, ""))
    check_size(request.content_length, limits)
    return parser


async def receive(
    request: web.Request, parser: MultipartParser, folder: Path, limits: SavingLimits
) -> None:
    """Write the parts of the body into `folder`.

    Raises
    ------
    BadUploadError, UploadTooLargeError, UploadTooSlowError
        It is not what TensorFlow.js sends.
    StoreError
        The disk is full.
    ClientGoneError
        The page went away.
    """
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # so that an error can still be answered
    with Parts(folder, limits) as parts:
        async for data in _pieces(request, Pace(limits.receive_seconds)):
            await asyncio.to_thread(parts.add, parser, data)
        parser.close()
        parts.require_all()


async def discard(request: web.Request, limits: SavingLimits) -> None:
    """Read what a page still sends, before it is told that nothing was saved.

    A browser that is cut off while it sends shows no answer, and the page no status. What does not
    come, or does not end, is not waited for.
    """
    if hdrs.EXPECT in request.headers:  # the client waits for an answer before it sends anything
        return
    until_seconds = time.monotonic() + limits.discard_seconds
    with suppress(asyncio.TimeoutError, ConnectionError, web.RequestPayloadError):
        while (left_seconds := until_seconds - time.monotonic()) > 0:
            if not await asyncio.wait_for(request.content.readany(), left_seconds):
                return


class Parts:
    """The files that the parts of a body become: each once, and none of another name."""

    def __init__(self, folder: Path, limits: SavingLimits) -> None:
        self._folder = folder
        self._limits = limits
        self._most_bytes = {
            MODEL_JSON: MAXIMUM_MODEL_JSON_BYTES,
            WEIGHTS_NAME: limits.weights_bytes,
        }
        self._left_bytes = 0
        self._begun: list[str] = []
        self._file: BinaryIO | None = None

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, parser: MultipartParser, data: bytes) -> None:
        """Write what `data` adds."""
        try:
            for event in parser.feed(data):
                if isinstance(event, PartBegins):
                    self._begin(event.name)
                else:
                    self._write(event.data)
        except OSError as error:
            raise _not_stored(error) from error

    def require_all(self) -> None:
        """Raise :class:`BadUploadError` unless all parts have come; make sure they are written."""
        missing = [name for name in self._most_bytes if name not in self._begun]
        if missing:
            raise BadUploadError(
                f"the part {missing[0]} is missing",
                hint="let TensorFlow.js send it: await model.save(url)",
            )
        try:
            if self._file is not None:
                self._file.close()
        except OSError as error:
            raise _not_stored(error) from error

    def _begin(self, name: str) -> None:
        if name not in self._most_bytes or name in self._begun:
            raise BadUploadError(
                f"the part {name[:50]!r} is none of {MODEL_JSON} and {WEIGHTS_NAME}, "
                "or comes twice",
                hint="let TensorFlow.js send it: await model.save(url)",
            )
        if self._file is not None:
            self._file.close()
        self._begun.append(name)
        self._left_bytes = self._most_bytes[name]
        self._file = (self._folder / name).open("xb")

    def _write(self, data: bytes) -> None:
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise too_large(self._limits)
        assert self._file is not None
        self._file.write(data)


class Pace:
    """How long the next piece of a body may take: there is a time for each MiB.

    Parameters
    ----------
    seconds_per_mebibyte
        That time.
    """

    def __init__(
        self, seconds_per_mebibyte: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds_per_mebibyte
        self._clock = clock
        self._began_seconds = clock()
        self._bytes = 0

    def left_seconds(self) -> float:
        """Return how long the next piece may take from now on."""
        return max(0.0, self._began_seconds + self._seconds - self._clock())

    def came(self, size_bytes: int) -> None:
        """Note that so many bytes have come."""
        self._bytes += size_bytes
        if self._bytes >= MIB:
            self._bytes %= MIB
            self._began_seconds = self._clock()


async def _pieces(request: web.Request, pace: Pace) -> AsyncIterator[bytes]:
    try:
        while data := await asyncio.wait_for(request.content.readany(), pace.left_seconds()):
            pace.came(len(data))
            yield data
    except asyncio.TimeoutError as error:
        raise UploadTooSlowError(
            "the model did not arrive in time", hint="save it again"
        ) from error
    except ConnectionError as error:
        raise ClientGoneError("the page went away while it sent a model") from error
    except web.RequestPayloadError as error:
        raise BadUploadError("the body is malformed", hint="send it again") from error


def _not_stored(error: OSError) -> Exception:
    return store_error(
        error,
        f"the model cannot be stored: {error.strerror or error}",
        hint="free some space for the cache, or choose another folder with --cache-dir",
    )
