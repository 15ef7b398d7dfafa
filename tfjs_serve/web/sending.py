"""Carry out a verdict: the only place where bytes of models are written to a socket.

aiohttp's own ``FileResponse`` replaces the ETag, compares dates in ``If-Range`` and does not set
``Vary``. So conditions are decided in :mod:`tfjs_serve.web.conditional`, and this module only sends
bytes, with ``sendfile`` if the event loop has it, or else in chunks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from aiohttp import hdrs, web

from tfjs_serve.settings import INLINE_BYTES, KIB, MIB
from tfjs_serve.web import problems
from tfjs_serve.web.conditional import ByteRange, Conditions, evaluate
from tfjs_serve.web.opening import open_checked
from tfjs_serve.web.problems import ProblemError
from tfjs_serve.web.representation import Representation
from tfjs_serve.web.services import SERVICES

CHUNK_BYTES = 256 * KIB
SLICE_BYTES = MIB
"""What a client may take ``send_seconds`` for, so that the limit is a speed, whatever the size."""


class ClientGoneError(ConnectionResetError):
    """The client went away during the answer, so nobody can be told of an error."""


async def send(
    request: web.Request, representation: Representation, extra: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """Answer a GET or HEAD with `representation`.

    Parameters
    ----------
    extra
        Further header fields for the statuses 200, 206 and 304.

    Raises
    ------
    ProblemError
        A precondition failed, or the range cannot be satisfied.
    StoreError
        The file is gone, or has another size than before.
    ClientGoneError
        The client went away.
    """
    verdict = evaluate(request.method, conditions_of(request), representation)
    more = extra or {}
    if verdict.status == 304:
        return web.Response(status=304, headers={**representation.validator_headers, **more})
    if verdict.status in (412, 416):
        raise ProblemError(_refusal(verdict.status, representation))
    headers = {**representation.headers, **more}
    if request.method == "HEAD":
        return web.Response(headers=headers)
    if verdict.byte_range is None:
        whole = ByteRange(start=0, stop=representation.size_bytes)
        return await _send_bytes(request, representation, whole, 200, headers)
    part = verdict.byte_range
    headers["Content-Length"] = str(part.size_bytes)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{representation.size_bytes}"
    return await _send_bytes(request, representation, part, 206, headers)


def conditions_of(request: web.BaseRequest) -> Conditions:
    """Return the header fields that decide on the answer."""
    return Conditions(
        if_match=joined(request, hdrs.IF_MATCH),
        if_none_match=joined(request, hdrs.IF_NONE_MATCH),
        if_range=_single(request, hdrs.IF_RANGE),
        range=_single(request, hdrs.RANGE),
    )


def joined(request: web.BaseRequest, name: str) -> str | None:
    """Return a list field with its lines joined (RFC 9110, section 5.3)."""
    return ", ".join(request.headers.getall(name)) if name in request.headers else None


def _single(request: web.BaseRequest, name: str) -> str | None:
    """Return a field that is not a list; empty if it is malformed because it occurs twice."""
    lines = request.headers.getall(name, ())
    return lines[0] if len(lines) == 1 else "" if lines else None


def _refusal(status: int, representation: Representation) -> problems.Problem:
    if status == 412:
        return problems.from_status(412, "The file is not the version that If-Match names.")
    size_bytes = representation.size_bytes
    detail = f"The file has {size_bytes} bytes, and the requested range lies outside of them."
    return problems.from_status(416, detail, headers={"Content-Range": f"bytes */{size_bytes}"})


async def _send_bytes(
    request: web.Request,
    representation: Representation,
    part: ByteRange,
    status: int,
    headers: Mapping[str, str],
) -> web.StreamResponse:
    source = representation.source
    if isinstance(source, bytes):
        body = source[part.start : part.stop]
        return web.Response(status=status, headers=headers, body=body)
    if part.size_bytes <= INLINE_BYTES:
        body = await asyncio.to_thread(_read, source, representation.size_bytes, part)
        return web.Response(status=status, headers=headers, body=body)
    file = await opened(source, representation.size_bytes)
    try:
        response = web.StreamResponse(status=status, headers=headers)
        await _stream(request, response, file, part)
    finally:
        file.close()
    return response


def _read(path: Path, size_bytes: int, part: ByteRange) -> bytes:
    with open_checked(path, size_bytes) as file:
        file.seek(part.start)
        return file.read(part.size_bytes)


async def opened(path: Path, size_bytes: int) -> BinaryIO:
    """Open a file in a thread; no file stays open if the request is cancelled meanwhile."""
    opening = asyncio.get_running_loop().run_in_executor(None, open_checked, path, size_bytes)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_opened)
        raise


def _close_opened(opening: asyncio.Future[BinaryIO]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


async def _stream(
    request: web.Request, response: web.StreamResponse, file: BinaryIO, part: ByteRange
) -> None:
    """Send the head and a part of `file`.

    After the first byte, an error can be reported only by closing the connection before
    ``Content-Length`` is reached, which every client notices.

    Raises
    ------
    ClientGoneError
        The client went away or is too slow, or the file could not be read.
    """
    try:
        await response.prepare(request)
        await _transfer(request, response, file, part)
        await response.write_eof()
    except ConnectionError as error:
        raise ClientGoneError("the client went away") from error
    except asyncio.TimeoutError as error:
        _abort(request)
        raise ClientGoneError("the client does not read what it asked for") from error
    except OSError as error:
        _abort(request)
        raise ClientGoneError("the file could not be read to its end") from error


async def _transfer(
    request: web.Request, response: web.StreamResponse, file: BinaryIO, part: ByteRange
) -> None:
    """Send a part of `file`, with ``sendfile`` if possible.

    Raises
    ------
    ClientGoneError
        The client went away.
    asyncio.TimeoutError
        The client is too slow.
    OSError
        The file could not be read.
    """
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ClientGoneError("the client went away")
    loop = asyncio.get_running_loop()
    seconds = request.app[SERVICES].settings.connections.send_seconds
    try:
        for start in range(part.start, part.stop, SLICE_BYTES):
            size_bytes = min(SLICE_BYTES, part.stop - start)
            # Not a timer that closes the transport: sendfile would then wait forever.
            sending = loop.sendfile(transport, file, start, size_bytes)
            sent = await asyncio.wait_for(sending, seconds)
            _check_sent(sent, size_bytes)
    except (NotImplementedError, RuntimeError):
        if transport.is_closing():
            raise ClientGoneError("the client went away") from None
        _check_sent(await _transfer_in_chunks(response, file, part), part.size_bytes)


def _check_sent(sent: int, size_bytes: int) -> None:
    if sent != size_bytes:
        raise OSError("the file is shorter than it was when it was opened")


async def _transfer_in_chunks(response: web.StreamResponse, file: BinaryIO, part: ByteRange) -> int:
    """Send without ``loop.sendfile``, which some event loops and transports lack."""
    sent = 0
    await asyncio.to_thread(file.seek, part.start)
    while sent < part.size_bytes:
        chunk = await asyncio.to_thread(file.read, min(CHUNK_BYTES, part.size_bytes - sent))
        if not chunk:
            break
        await response.write(chunk)
        sent += len(chunk)
    return sent


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
