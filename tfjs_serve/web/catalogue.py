"""The list of models while the server runs: made once for each change, and compressed once."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tfjs_serve.builder import EntryState, EntryStatus
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.others import NotAModel
from tfjs_serve.facts.weight_error import WeightError
from tfjs_serve.media_types import JSON
from tfjs_serve.settings import Variant
from tfjs_serve.web.listing import (
    Address,
    ModelList,
    ModelSummary,
    catalogue_json,
    summary_json,
)
from tfjs_serve.web.overview import Overview
from tfjs_serve.web.protocols import BuilderService, CatalogService
from tfjs_serve.web.representation import GZIP, IDENTITY, Representation, from_bytes

CODINGS = (GZIP,)
"""The content codings in which the list is sent."""
_GZIP_LEVEL = 1
"""A list of 10,000 models shrinks to 1/19 in 40 ms; with the highest level, to 1/22 in 190 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One model's part of the document, and what it was made of."""

    entry: CatalogEntry
    status: EntryStatus
    address: Address
    body: bytes

    def is_of(self, entry: CatalogEntry, status: EntryStatus, address: Address) -> bool:
        """Whether it would be made of the same again."""
        return self.entry is entry and self.status is status and self.address == address


class Catalogue:
    """What is listed at ``/`` and ``/-/models.json``. Used on the event loop.

    Parameters
    ----------
    default
        The variant that is served where none is named.
    """

    def __init__(self, catalog: CatalogService, builder: BuilderService, default: Variant) -> None:
        self._catalog = catalog
        self._builder = builder
        self._default = default
        self._lock = asyncio.Lock()
        self._entries: tuple[CatalogEntry, ...] | None = None
        self._others: Sequence[NotAModel] = ()
        self._models = ModelList((), default)
        self._statuses: dict[str, EntryStatus] = {}
        self._loading: Counter[bool | None] = Counter()
        self._touched: set[str] = set()
        self._passing: set[str] = set()
        self._parts: dict[str, _Part] = {}
        self._documents: dict[str, Representation] = {}
        builder.watch(self._touched.add)

    async def models(self) -> ModelList:
        """Return the models that are in the folder now."""
        await self._catalog.refresh()
        async with self._lock:
            await self._update()
            return self._models

    @property
    def overview(self) -> Overview:
        """How many models there are, and how many can be loaded, as far as it is known.

        As of the last list that was asked for.
        """
        return Overview(
            total=len(self._models.by_exact_name),
            load=self._loading[True],
            fail=self._loading[False],
            others=self._others,
        )

    @property
    def statuses(self) -> Mapping[str, EntryStatus]:
        """Those of all models by their exact names, as of the last list."""
        return dict(self._statuses)

    def summary(self, models: ModelList, entry: CatalogEntry) -> ModelSummary:
        """Return what is listed about one of `models`."""
        return models.summary(entry, self._builder.status(entry, models.variant(entry)))

    def weight_errors(self, entry: CatalogEntry) -> Mapping[Variant, WeightError]:
        """Return what was measured of the variants that this server has been asked for."""
        known = ((variant, self._builder.status(entry, variant)) for variant in Variant)
        return {
            variant: status.facts.weight_error
            for variant, status in known
            if status.state is EntryState.READY and status.facts and status.facts.weight_error
        }

    async def document(self, coding: str) -> Representation:
        """Return the document at ``/-/models.json`` in one content coding."""
        await self._catalog.refresh()
        async with self._lock:
            await self._update()
            overview = self.overview
            if IDENTITY not in self._documents:
                statuses = dict(self._statuses)
                made = await asyncio.to_thread(self._made, self._models, statuses, overview)
                self._documents[IDENTITY] = made
            if coding not in self._documents:
                plain = self._documents[IDENTITY]
                self._documents[coding] = await asyncio.to_thread(_compressed, plain)
            return self._documents[coding]

    async def _update(self) -> None:
        entries = tuple(self._catalog.entries)
        if self._others != self._catalog.others:
            self._others, self._documents = self._catalog.others, {}
        if entries != self._entries:
            models = await asyncio.to_thread(ModelList, entries, self._default)
            self._touched.update(_changed(self._models.by_exact_name, models.by_exact_name))
            self._entries, self._models, self._documents = entries, models, {}
        self._ask_builder()

    def _ask_builder(self) -> None:
        """Ask for each status that may have changed."""
        asked, self._passing = self._touched | self._passing, set()
        self._touched.clear()
        before = {name: self._statuses.pop(name, None) for name in asked}
        for name in asked & self._models.by_exact_name.keys():
            entry = self._models.by_exact_name[name]
            status = self._builder.status(entry, self._models.variant(entry))
            self._statuses[name] = status
            if status.is_passing:
                self._passing.add(name)
        changed = [name for name, was in before.items() if self._statuses.get(name) != was]
        for name in changed:
            self._documents = {}
            self._count(before[name], -1)
            self._count(self._statuses.get(name), 1)

    def _count(self, status: EntryStatus | None, step: int) -> None:
        if status is not None:
            self._loading[status.can_be_loaded] += step

    def _made(
        self, models: ModelList, statuses: Mapping[str, EntryStatus], overview: Overview
    ) -> Representation:
        """Return the document; parts of models that did not change are used again."""
        parts = {
            name: self._part(models, entry, statuses[name])
            for name, entry in models.by_exact_name.items()
        }
        self._parts = parts
        body = catalogue_json((part.body for part in parts.values()), self._default, overview)
        return replace(from_bytes(body, JSON), negotiated=True)

    def _part(self, models: ModelList, entry: CatalogEntry, status: EntryStatus) -> _Part:
        address = models.address(entry)
        last = self._parts.get(entry.exact_name)
        if last is not None and last.is_of(entry, status, address):
            return last
        body = summary_json(models.summary(entry, status))
        return _Part(entry=entry, status=status, address=address, body=body)


def _changed(
    before: Mapping[str, CatalogEntry], after: Mapping[str, CatalogEntry]
) -> Iterator[str]:
    """Yield the names of all models that are new, gone, or have other files than before."""
    yield from (name for name, entry in after.items() if before.get(name) is not entry)
    yield from before.keys() - after.keys()


def _compressed(plain: Representation) -> Representation:
    assert isinstance(plain.source, bytes)
    body = gzip.compress(plain.source, _GZIP_LEVEL, mtime=0)
    return replace(from_bytes(body, JSON), content_encoding=GZIP, negotiated=True)
