"""Which models a page of the list shows, and in which order: what its URL asks for. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any
from urllib.parse import urlencode

from tfjs_serve.builder import EntryState, EntryStatus
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.web.listing import ModelList

MODELS_PER_PAGE = 50
_NUMBER = re.compile(r"[0-9]{1,9}")
_DESCENDING = "-"


class Only(str, Enum):
    """Which models are asked for."""

    ALL = ""
    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"

    def has(self, status: EntryStatus) -> bool:
        """Whether a model is among them."""
        return self is Only.ALL or self is _ONLY[status.can_be_loaded]


_ONLY = {True: Only.GOOD, False: Only.BAD, None: Only.UNKNOWN}


class Order(str, Enum):
    """By what models are sorted; models that are equal in that are sorted by their names."""

    NAME = "name"
    STATE = "state"
    SIZE = "size"
    PARAMETERS = "parameters"
    CHANGED = "changed"


_STATES = [
    EntryState.FAILED,
    EntryState.STALE,
    EntryState.CONVERTING,
    EntryState.FOUND,
    EntryState.CHECKED,
    EntryState.READY,
]
"""What needs attention comes first."""
_KEYS: Mapping[Order, Callable[[CatalogEntry, EntryStatus], Any]] = {
    Order.STATE: lambda _entry, status: _STATES.index(status.state),
    Order.SIZE: lambda entry, _status: entry.size_bytes,
    Order.PARAMETERS: lambda _entry, status: status.facts.parameters if status.facts else -1,
    Order.CHANGED: lambda entry, _status: entry.changed_ns,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a URL of the list asks for.

    Attributes
    ----------
    words
        Which the names of models have.
    descending
        Whether the largest, or the latest, comes first.
    number
        Which page, from 1.
    """

    words: str = ""
    only: Only = Only.ALL
    order: Order = Order.NAME
    descending: bool = False
    number: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Question:
        """Return what a query asks for; what makes no sense asks for nothing."""
        number, order = query.get("page", ""), query.get("sort", "")
        only, name = query.get("only", ""), order.removeprefix(_DESCENDING)
        known = name in {one.value for one in Order}
        return cls(
            words=query.get("q", "").strip(),
            only=Only(only) if only in {one.value for one in Only} else Only.ALL,
            order=Order(name) if known else Order.NAME,
            descending=known and order.startswith(_DESCENDING),
            number=int(number) if _NUMBER.fullmatch(number) else 1,
        )

    @property
    def is_whole(self) -> bool:
        """Whether it asks for all models."""
        return not self.words and self.only is Only.ALL

    @property
    def sort(self) -> str:
        """How it spells its order; empty for that of the names."""
        spelled = f"{_DESCENDING if self.descending else ''}{self.order.value}"
        return "" if spelled == Order.NAME.value else spelled

    def url(self, number: int) -> str:
        """Return the URL of another page."""
        page = "" if number == 1 else str(number)
        asked = {"q": self.words, "only": self.only.value, "sort": self.sort, "page": page}
        query = urlencode({key: value for key, value in asked.items() if value}, errors="replace")
        return f"/?{query}" if query else "/"

    def sorted_by(self, order: Order) -> Question:
        """Return the same, from its first page, in another order; in the reverse of the same."""
        first = order in (Order.SIZE, Order.PARAMETERS, Order.CHANGED)
        descending = not self.descending if order is self.order else first
        return replace(self, order=order, descending=descending, number=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """One page of a list.

    Attributes
    ----------
    number, pages
        Which page it is, from 1, and how many there are.
    found, total
        How many models were found, and how many there are.
    """

    question: Question
    number: int
    pages: int
    found: int
    total: int
    entries: Sequence[CatalogEntry]


def excerpt(models: ModelList, statuses: Mapping[str, EntryStatus], question: Question) -> Excerpt:
    """Return the models that are asked for; of another page than the last, the nearest one.

    Parameters
    ----------
    statuses
        Of all `models`, by their exact names.
    """
    found = models.matching(question.words)
    if question.only is not Only.ALL:
        found = [one for one in found if question.only.has(statuses[one.exact_name])]
    key = _KEYS.get(question.order)
    if key is not None:
        # A reversed sort keeps the names of equal models in their order.
        by = lambda one: key(one, statuses[one.exact_name])  # noqa: E731
        found = sorted(found, key=by, reverse=question.descending)
    elif question.descending:
        found = found[::-1]
    pages = max(1, math.ceil(len(found) / MODELS_PER_PAGE))
    number = min(max(question.number, 1), pages)
    start = (number - 1) * MODELS_PER_PAGE
    return Excerpt(
        question=question,
        number=number,
        pages=pages,
        found=len(found),
        total=len(models.by_exact_name),
        entries=found[start : start + MODELS_PER_PAGE],
    )
