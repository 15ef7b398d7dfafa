"""What a publish has to do. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tfjs_serve.publishing.manifest import Manifest, is_half_written, is_manifest
from tfjs_serve.publishing.model import IsMine, SiteFile, Stage
from tfjs_serve.settings import MODEL_JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be sent and removed.

    Attributes
    ----------
    stages
        Files to send: those of one stage in any order, when all of the one before are there.
    removed
        Paths to remove when all was sent.
    kept
        How many files are there already.
    manifest
        What is to be written down at the end.
    leftovers
        Paths of manifests that it replaces, and of what publishes that were ended left half
        written.
    others
        Paths of files of somebody else, which stay in place of what would have been sent.
    """

    stages: tuple[tuple[SiteFile, ...], ...]
    removed: tuple[str, ...]
    kept: int
    manifest: Manifest
    leftovers: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether all is as it is to be."""
        return not (any(self.stages) or self.removed or self.leftovers)


def plan(
    wanted: Sequence[SiteFile],
    sizes: Mapping[str, int],
    known: Manifest,
    *,
    is_mine: IsMine,
    removes_after_seconds: float | None,
    now: float,
) -> Plan:
    """Return what is to be done so that `wanted` is at the destination.

    A file is there if the listing has its size, a publish wrote down that it put it there, and
    its name or that note tells its bytes. An ETag does not: Azure gives each upload a new one,
    and Swift two to objects in parts.

    Parameters
    ----------
    sizes
        What is listed: sizes in bytes by path.
    known
        What manifests say, all together.
    removes_after_seconds
        How long files that no model needs any more stay; ``None`` removes nothing.
    now
        Seconds of the epoch.
    """
    others = tuple(file.path for file in wanted if _is_of_others(file, sizes, known))
    wanted = [file for file in wanted if file.path not in others]
    missing = [file for file in wanted if not _is_there(file, sizes, known)]
    folders = _folders([*known.files, *known.unneeded, *(file.path for file in wanted)])
    files = {
        path: digest
        for path, digest in known.files.items()
        if digest and not is_mine(_folder_of(path, folders))
    }
    files |= {file.path: file.sha256 for file in wanted}
    was_needed = known.files.keys() - files.keys()
    unneeded = dict.fromkeys(was_needed, now) | dict(known.unneeded)
    unneeded = {path: since for path, since in unneeded.items() if path not in files}
    removed = tuple(
        path
        for path, since in sorted(unneeded.items())
        if removes_after_seconds is not None and _is_over(path, now - since, removes_after_seconds)
    )
    left = {path: t for path, t in unneeded.items() if path in sizes and path not in removed}
    manifest = Manifest(files=files, unneeded=left)
    return Plan(
        stages=tuple(tuple(f for f in missing if f.stage is stage) for stage in Stage),
        removed=tuple(path for path in removed if path in sizes),
        kept=len(wanted) - len(missing),
        manifest=manifest,
        leftovers=tuple(path for path in own_files(sizes) if path != manifest.done),
        others=others,
    )


def own_files(paths: Iterable[str]) -> list[str]:
    """Return which of all paths are of manifests, or of files that are not whole."""
    return [path for path in paths if is_manifest(path) or is_half_written(path)]


def is_about_all(path: str, paths: Collection[str]) -> bool:
    """Whether a path is that of a file about all models, and among `paths`: it is in no folder."""
    return "/" not in path and path in paths


def _folders(paths: Iterable[str]) -> frozenset[str]:
    """Return the folders of models among all paths."""
    split = (path.rpartition("/") for path in paths)
    return frozenset(folder for folder, _, name in split if name == MODEL_JSON)


def _folder_of(path: str, folders: Collection[str]) -> str:
    """Return the folder of the model that a file belongs to; empty if it belongs to none.

    A model may lie in the folder of another one.
    """
    parents = (str(parent) for parent in PurePosixPath(path).parents)
    return next((parent for parent in parents if parent in folders), "")


def _is_there(file: SiteFile, sizes: Mapping[str, int], known: Manifest) -> bool:
    if sizes.get(file.path) != file.size_bytes:
        return False
    if file.stage is Stage.WEIGHTS:
        # Their bytes decide their names. But stores of several machines may still list for a while
        # what was removed; no manifest names that any more.
        return file.path in known.files or file.path in known.unneeded
    return known.files.get(file.path) == file.sha256


def _is_of_others(file: SiteFile, sizes: Mapping[str, int], known: Manifest) -> bool:
    """Whether somebody else has written such a file, for example a page of their own."""
    return file.stage is Stage.SITE and file.path in sizes and file.path not in known.files


def _is_over(path: str, age_seconds: float, grace_seconds: float) -> bool:
    """Whether a file may go: a ``model.json`` at once, and what it named when pages have it."""
    return path.rpartition("/")[2] == MODEL_JSON or age_seconds >= grace_seconds
