"""A catalogue of one model that was named by its path, and of nothing that lies beside it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tfjs_serve.catalog import names
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.explicit import entry_for_path
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.tree import ScanResult
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.sightings import Sightings


class OneModelCatalog(Catalog):
    """Knows one model; other files of its folder are looked at only if they belong to it.

    Parameters
    ----------
    path
        A file, or a folder that is a model. It may vanish and come back.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path

    def _look_up(
        self, name: str, known: tuple[CatalogEntry, ...] | None, sightings: Sightings | None
    ) -> CatalogEntry:
        if sightings is not None:
            sightings.doubt()  # not all that was looked at is noted
        found = [one for one in self._entries_now() if name in (one.name, one.exact_name)]
        return names.resolve(found, name, known=known)

    def _look_now(self, changed: Collection[str], *, look_at_all: bool) -> ScanResult:  # noqa: ARG002
        return ScanResult(entries=self._entries_now())

    def _entries_now(self) -> tuple[CatalogEntry, ...]:
        try:
            return (entry_for_path(self._path),)
        except TfjsServeError:
            return ()
