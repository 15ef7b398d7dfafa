"""All folders of the watched tree as they were last seen: what did not change is not read again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from pathlib import Path

from tfjs_serve.catalog.folders import (
    Folder,
    is_link,
    list_folder,
    root_folder,
)
from tfjs_serve.catalog.look import Look, is_hidden_in
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.others import NotAModel
from tfjs_serve.catalog.tfjs_folders import TfjsReader
from tfjs_serve.sightings import COARSE_TICK_NS, SECOND_NS, Identity, identity_of, times_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What is in the whole tree.

    Attributes
    ----------
    entries
        In the order of their exact names.
    warnings
        What was left out although users may expect it, one sentence each, without duplicates.
    others
        What looks like a model and is none, in the order of paths.
    """

    entries: tuple[CatalogEntry, ...]
    warnings: tuple[str, ...] = field(default=())
    others: tuple[NotAModel, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One folder when it was last looked at.

    Attributes
    ----------
    identity
        ``None`` if an equal one would not say that nothing was added, removed or renamed: it is too
        young, or the folder has links, which may lead elsewhere tomorrow.
    """

    folder: Folder
    identity: Identity | None
    entries: tuple[CatalogEntry, ...] = ()
    subfolders: tuple[Folder, ...] = ()
    warnings: tuple[str, ...] = ()
    others: tuple[NotAModel, ...] = ()


_MayStay = Callable[[_Seen], bool]


class FolderTree:
    """Looks at the watched tree, folder by folder, and remembers what it saw.

    Not to be used by two threads at the same time.

    Parameters
    ----------
    reader
        Remembers the ``model.json`` files of earlier looks.
    follow_symlinks
        Whether links that lead out of the folder are followed.
    clock
        The time that times of folders are compared with, in seconds.
    """

    def __init__(
        self,
        models_dir: Path,
        reader: TfjsReader,
        *,
        follow_symlinks: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._models_dir = str(models_dir)
        self._reader = reader
        self._follow_symlinks = follow_symlinks
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._result = ScanResult(entries=())

    @property
    def size(self) -> int:
        """How many models and folders there were."""
        return len(self._result.entries) + len(self._seen)

    def look_at_all(self) -> ScanResult:
        """Look at every folder and every model.

        Returns
        -------
        ScanResult
            The same object as before if nothing has changed.
        """
        result = self._look(lambda _seen: False)
        self._reader.forget_all_but(seen.folder.path for seen in self._seen.values())
        return result

    def look_again(self, changed: Collection[str]) -> ScanResult:
        """Look at the folders in which something was added, removed or renamed, and at `changed`.

        This costs one ``stat`` for each folder. Not noticed elsewhere: that a file is rewritten in
        its place.

        Parameters
        ----------
        changed
            Paths of folders, with all links resolved or as they are below `models_dir`. If one of
            them is not known, everything is looked at.
        """
        known = chain.from_iterable(_paths(seen.folder) for seen in self._seen.values())
        if changed and not set(known).issuperset(changed):
            return self.look_at_all()
        return self._look(lambda seen: _is_as_it_was(seen, changed))

    def _look(self, may_stay: _MayStay) -> ScanResult:
        before, self._seen = self._seen, {}
        if _is_folder(self._models_dir):
            # If the walk fails, nothing is known, and everything is looked at the next time.
            self._seen = {seen.folder.relative: seen for seen in self._walk(before, may_stay)}
            now = _joined(self._seen.values())
        else:
            missing = f"the folder {self._models_dir!r} is not there"
            now = ScanResult(entries=(), warnings=(missing,))
        if now != self._result:
            self._result = now
        return self._result

    def _walk(self, before: Mapping[str, _Seen], may_stay: _MayStay) -> Iterator[_Seen]:
        known = {entry.exact_name: entry for entry in self._result.entries}
        root = root_folder(self._models_dir, follow_out=self._follow_symlinks)
        look = Look(self._reader, root, known)
        pending = [(root, False)]
        while pending:
            folder, is_new_beside = pending.pop()
            seen = before.get(folder.relative)
            if (
                seen is None
                or not _is_same(seen.folder, folder)
                or (is_new_beside and _is_model(seen))
                or not may_stay(seen)
            ):
                seen = self._look_into(folder, look)
            yield seen
            is_new = seen is not before.get(folder.relative)
            pending += [(inner, is_new) for inner in seen.subfolders]

    def _look_into(self, folder: Folder, look: Look) -> _Seen:
        look.warnings = []
        looked_at_seconds = self._clock()
        identity = identity_of(folder.path)  # before the list, so that later changes show
        children = list_folder(folder, look.warn)
        whole = tuple(look.folder_entries(folder, children))
        files = tuple(look.file_entries(folder, children))
        inner = [child for name, child in children.items() if not is_hidden_in(whole, name)]
        subfolders = tuple(look.subfolders(folder, inner))
        others = () if whole else look.others(folder, children)
        tells = not (look.warnings or any(map(is_link, children.values())))
        return _Seen(
            folder=folder,
            identity=identity if tells and _is_lasting(identity, looked_at_seconds) else None,
            entries=(*whole, *files),
            subfolders=subfolders,
            warnings=tuple(look.warnings),
            others=others,
        )


def _joined(folders: Collection[_Seen]) -> ScanResult:
    entries = chain.from_iterable(seen.entries for seen in folders)
    warnings = chain.from_iterable(seen.warnings for seen in folders)
    others = chain.from_iterable(seen.others for seen in folders)
    return ScanResult(
        entries=tuple(sorted(entries, key=attrgetter("exact_name"))),
        warnings=tuple(dict.fromkeys(warnings)),
        others=tuple(sorted(others, key=attrgetter("path"))),
    )


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where one may not look


def _is_same(one: Folder, other: Folder) -> bool:
    return one is other or one == other


def _is_model(seen: _Seen) -> bool:
    """Whether a folder is itself a model, to which files beside it may belong."""
    return any(entry.kind.is_folder for entry in seen.entries)


def _is_lasting(identity: Identity, looked_at_seconds: float) -> bool:
    """Whether no later change can leave the folder with this identity."""
    times = times_of(identity)
    return times is not None and looked_at_seconds * SECOND_NS - max(times) > COARSE_TICK_NS


def _is_as_it_was(seen: _Seen, changed: Collection[str]) -> bool:
    if seen.identity is None or any(path in changed for path in _paths(seen.folder)):
        return False
    return identity_of(seen.folder.path) == seen.identity


def _paths(folder: Folder) -> tuple[str, str]:
    return folder.real_path, folder.path
