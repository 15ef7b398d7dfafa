"""One publish at a time, where the destination can tell two apart.

The lock is a file that is written again while the publish runs. If it does not change any more, or
if the process on this machine that wrote it is gone, its publish was ended, and the next one takes
over. No clocks are compared.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

from tfjs_serve.publishing.manifest import LOCK
from tfjs_serve.publishing.model import Destination, PublishError, note
from tfjs_serve.untrusted_json import parse_strict_json

_RENEWED_SECONDS = 15.0
_ENDED_SECONDS = 60.0
"""A lock that does not change for so long is of a publish that was ended."""
_LOOKS = 6


@asynccontextmanager
async def locked(destination: Destination) -> AsyncIterator[bool]:
    """Keep others away from a destination; yield whether that is possible there.

    Raises
    ------
    PublishError
        Somebody else publishes there.
    """
    await _acquire(destination)
    if not destination.keeps_locks:
        yield False
        return
    renewal = asyncio.create_task(_renew(destination))
    try:
        yield True
    finally:
        renewal.cancel()
        with suppress(asyncio.CancelledError):
            await renewal
        await destination.delete([LOCK])


async def _acquire(destination: Destination) -> None:
    while not await destination.create(LOCK, _text(0)):
        before = await destination.read(LOCK)
        if before is None:
            continue
        if not _is_gone(before):
            await _watch(destination, before)
        if await destination.read(LOCK) == before:  # others may have waited for the same one
            await destination.delete([LOCK])


async def _watch(destination: Destination, before: bytes) -> None:
    """Return when the publish that wrote a lock has ended, whether it was done or not."""
    for _ in range(_LOOKS):
        await asyncio.sleep(_ENDED_SECONDS / _LOOKS)
        now = await destination.read(LOCK)
        if now is None:
            return
        if now != before:
            raise PublishError(
                f"{_owner(now)} publishes there at this moment", hint="wait until it is done"
            )


async def _renew(destination: Destination) -> None:
    for number in count(1):
        await asyncio.sleep(_RENEWED_SECONDS)
        with suppress(PublishError):  # the next time is before anybody takes it for ended
            await destination.put(note(LOCK, _text(number)))


def _text(number: int) -> bytes:
    lock = {"host": socket.gethostname(), "process": os.getpid(), "renewed": number}
    return json.dumps(lock).encode("ascii")


def _members(text: bytes) -> dict[str, object]:
    try:
        found = parse_strict_json(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _owner(text: bytes) -> str:
    lock = _members(text)
    return f"process {lock.get('process')} on {lock.get('host')}"


def _is_gone(text: bytes) -> bool:
    """Whether a lock is of a process of this machine that has ended."""
    lock = _members(text)
    process = lock.get("process")
    if lock.get("host") != socket.gethostname() or not isinstance(process, int) or process <= 0:
        return False
    if process == os.getpid() or os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
