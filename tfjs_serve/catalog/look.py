"""Look at folders: turn their files into entries, and collect warnings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from tfjs_serve.catalog import names
from tfjs_serve.catalog.folders import (
    Children,
    Folder,
    is_link,
    list_folder,
    stamp_child,
    stamp_file,
    subfolder,
)
from tfjs_serve.catalog.model import CatalogEntry, EntryKind, FileStamp
from tfjs_serve.catalog.tfjs_folders import TfjsDocument, TfjsReader
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.sightings import Sightings

_NOTHING: Mapping[str, CatalogEntry] = MappingProxyType({})


class Look:
    """One look at folders below `root`; `warnings` is what was left out, and why.

    Parameters
    ----------
    known
        Earlier entries by exact name: those that are still right are used again.
    sightings
        To note everything that is looked at.
    """

    def __init__(
        self,
        reader: TfjsReader,
        root: Folder,
        known: Mapping[str, CatalogEntry] = _NOTHING,
        sightings: Sightings | None = None,
    ) -> None:
        self.warnings: list[str] = []
        self._sightings = sightings
        self.root = root
        self._root_name = names.root_folder_name(Path(root.path).name)
        self._reader = reader
        self._known = known

    def warn(self, warning: str) -> None:
        """Add a warning."""
        self.warnings.append(warning)

    def along(self, name: str) -> Iterator[CatalogEntry | None]:
        """Yield what `name` may mean, and what else is found on the way."""
        folder, children = self.root, self._children(self.root)
        yield self.tfjs_entry(folder, children)
        *folder_names, last = name.split("/")
        for folder_name in folder_names:
            inner = self.step(folder, children, folder_name)
            if inner is None:
                return
            folder, children = inner, self._children(inner)
        yield from self.matches(folder, children, last)

    def file_entry(self, folder: Folder, child: os.DirEntry[str]) -> CatalogEntry | None:
        """Return the entry of a model file; ``None`` for any other file, and for folders."""
        split = names.split_model_file(child.name)
        if split is None or names.is_skipped_file(child.name):
            return None
        stamp = self._stamp(folder, child)
        if stamp is None:
            return None
        known = self._known.get(stamp.path)
        if known is not None and known.stamps == (stamp,):
            return known
        return self._new_entry(Path(child.path), split[1], stamp)

    def _new_entry(self, path: Path, kind: EntryKind, stamp: FileStamp) -> CatalogEntry | None:
        exact_name = stamp.path
        name = names.file_name_of(exact_name)
        if not self._can_be_served(name, exact_name):
            return None
        return CatalogEntry(name=name, exact_name=exact_name, path=path, kind=kind, stamps=(stamp,))

    def tfjs_entry(self, folder: Folder, children: Children) -> CatalogEntry | None:
        """Return the entry of a folder that is a TensorFlow.js model; ``None`` if it is none."""
        document_stamp = self._document_stamp(folder, children)
        if document_stamp is None:
            return None
        document = self._read_document(folder, document_stamp)
        exact_name = names.folder_exact_name(folder.relative)
        name = folder.relative or self._root_name
        if document is None or not self._can_be_served(name, exact_name):
            return None
        entry = CatalogEntry(
            name=name,
            exact_name=exact_name,
            path=Path(folder.path),
            kind=document.kind,
            stamps=(document_stamp, *self._shard_stamps(folder, document)),
        )
        known = self._known.get(exact_name)
        return known if known == entry else entry

    def subfolders(self, folder: Folder, children: Iterable[os.DirEntry[str]]) -> Iterator[Folder]:
        """Yield the sub-folders that a scan enters."""
        for child in children:
            found = subfolder(folder, child, self.warn)
            if found is not None and self._can_be_entered(found):
                yield found

    def step(self, folder: Folder, children: Children, name: str) -> Folder | None:
        """Return the sub-folder of that name, if a scan would enter it."""
        child = children.get(name)
        if child is None or self.tfjs_entry(folder, children) is not None:
            return None
        if self._sightings is not None and is_link(child):
            self._sightings.doubt()
        return next(self.subfolders(folder, [child]), None)

    def matches(
        self, folder: Folder, children: Children, last: str
    ) -> Iterator[CatalogEntry | None]:
        """Yield what the last part of a name may mean in its folder."""
        if last == MODEL_JSON:
            yield self.tfjs_entry(folder, children)
        for file_name, child in children.items():
            if file_name == last or file_name.startswith(f"{last}."):
                yield self.file_entry(folder, child)
        inner = self.step(folder, children, last)
        if inner is not None:
            yield self.tfjs_entry(inner, self._children(inner))

    def _children(self, folder: Folder) -> Children:
        if self._sightings is not None:
            self._sightings.folder(folder.path)
        return list_folder(folder, self.warn)

    def _stamp(self, folder: Folder, child: os.DirEntry[str]) -> FileStamp | None:
        if self._sightings is not None:
            self._sightings.file(child.path)
        return stamp_child(folder, child, self.warn)

    def _document_stamp(self, folder: Folder, children: Children) -> FileStamp | None:
        child = children.get(MODEL_JSON)
        return None if child is None else self._stamp(folder, child)

    def _read_document(self, folder: Folder, stamp: FileStamp) -> TfjsDocument | None:
        path = str(Path(folder.path, MODEL_JSON))
        document = self._reader.read(path, stamp)
        problem = self._reader.problem(path)
        if problem:
            self.warn(f"{folder.relative_to_root(MODEL_JSON)!r} {problem}")
        return document

    def _shard_stamps(self, folder: Folder, document: TfjsDocument) -> Iterator[FileStamp]:
        if self._sightings is not None:
            _note_shards(self._sightings, folder, document.shard_paths)
        for path in document.shard_paths:
            stamp = stamp_file(folder, path, self.warn)
            if stamp is not None:
                yield stamp

    def _can_be_served(self, name: str, exact_name: str) -> bool:
        problem = names.name_problem(name) or names.name_problem(exact_name)
        if problem:
            self.warn(f"{exact_name!r} is not served: its name {problem}; rename it")
        return problem is None

    def _can_be_entered(self, folder: Folder) -> bool:
        problem = names.name_problem(folder.relative)
        if problem:
            self.warn(f"the folder {folder.relative!r} is skipped: its name {problem}; rename it")
        return problem is None


def _note_shards(sightings: Sightings, folder: Folder, paths: Iterable[str]) -> None:
    """Note files of a tfjs folder, and the folders on the way to them, which may become links."""
    parents = (parent for path in paths for parent in PurePosixPath(path).parents)
    for inner in dict.fromkeys(parents):
        place = Path(folder.path, inner)
        sightings.folder(place)
        if os.path.realpath(place) != str(Path(folder.real_path, inner)):
            sightings.doubt()
    for path in paths:
        sightings.file(Path(folder.path, path))
