"""Find the models in a folder: all of them, or those that one name may mean."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tfjs_serve.catalog.folders import root_folder
from tfjs_serve.catalog.look import Look
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.tfjs_folders import TfjsReader
from tfjs_serve.catalog.tree import FolderTree, ScanResult
from tfjs_serve.sightings import Sightings


def scan(
    models_dir: Path, reader: TfjsReader | None = None, *, follow_symlinks: bool = False
) -> ScanResult:
    """Scan the whole folder.

    Parameters
    ----------
    follow_symlinks
        Whether links that lead out of the folder are followed.
    """
    return FolderTree(
        models_dir, reader or TfjsReader(), follow_symlinks=follow_symlinks
    ).look_at_all()


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
    look = Look(reader or TfjsReader(), root, sightings=sightings)
    found = _named(name, look.along(name))
    if look.warnings and sightings is not None:
        sightings.doubt()
    return found


def _named(name: str, found: Iterable[CatalogEntry | None]) -> list[CatalogEntry]:
    unique = dict.fromkeys(entry for entry in found if entry is not None)
    return [entry for entry in unique if name in (entry.name, entry.exact_name)]
