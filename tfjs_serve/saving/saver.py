"""Saves what pages send: one model after another under each name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

from tfjs_serve.builder import Builder
from tfjs_serve.catalog.catalog import Catalog
from tfjs_serve.catalog.folders import stamp_of
from tfjs_serve.catalog.model import CatalogEntry, EntryKind, FileStamp
from tfjs_serve.catalog.names import file_name_of, split_model_file
from tfjs_serve.catalog.places import Place, folded_name
from tfjs_serve.errors import CannotSaveHereError, SourceChangedError
from tfjs_serve.saving.placing import (
    changed_meanwhile,
    put_in_place,
    remove_staged,
    stage_beside,
    stamp_now,
)
from tfjs_serve.settings import SETTLE_PATIENCE_SECONDS, SETTLE_SECONDS, SavingLimits

Export = Callable[[Path, Path], Awaitable[Sequence[str]]]
"""From a folder with ``model.json`` and its weights to a new file, whose ending says which kind;
returns what users should know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What was saved.

    Attributes
    ----------
    exact_name
        The path of the file below the models folder.
    backup
        The name of the former file now; empty if there was none.
    stamp
        The identity of the file; ``None`` if another program has replaced it at once.
    notes
        What users should know.
    """

    exact_name: str
    backup: str
    stamp: FileStamp | None
    notes: tuple[str, ...]


class Saver:
    """Puts models into the watched folder.

    Parameters
    ----------
    export
        Writes the file of a TensorFlow.js model.
    """

    def __init__(
        self, *, catalog: Catalog, builder: Builder, export: Export, limits: SavingLimits
    ) -> None:
        self._catalog = catalog
        self._builder = builder
        self._export = export
        self._limits = limits
        self._uploads = asyncio.Semaphore(limits.at_once)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def place(self, name: str) -> Place:
        """Return the file that a model called `name` would be saved in now.

        Raises
        ------
        CannotSaveHereError, AmbiguousNameError
            There is none.
        """
        return await self._catalog.place(name)

    @asynccontextmanager
    async def upload(self) -> AsyncIterator[Path]:
        """Provide an empty folder for what is sent, when it is its turn.

        Raises
        ------
        StoreError
            The cache cannot be used.
        """
        async with self._uploads, self._builder.staged() as folder:
            yield folder

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[Place]:
        """Provide the place of a model; nobody else saves there at the same time.

        Raises
        ------
        CannotSaveHereError, AmbiguousNameError
            There is none.
        """
        lock = await self._lock_of(name)
        async with lock:
            yield await self._catalog.place(name)

    async def save(self, place: Place, folder: Path) -> Saved:
        """Make the model in `folder` that of `place`, whose turn it is.

        Raises
        ------
        CannotSaveHereError
            Another program writes the file.
        NotWritableError
            The folder cannot be written to.
        TfjsServeError
            The model cannot be saved as a Keras model, or not be served then.
        """
        stamp = await self._at_rest(place)
        staged = await asyncio.to_thread(stage_beside, place)
        try:
            async with self._builder.staged() as made_in:
                made = made_in / f"model{place.path.suffix}"
                notes = await self._export(folder, made)
                await self._builder.diagnose(await asyncio.to_thread(_entry_of, made, place))
                put = partial(put_in_place, made, staged, place, stamp)
                placed = await asyncio.to_thread(put, backups=self._limits.backups)
        finally:
            await asyncio.to_thread(remove_staged, staged)
        return Saved(
            exact_name=place.exact_name,
            backup=placed.backup,
            stamp=placed.stamp,
            notes=tuple(notes),
        )

    async def _lock_of(self, name: str) -> asyncio.Lock:
        """Return the lock of the file that `name` means, however it is spelled."""
        key = folded_name((await self._catalog.place(name)).exact_name)
        lock = self._turns.get(key)
        if lock is None:
            lock = self._turns[key] = asyncio.Lock()
        return lock

    async def _at_rest(self, place: Place) -> FileStamp | None:
        """Return the identity of the file that is there, once nobody writes it.

        Raises
        ------
        CannotSaveHereError
            Somebody goes on and on.
        """
        if place.entry is None:
            return None
        until_seconds = time.monotonic() + SETTLE_PATIENCE_SECONDS
        while True:
            try:
                stamp, *_ = await self._builder.at_rest(place.entry)
            except SourceChangedError:
                if await asyncio.to_thread(stamp_now, place) is None:
                    raise changed_meanwhile(place) from None
                if time.monotonic() > until_seconds:
                    raise CannotSaveHereError(
                        f"{place.exact_name} is being written by another program",
                        hint="wait until that is over, or save under another name",
                    ) from None
                await asyncio.sleep(SETTLE_SECONDS)
            else:
                return stamp


def _entry_of(made: Path, place: Place) -> CatalogEntry:
    """Return the entry of a file that will be at `place`, and is called like that in messages."""
    split = split_model_file(made.name)
    return CatalogEntry(
        name=file_name_of(place.exact_name),
        exact_name=place.exact_name,
        path=made,
        kind=split[1] if split is not None else EntryKind.HDF5,
        stamps=(stamp_of(place.exact_name, made.stat()),),
    )
