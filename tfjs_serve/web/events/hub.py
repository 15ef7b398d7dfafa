"""The events of one run of the server: numbered, and kept for whoever was away. Pure.

Of one kind of event about one model only the newest is kept. So whoever comes late, or reads
slowly, is told what is so now in few events, and however long they stay away, little is kept.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tfjs_serve.settings import EVENTS_KEPT

_ID = re.compile(r"([0-9a-f]{1,32})-([0-9]{1,15})")


class EventKind(str, Enum):
    """What happened to a model.

    ``checked`` is one that was looked at before anybody asked, and can be loaded.
    """

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    CHECKED = "checked"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEvent:
    """Something that happened to a model, before it has a number.

    Attributes
    ----------
    subject
        The model, and the variant if it is about one: of the same kind, only the newest event about
        it counts.
    data
        What pages are told, as JSON.
    """

    kind: EventKind
    subject: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """An event and its number; later ones are greater."""

    number: int
    event: ModelEvent


class Hub:
    """Numbers events and keeps the newest ones.

    Parameters
    ----------
    run
        Hexadecimal digits that no other run of the server has.
    """

    def __init__(self, run: str, *, kept: int = EVENTS_KEPT) -> None:
        self._run = run
        self._most = kept
        self._kept: OrderedDict[tuple[EventKind, str], Numbered] = OrderedDict()
        self._last = 0
        self._forgotten = 0

    @property
    def last(self) -> int:
        """The number of the newest event; 0 if there was none."""
        return self._last

    def add(self, event: ModelEvent) -> None:
        """Give `event` the next number, and keep it instead of an earlier one."""
        self._last += 1
        key = event.kind, event.subject
        self._kept.pop(key, None)
        self._kept[key] = Numbered(number=self._last, event=event)
        if len(self._kept) > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._forgotten = oldest.number

    def after(self, number: int) -> Sequence[Numbered]:
        """Return what has happened since `number`, oldest first, as far as it still matters."""
        newer = []
        for one in reversed(self._kept.values()):
            if one.number <= number:
                break
            newer.append(one)
        newer.reverse()
        return newer

    def id_of(self, number: int) -> str:
        """Return what an event's ``id`` says."""
        return f"{self._run}-{number}"

    def resumed(self, last_id: str) -> int | None:
        """Return the number up to which a client knows everything.

        Parameters
        ----------
        last_id
            ``Last-Event-ID``, which a client may have made up.

        Returns
        -------
        int or None
            ``None`` if something happened since that is not kept any more, or that another run of
            the server told.
        """
        match = _ID.fullmatch(last_id)
        if match is None or match[1] != self._run:
            return None
        number = int(match[2])
        return number if self._forgotten <= number <= self._last else None
