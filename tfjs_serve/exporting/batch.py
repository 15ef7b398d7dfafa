"""Process many models at once: for ``convert`` of a folder and ``check``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from tfjs_serve.builder import Build, Builder
from tfjs_serve.catalog.explicit import entry_for_path, is_folder_of_models
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.names import url_name
from tfjs_serve.catalog.others import NotAModel
from tfjs_serve.catalog.scan import scan
from tfjs_serve.errors import SettingsError, SourceChangedError, TfjsServeError
from tfjs_serve.settings import Variant

T = TypeVar("T")

_AT_ONCE = 8
"""How many models are processed at once; the pool decides how many are converted at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Generic[T]):
    """The result for one model: a value or an error."""

    entry: CatalogEntry
    value: T | None = None
    error: TfjsServeError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is at a path: models, what looks like one and is none, and what was left out."""

    entries: tuple[CatalogEntry, ...]
    others: tuple[NotAModel, ...] = ()
    warnings: tuple[str, ...] = ()


def found_at(path: Path, *, follow_symlinks: bool = False, topology: Path | None = None) -> Found:
    """Return the model at `path`, or all that is in the folder.

    Parameters
    ----------
    follow_symlinks
        Whether links that lead out of the folder are followed.
    topology
        The architecture that belongs to a file of weights.

    Raises
    ------
    TfjsServeError
        It is neither a model nor a folder of models; or an architecture is given for a folder.
    """
    if not is_folder_of_models(path):
        return Found(entries=(entry_for_path(path, topology),))
    if topology is not None:
        raise SettingsError(
            f"{str(path)!r} is a folder of models, for which --topology has no meaning",
            hint="give the file of the weights",
        )
    found = scan(path, follow_symlinks=follow_symlinks)
    return Found(entries=found.entries, others=found.others, warnings=found.warnings)


def models_at(
    path: Path,
    *,
    without: Path | None = None,
    follow_symlinks: bool = False,
    topology: Path | None = None,
) -> tuple[CatalogEntry, ...]:
    """Return the model at `path`, or all models in the folder.

    Parameters
    ----------
    without
        A folder in it whose models do not count: what was written there before.
    follow_symlinks
        Whether links that lead out of the folder are followed.
    topology
        The architecture that belongs to a file of weights.

    Raises
    ------
    TfjsServeError
        There is none; or an architecture is given for a folder of them.
    """
    found = found_at(path, follow_symlinks=follow_symlinks, topology=topology)
    return models_in(path, found, without=without)


def models_in(path: Path, found: Found, *, without: Path | None) -> tuple[CatalogEntry, ...]:
    """Return the models of what was found at `path`; see :func:`models_at`.

    Raises
    ------
    TfjsServeError
        There is none.
    """
    entries = found.entries
    if without is not None and _is_in(without, path) and not _is_in(path, without):
        entries = tuple(entry for entry in entries if not _is_in(entry.path, without))
    if not entries:
        raise no_models_in(path, found)
    return entries


def _is_in(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def targets(entries: Sequence[CatalogEntry], out: Path, ending: str = "") -> dict[Path, Path]:
    """Return where in the folder `out` each model goes, by its path.

    Parameters
    ----------
    ending
        Of the files to be written; empty for folders.

    Raises
    ------
    SettingsError
        Two of them have the same name.
    """
    places: dict[Path, Path] = {}
    taken: dict[Path, CatalogEntry] = {}
    for entry in entries:
        namesakes = [other for other in entries if other.name == entry.name]
        place = out / f"{url_name(entry, namesakes)}{ending}"
        if place in taken:
            raise SettingsError(
                f"{str(taken[place].path)!r} and {str(entry.path)!r} would both become "
                f"{str(place)!r}",
                hint="convert them one by one, each with an OUT of its own",
            )
        taken[place], places[entry.path] = entry, place
    return places


def no_models_in(folder: Path, found: Found) -> SettingsError:
    """Return the error about a folder without models, with what was left out of it."""
    told = [f"{other.path} is {other.message}; {other.hint}" for other in found.others]
    why = "".join(f": {reason}" for reason in (*found.warnings, *told)[:1])
    return SettingsError(
        f"there are no models in the folder {str(folder)!r}{why}",
        hint="give a model file, or a folder with .h5, .hdf5 or .keras files in it",
    )


async def build_newest(builder: Builder, entry: CatalogEntry, variant: Variant) -> Build:
    """Build a model; unlike a server, do not accept an earlier version of it.

    Raises
    ------
    SourceChangedError
        Only an earlier version is available.
    """
    build = await builder.build(entry, variant)
    if build.stale_reason is not None:
        raise SourceChangedError(
            f"{entry.exact_name} was not converted: {build.stale_reason}",
            hint="wait until it is saved completely, then convert it again",
        )
    return build


async def for_all(
    entries: Iterable[CatalogEntry],
    process: Callable[[CatalogEntry], Awaitable[T]],
    on_result: Callable[[Result[T]], None],
) -> Sequence[Result[T]]:
    """Process each model and return the results in order; `on_result` gets each when it is ready.

    Parameters
    ----------
    process
        Returns the value, or raises ``TfjsServeError``.
    """
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(entry: CatalogEntry) -> Result[T]:
        async with slots:
            result: Result[T]
            try:
                result = Result(entry=entry, value=await process(entry))
            except TfjsServeError as error:
                result = Result(entry=entry, error=error)
        on_result(result)
        return result

    return await asyncio.gather(*map(one, entries))
