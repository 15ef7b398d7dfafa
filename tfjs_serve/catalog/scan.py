"""Find the models in a folder: all of them, or those that one name may mean."""

from __future__ import annotations

import os
import stat as stat_flags
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfjs_serve.catalog import names
from tfjs_serve.catalog.folders import (
    Folder,
    is_link,
    list_folder,
    root_folder,
    stamp_file,
    stamp_of,
    subfolder,
)
from tfjs_serve.catalog.model import CatalogEntry, FileStamp
from tfjs_serve.catalog.tfjs_folders import TfjsDocument, TfjsReader
from tfjs_serve.errors import KerasFileError, TfjsFolderError, TfjsServeError
from tfjs_serve.settings import MODEL_JSON, MODEL_SUFFIXES
from tfjs_serve.sightings import Sightings

Children = Mapping[str, "os.DirEntry[str]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """What one scan of the whole folder found.

    Attributes
    ----------
    entries
        In the order of their exact names.
    warnings
        What was left out although users may expect it, one sentence each, without duplicates.
    """

    entries: tuple[CatalogEntry, ...]
    warnings: tuple[str, ...] = field(default=())


def scan(
    models_dir: Path, reader: TfjsReader | None = None, *, follow_symlinks: bool = False
) -> ScanResult:
    """Scan the whole folder.

    Parameters
    ----------
    reader
        Remembers the ``model.json`` files of earlier scans.
    follow_symlinks
        Whether links that lead out of the folder are followed.
    """
    if not os.path.isdir(models_dir):  # noqa: PTH112 - Path.is_dir raises where one may not look
        return ScanResult(entries=(), warnings=(f"the folder {str(models_dir)!r} is not there",))
    look = _Look(reader or TfjsReader(), root_folder(str(models_dir), follow_out=follow_symlinks))
    pending = [look.root]
    entries: list[CatalogEntry] = []
    while pending:
        folder = pending.pop()
        children = list_folder(folder, look.warn)
        tfjs = look.tfjs_entry(folder, children)
        entries += filter(None, (tfjs, *(look.file_entry(folder, name) for name in children)))
        if tfjs is None:
            pending += look.subfolders(folder, children.values())
    entries.sort(key=lambda entry: entry.exact_name)
    return ScanResult(entries=tuple(entries), warnings=tuple(dict.fromkeys(look.warnings)))


def find(
    models_dir: Path,
    name: str,
    reader: TfjsReader | None = None,
    *,
    follow_symlinks: bool = False,
    sightings: Sightings | None = None,
) -> list[CatalogEntry]:
    """Return the entries whose name or exact name is `name`, looking only where they can be.

    The result agrees with :func:`scan`, but only the folders along the name are listed.

    Parameters
    ----------
    sightings
        To note everything that the result depends on.
    """
    root = root_folder(str(models_dir), follow_out=follow_symlinks)
    look = _Look(reader or TfjsReader(), root, sightings)
    found = _named(name, look.along(name))
    if look.warnings and sightings is not None:
        sightings.doubt()
    return found


def _named(name: str, found: Iterable[CatalogEntry | None]) -> list[CatalogEntry]:
    unique = dict.fromkeys(entry for entry in found if entry is not None)
    return [entry for entry in unique if name in (entry.name, entry.exact_name)]


class _Look:
    """One scan of the tree: turns folders and files into entries, and collects warnings."""

    def __init__(
        self, reader: TfjsReader, root: Folder, sightings: Sightings | None = None
    ) -> None:
        self.warnings: list[str] = []
        self._sightings = sightings
        self.root = root
        self._root_name = names.root_folder_name(Path(root.path).name)
        self._reader = reader

    def warn(self, warning: str) -> None:
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

    def file_entry(self, folder: Folder, file_name: str) -> CatalogEntry | None:
        split = names.split_model_file(file_name)
        if split is None or names.is_skipped_file(file_name):
            return None
        stamp = self._stamp(folder, file_name)
        exact_name = folder.relative_to_root(file_name)
        name = names.file_name_of(exact_name)
        if stamp is None or not self._can_be_served(name, exact_name):
            return None
        path = Path(folder.path, file_name)
        return CatalogEntry(
            name=name, exact_name=exact_name, path=path, kind=split[1], stamps=(stamp,)
        )

    def tfjs_entry(self, folder: Folder, children: Children) -> CatalogEntry | None:
        document_stamp = self._document_stamp(folder, children)
        if document_stamp is None:
            return None
        document = self._read_document(folder, document_stamp)
        exact_name = names.folder_exact_name(folder.relative)
        name = folder.relative or self._root_name
        if document is None or not self._can_be_served(name, exact_name):
            return None
        return CatalogEntry(
            name=name,
            exact_name=exact_name,
            path=Path(folder.path),
            kind=document.kind,
            stamps=(document_stamp, *self._shard_stamps(folder, document)),
        )

    def subfolders(self, folder: Folder, children: Iterable[os.DirEntry[str]]) -> Iterator[Folder]:
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
        for file_name in children:
            if file_name == last or file_name.startswith(f"{last}."):
                yield self.file_entry(folder, file_name)
        inner = self.step(folder, children, last)
        if inner is not None:
            yield self.tfjs_entry(inner, self._children(inner))

    def _children(self, folder: Folder) -> Children:
        if self._sightings is not None:
            self._sightings.folder(folder.path)
        return list_folder(folder, self.warn)

    def _stamp(self, folder: Folder, relative_path: str) -> FileStamp | None:
        if self._sightings is not None:
            self._sightings.file(Path(folder.path, relative_path))
            if "/" in relative_path:  # there may be a link on the way
                self._sightings.doubt()
        return stamp_file(folder, relative_path, self.warn)

    def _document_stamp(self, folder: Folder, children: Children) -> FileStamp | None:
        return self._stamp(folder, MODEL_JSON) if MODEL_JSON in children else None

    def _read_document(self, folder: Folder, stamp: FileStamp) -> TfjsDocument | None:
        path = str(Path(folder.path, MODEL_JSON))
        document = self._reader.read(path, stamp)
        problem = self._reader.problem(path)
        if problem:
            self.warn(f"{folder.relative_to_root(MODEL_JSON)!r} {problem}")
        return document

    def _shard_stamps(self, folder: Folder, document: TfjsDocument) -> Iterator[FileStamp]:
        stamps = (self._stamp(folder, path) for path in document.shard_paths)
        return filter(None, stamps)

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


def entry_for_path(path: Path) -> CatalogEntry:
    """Return the entry of one model file, tfjs folder or its ``model.json``, wherever it is.

    Raises
    ------
    KerasFileError
        There is no such file, or its ending is not one of a Keras model.
    TfjsFolderError
        The folder is not a TensorFlow.js model.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would rename what a link names
    folder_path = path.parent if path.name == MODEL_JSON else path
    try:
        stat = path.stat()
    except (OSError, ValueError) as error:
        raise KerasFileError(
            f"cannot open {str(path)!r}: {getattr(error, 'strerror', error)}",
            hint="check the path; convert takes one model file",
        ) from error
    if stat_flags.S_ISDIR(stat.st_mode) or path.name == MODEL_JSON:
        return _folder_entry(folder_path)
    return _single_file_entry(path, stat)


def _single_file_entry(path: Path, stat: os.stat_result) -> CatalogEntry:
    split = names.split_model_file(path.name)
    if split is None or not stat_flags.S_ISREG(stat.st_mode):
        raise KerasFileError(
            f"{path.name!r} is not a Keras model file",
            hint=f"save the model with Keras as {', '.join(MODEL_SUFFIXES)}",
        )
    name, kind = split
    stamp = stamp_of(path.name, stat)
    return CatalogEntry(name=name, exact_name=path.name, path=path, kind=kind, stamps=(stamp,))


def _folder_entry(path: Path) -> CatalogEntry:
    look = _Look(TfjsReader(), root_folder(str(path)))
    entry = look.tfjs_entry(look.root, list_folder(look.root, look.warn))
    if entry is None:
        raise _no_tfjs_folder(path, look.warnings)
    return entry


def _no_tfjs_folder(path: Path, warnings: list[str]) -> TfjsServeError:
    if (path / "saved_model.pb").is_file():
        return KerasFileError(
            f"{path.name!r} is a TensorFlow SavedModel",
            hint="load it in Keras and save it with model.save('name.keras')",
        )
    reason = warnings[0] if warnings else f"it has no TensorFlow.js {MODEL_JSON}"
    return TfjsFolderError(
        f"the folder {path.name!r} is not a model: {reason}",
        hint="give one model file; to serve a folder of models, use: tfjs-serve DIR",
    )
