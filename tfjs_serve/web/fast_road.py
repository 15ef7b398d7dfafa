"""The fast road: a finished answer is given again while all that it depends on is unchanged.

It decides nothing. The slow road (aiohttp and the handlers) answers a request, and its answer is
kept under the request exactly as it was received, with everything that was looked at to find it.
Only the same bytes get the same answer again, and only if a look at the same places shows the same.
``docs/architecture.md`` says why this cannot give an answer that the slow road would not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from tfjs_serve.settings import (
    FAST_ROAD_BYTES,
    FAST_ROAD_HEAD_BYTES,
    FAST_ROAD_RENEWAL_SECONDS,
)
from tfjs_serve.sightings import Sightings

_MOST_SIGHTINGS = 256
"""A look at so many files takes about a millisecond, for which everybody waits."""
_SLOW_LOOK_SECONDS = 0.005
_SLOW_LOOKS = 3
_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBody:
    """A body that is sent from its file."""

    path: Path
    size_bytes: int


@dataclass(slots=True, kw_only=True)
class Finished:
    """A finished answer: all of its bytes but the date.

    Attributes
    ----------
    before_date, after_date
        The head, up to the value of ``Date`` and from there on.
    body
        What follows the head; a file is sent after all these bytes.
    """

    before_date: bytes
    after_date: bytes
    body: bytes | FileBody
    sightings: Sightings
    _second: int = -1
    _bytes: bytes = b""

    @property
    def size_bytes(self) -> int:
        """How much memory it takes, about."""
        body_bytes = len(self.body) if isinstance(self.body, bytes) else 0
        answer_bytes = 2 * (len(self.before_date) + len(self.after_date) + body_bytes)
        return answer_bytes + self.sightings.size_bytes

    def to_bytes(self) -> bytes:
        """Return the head, and the body unless it is a file, as of now."""
        second = int(time.time())
        if second != self._second:
            date = formatdate(second, usegmt=True).encode("ascii")
            body = self.body if isinstance(self.body, bytes) else b""
            self._bytes = b"".join((self.before_date, date, self.after_date, body))
            self._second = second
        return self._bytes


@dataclass(slots=True)
class _Kept:
    answer: Finished
    since_seconds: float
    renewed_from_seconds: float | None = None
    is_sure: bool = False


class FastRoad:
    """Finished answers by the bytes of the request. Used on the event loop only.

    Parameters
    ----------
    limit_bytes
        How much may be kept; beyond that, what was kept first is forgotten.
    clock
        A monotonic clock, in seconds.
    """

    def __init__(
        self,
        *,
        limit_bytes: int = FAST_ROAD_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._kept: dict[bytes, _Kept] = {}
        self._size_bytes = 0
        self._sure: list[_Kept] = []
        self._slow_looks = 0
        self._closed_until_seconds = float("-inf")

    def find(self, head: bytes) -> Finished | None:
        """Return the answer to a request, if it is known and still holds.

        From time to time one request is sent the slow way all the same, so that this renews what it
        knows: it marks the artifact as used, and notices damage. Others are answered meanwhile,
        also after a long pause, so that a crowd does not take the slow road all at once.
        """
        kept = self._kept.get(head)
        if kept is None:
            return None
        now = self._clock()
        if now - kept.since_seconds >= FAST_ROAD_RENEWAL_SECONDS:
            if kept.renewed_from_seconds is None:
                kept.renewed_from_seconds = now
                return None
            if now - kept.renewed_from_seconds >= FAST_ROAD_RENEWAL_SECONDS:
                self.forget(head)
                return None
        return kept.answer if kept.is_sure or self._holds(head, kept, now) else None

    def takes(self, head: bytes, sightings: Sightings) -> bool:
        """Whether an answer that depends on `sightings` may be kept for `head`.

        To finish an answer takes a while, so this is asked before.
        """
        is_small = len(head) <= FAST_ROAD_HEAD_BYTES and len(sightings) <= _MOST_SIGHTINGS
        return is_small and sightings.is_lasting

    def keep(self, head: bytes, answer: Finished) -> None:
        """Keep the answer to a request that came as `head`, if it may be kept."""
        self.forget(head)
        if not self.takes(head, answer.sightings):
            return
        self._kept[head] = _Kept(answer, self._clock())
        self._size_bytes += _cost(head, answer)
        while self._size_bytes > self._limit_bytes:
            self.forget(next(iter(self._kept)))

    def forget(self, head: bytes) -> None:
        """Forget the answer to a request, if it is known."""
        kept = self._kept.pop(head, None)
        if kept is not None:
            self._size_bytes -= _cost(head, kept.answer)

    def _holds(self, head: bytes, kept: _Kept, now: float) -> bool:
        """Look at what an answer depends on; forget the answer if that has changed.

        One look is enough for all requests of one turn of the event loop, because they had come
        before it.
        """
        if now < self._closed_until_seconds:
            return False
        holds = kept.answer.sightings.still_hold()
        self._close_if_slow(now, self._clock() - now)
        if not holds:
            self.forget(head)
            return False
        if not self._sure:
            asyncio.get_running_loop().call_soon(self._end_turn)
        self._sure.append(kept)
        kept.is_sure = True
        return True

    def _end_turn(self) -> None:
        """Be sure of nothing any more; called before the next requests are read."""
        for kept in self._sure:
            kept.is_sure = False
        self._sure.clear()

    def _close_if_slow(self, now: float, look_seconds: float) -> None:
        """Send all requests the slow road for a while if the file system is slow.

        A look blocks the event loop: for microseconds on a local disk, but on a network it may take
        long, again and again. The slow road looks in threads.
        """
        self._slow_looks = self._slow_looks + 1 if look_seconds >= _SLOW_LOOK_SECONDS else 0
        if self._slow_looks >= _SLOW_LOOKS:
            self._slow_looks = 0
            self._closed_until_seconds = now + _PAUSE_SECONDS


def _cost(head: bytes, answer: Finished) -> int:
    return len(head) + answer.size_bytes
