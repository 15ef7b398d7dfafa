"""Look at folders: turn their files into entries, and collect warnings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from tfjs_serve.catalog import names
from tfjs_serve.catalog.eyes import Eyes
from tfjs_serve.catalog.folders import Children, Folder, is_link, subfolder
from tfjs_serve.catalog.forms import (
    ASSETS,
    CONFIG,
    LIST_ENDING,
    Architectures,
    asset_folders,
    folder_parts,
    is_shard,
    list_of_shard,
    neighbours_of_file,
)
from tfjs_serve.catalog.heads import HeadKind
from tfjs_serve.catalog.model import CatalogEntry, EntryKind, FileStamp, Neighbour
from tfjs_serve.catalog.others import NotAModel, names_to_look_into, others_among
from tfjs_serve.catalog.tfjs_folders import TfjsDocument, TfjsReader
from tfjs_serve.neighbours import IN_KERAS_FOLDERS, NEIGHBOURS
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.sightings import Sightings

_NOTHING: Mapping[str, CatalogEntry] = MappingProxyType({})


class Look(Eyes):
    """One look at folders below `root`.

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
        super().__init__(reader.heads, sightings)
        self.root = root
        self._root_name = names.root_folder_name(Path(root.path).name)
        self._reader = reader
        self._known = known

    def along(self, name: str) -> Iterator[CatalogEntry | None]:
        """Yield what `name` may mean, and what else is found on the way."""
        folder, children = self.root, self.children(self.root)
        yield from self.folder_entries(folder, children)
        *folder_names, last = name.split("/")
        for folder_name in folder_names:
            inner = self.step(folder, children, folder_name)
            if inner is None:
                return
            folder, children = inner, self.children(inner)
        yield from self.matches(folder, children, last)

    def file_entries(
        self, folder: Folder, children: Children, name: str | None = None
    ) -> Iterator[CatalogEntry]:
        """Yield the entries of model files in a folder.

        Parameters
        ----------
        name
            Only those whose name or exact name may end like this.
        """
        is_part = self._part_of_another(folder, children)
        architectures = self._architectures(folder, children)
        for file_name, child in children.items():
            if name is not None and file_name != name and not file_name.startswith(f"{name}."):
                continue
            kind = self._file_kind(folder, child)
            if kind is None or names.is_skipped_file(file_name) or is_part(file_name):
                continue
            stamp = self.stamp(folder, child)
            if stamp is None:
                continue
            others: tuple[FileStamp, ...] = ()
            if kind is EntryKind.KERAS_WEIGHTS:
                shards = [one for one in children if is_shard(file_name, one)]
                others = self.stamps(folder, children, shards)
            is_whole = kind is EntryKind.KERAS_ZIP
            candidates = () if is_whole else architectures.beside(file_name)
            beside = self.neighbours(folder, neighbours_of_file(file_name, children), children)
            stamps = (stamp, *others, *candidates, *beside.values())
            entry = self._file_entry(child, kind, stamps, len(candidates), tuple(beside))
            if entry is not None:
                yield entry

    def architectures(
        self, folder: Folder, children: Children, file_name: str
    ) -> tuple[FileStamp, ...]:
        """Return the identities of the files that may have the architecture of weights."""
        return self._architectures(folder, children).beside(file_name)

    def _architectures(self, folder: Folder, children: Children) -> Architectures:
        return Architectures(children, lambda name: self.head(folder, children[name]))

    def is_architecture(self, folder: Folder, children: Children, file_name: str) -> bool:
        """Whether a file may be an architecture of Keras."""
        child = children.get(file_name)
        return child is not None and self.head(folder, child)[1].is_to_be_tried

    def has_damaged_document(self, folder: Folder, children: Children) -> bool:
        """Whether a folder has a ``model.json`` that is neither TensorFlow.js's nor Keras's."""
        if self._document_stamp(folder, children) is None:
            return False
        return not self.is_architecture(folder, children, MODEL_JSON)

    def _file_kind(self, folder: Folder, child: os.DirEntry[str]) -> EntryKind | None:
        """Return what a model file is; ``None`` for any other file."""
        split = names.split_model_file(child.name)
        if split is not None:
            return split[1]
        if child.name.endswith(LIST_ENDING) and self._is_list(folder, child):
            return EntryKind.KERAS_WEIGHTS
        return None

    def _is_list(self, folder: Folder, child: os.DirEntry[str]) -> bool:
        return self.head(folder, child)[1] is HeadKind.LIST

    def _part_of_another(self, folder: Folder, children: Children) -> Callable[[str], bool]:
        """Return whether a file belongs to a model with another name in the same folder."""
        parts = folder_parts(children) if self.keras_entry(folder, children) is not None else ()

        def is_part(file_name: str) -> bool:
            if file_name in parts:
                return True
            child = children.get(list_of_shard(file_name) or "")
            return child is not None and self._is_list(folder, child)

        return is_part

    def _file_entry(
        self,
        child: os.DirEntry[str],
        kind: EntryKind,
        stamps: tuple[FileStamp, ...],
        candidates: int,
        neighbours: tuple[Neighbour, ...],
    ) -> CatalogEntry | None:
        exact_name = stamps[0].path
        known = self._known.get(exact_name)
        if known is not None and known.stamps == stamps:
            return known
        name = names.file_name_of(exact_name)
        if not self._can_be_served(name, exact_name):
            return None
        return CatalogEntry(
            name=name,
            exact_name=exact_name,
            path=Path(child.path),
            kind=kind,
            stamps=stamps,
            candidates=candidates,
            neighbours=neighbours,
        )

    def folder_entries(self, folder: Folder, children: Children) -> Iterator[CatalogEntry]:
        """Yield the models that the folder itself is."""
        found = (self.tfjs_entry(folder, children), self.keras_entry(folder, children))
        yield from (entry for entry in found if entry is not None)

    def keras_entry(self, folder: Folder, children: Children) -> CatalogEntry | None:
        """Return the entry of a folder that Keras wrote; ``None`` if it is none."""
        parts = folder_parts(children)
        if not parts or not self.is_architecture(folder, children, CONFIG):
            return None
        exact_name = names.folder_exact_name(folder.relative, CONFIG)
        name = folder.relative or self._root_name
        if not self._can_be_served(name, exact_name):
            return None
        own = (*self.stamps(folder, children, parts), *self._assets(folder, children))
        beside = self.neighbours_of_folder(folder, children, IN_KERAS_FOLDERS)
        entry = CatalogEntry(
            name=name,
            exact_name=exact_name,
            path=Path(folder.path, CONFIG),
            kind=EntryKind.KERAS_FOLDER,
            stamps=(*own, *beside.values()),
            neighbours=tuple(beside),
        )
        known = self._known.get(exact_name)
        return known if known == entry else entry

    def _assets(self, folder: Folder, children: Children) -> Iterator[FileStamp]:
        if ASSETS not in children or is_link(children[ASSETS]):
            return
        for place, files in asset_folders(folder.path):
            if self.sightings is not None:
                self.sightings.folder(place)
            for file in files:
                yield from self.stamp_below(folder, file)

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
        shards = self.shard_stamps(folder, document.shard_paths)
        inside = [name for name in NEIGHBOURS if name not in document.shard_paths]
        beside = self.neighbours_of_folder(folder, children, inside)
        entry = CatalogEntry(
            name=name,
            exact_name=exact_name,
            path=Path(folder.path),
            kind=document.kind,
            stamps=(document_stamp, *shards, *beside.values()),
            neighbours=tuple(beside),
        )
        known = self._known.get(exact_name)
        return known if known == entry else entry

    def others(self, folder: Folder, children: Children) -> tuple[NotAModel, ...]:
        """Return what in a folder is no model; links are nobody's business here."""
        plain = [name for name, child in children.items() if not is_link(child)]
        looked = {n: self.head(folder, children[n])[1] for n in names_to_look_into(plain)}
        problem = self._reader.problem(str(Path(folder.path, MODEL_JSON)))
        return others_among(folder.relative, plain, looked, problem=problem or "")

    def subfolders(self, folder: Folder, children: Iterable[os.DirEntry[str]]) -> Iterator[Folder]:
        """Yield the sub-folders that a scan enters."""
        for child in children:
            found = subfolder(folder, child, self.warn)
            if found is not None and self._can_be_entered(found):
                yield found

    def step(self, folder: Folder, children: Children, name: str) -> Folder | None:
        """Return the sub-folder of that name, if a scan would enter it."""
        child = children.get(name)
        if child is None or is_hidden_in(self.folder_entries(folder, children), name):
            return None
        if self.sightings is not None and is_link(child):
            self.sightings.doubt()
        return next(self.subfolders(folder, [child]), None)

    def matches(
        self, folder: Folder, children: Children, last: str
    ) -> Iterator[CatalogEntry | None]:
        """Yield what the last part of a name may mean in its folder."""
        if last in (MODEL_JSON, CONFIG):
            yield from self.folder_entries(folder, children)
        yield from self.file_entries(folder, children, last)
        inner = self.step(folder, children, last)
        if inner is not None:
            yield from self.folder_entries(inner, self.children(inner))

    def _document_stamp(self, folder: Folder, children: Children) -> FileStamp | None:
        child = children.get(MODEL_JSON)
        return None if child is None else self.stamp(folder, child)

    def _read_document(self, folder: Folder, stamp: FileStamp) -> TfjsDocument | None:
        path = str(Path(folder.path, MODEL_JSON))
        document = self._reader.read(path, stamp)
        problem = self._reader.problem(path)
        if problem and document is not None:  # it is being rewritten, and the last one counts
            self.warn(f"{folder.relative_to_root(MODEL_JSON)!r} {problem}")
        return document

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


def is_hidden_in(entries: Iterable[CatalogEntry], name: str) -> bool:
    """Whether the sub-folder `name` belongs to one of `entries`, which the folder itself is."""
    return any(
        entry.kind.is_tfjs or (entry.kind is EntryKind.KERAS_FOLDER and name == ASSETS)
        for entry in entries
    )
