"""What looks at files and folders, and notes what it saw."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from tfjs_serve.catalog.folders import Children, Folder, list_folder, stamp_child, stamp_file
from tfjs_serve.catalog.forms import JsonHeads, JsonKind
from tfjs_serve.catalog.model import FileStamp
from tfjs_serve.sightings import Sightings


class Eyes:
    """Looks at single files and folders.

    Attributes
    ----------
    warnings
        What was left out, and why.
    sightings
        To note everything that is looked at.
    """

    def __init__(self, heads: JsonHeads, sightings: Sightings | None = None) -> None:
        self.warnings: list[str] = []
        self.sightings = sightings
        self._heads = heads

    def warn(self, warning: str) -> None:
        """Add a warning."""
        self.warnings.append(warning)

    def children(self, folder: Folder) -> Children:
        """Return what is in a folder, by name."""
        if self.sightings is not None:
            self.sightings.folder(folder.path)
        return list_folder(folder, self.warn)

    def stamp(self, folder: Folder, child: os.DirEntry[str]) -> FileStamp | None:
        """Return the identity of `child`, if it is a file that may be looked at."""
        if self.sightings is not None:
            self.sightings.file(child.path)
        return stamp_child(folder, child, self.warn)

    def stamps(
        self, folder: Folder, children: Children, file_names: Iterable[str]
    ) -> tuple[FileStamp, ...]:
        """Return the identities of those children that are files."""
        found = (self.stamp(folder, children[name]) for name in file_names)
        return tuple(stamp for stamp in found if stamp is not None)

    def json(self, folder: Folder, child: os.DirEntry[str]) -> tuple[FileStamp | None, JsonKind]:
        """Return the identity of a JSON file, and what it may be."""
        stamp = self.stamp(folder, child)
        if stamp is None:
            return None, JsonKind.OTHER
        return stamp, self._heads.kind(child.path, stamp)

    def stamp_below(self, folder: Folder, path: str) -> Iterator[FileStamp]:
        """Yield the identity of the file at `path` below a folder, if there is one."""
        if self.sightings is not None:
            self.sightings.file(Path(folder.path, path))
            if "/" in path:  # there may be a link on the way
                self.sightings.doubt()
        stamp = stamp_file(folder, path, self.warn)
        if stamp is not None:
            yield stamp
