"""What looks at files and folders, and notes what it saw."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from tfjs_serve.catalog.folders import (
    Children,
    Folder,
    leads_out,
    list_folder,
    stamp_child,
    stamp_file,
)
from tfjs_serve.catalog.heads import HeadKind, Heads
from tfjs_serve.catalog.model import FileStamp, Neighbour
from tfjs_serve.neighbours import neighbours_called, size_problem
from tfjs_serve.sightings import Sightings

Neighbours = dict[Neighbour, FileStamp]
"""Files that are served with a model, with their identities."""


class Eyes:
    """Looks at single files and folders.

    Attributes
    ----------
    warnings
        What was left out, and why.
    sightings
        To note everything that is looked at.
    """

    def __init__(self, heads: Heads, sightings: Sightings | None = None) -> None:
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

    def head(self, folder: Folder, child: os.DirEntry[str]) -> tuple[FileStamp | None, HeadKind]:
        """Return the identity of a file, and what it may be."""
        stamp = self.stamp(folder, child)
        if stamp is None:
            return None, HeadKind.OTHER
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

    def shard_stamps(self, folder: Folder, paths: Sequence[str]) -> Iterator[FileStamp]:
        """Yield the identities of the files of a tfjs folder that are there."""
        if self.sightings is not None:
            _note_shards(self.sightings, folder, paths)
        for path in paths:
            stamp = stamp_file(folder, path, self.warn)
            if stamp is not None:
                yield stamp

    def neighbours(
        self,
        folder: Folder,
        wanted: Mapping[str, str],
        names: Collection[str] | None = None,
        *,
        may_lead_out: bool = True,
    ) -> Neighbours:
        """Return the files in `folder` that are served with a model, with their identities.

        Parameters
        ----------
        wanted
            Names of files that may be there, with those under which they are served. Of those that
            are served under one name, the first one counts.
        names
            All names in the folder, if they are known.
        may_lead_out
            Whether links may lead out of this folder, as far as those of models may.
        """
        found: dict[str, tuple[Neighbour, FileStamp]] = {}
        for file_name, name in wanted.items():
            if name in found or (names is not None and file_name not in names):
                continue
            if not may_lead_out and leads_out(folder, file_name):
                self._not_served(folder, file_name, "is a link out of its folder")
                continue
            for stamp in self.stamp_below(folder, file_name):
                problem = size_problem(stamp.size_bytes)
                if problem is not None:
                    self._not_served(folder, file_name, problem)
                else:
                    neighbour = Neighbour(name=name, path=Path(folder.path, file_name))
                    found[name] = neighbour, stamp
        return dict(found.values())

    def neighbours_of_folder(
        self, folder: Folder, children: Children, inside: Iterable[str]
    ) -> Neighbours:
        """Return the files that are served with a model that is a folder.

        Parameters
        ----------
        inside
            Names of those that may lie in it. They come before those beside it: libraries ask for
            what was made with the model.
        """
        found = self.neighbours(
            folder, {name: name for name in inside}, children, may_lead_out=False
        )
        if folder.parent is not None:
            taken = {one.name for one in found}
            called = neighbours_called(Path(folder.path).name)
            wanted = {at: name for at, name in called.items() if name not in taken}
            found |= self.neighbours(folder.parent, wanted)
        return found

    def _not_served(self, folder: Folder, file_name: str, problem: str) -> None:
        self.warn(f"{folder.relative_to_root(file_name)!r} is not served: it {problem}")


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
