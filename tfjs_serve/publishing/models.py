"""Which models are published, in which forms, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tfjs_serve.artifacts.model import Artifact
from tfjs_serve.builder import Builder
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.names import url_name
from tfjs_serve.errors import SettingsError, TfjsServeError
from tfjs_serve.exporting.batch import build_newest, for_all
from tfjs_serve.settings import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """Models by their folders, from the destination on: what they became, or why they did not.

    Attributes
    ----------
    loaders
        The function of TF.js that loads each of them.
    """

    artifacts: Mapping[str, Artifact]
    refused: Mapping[str, TfjsServeError]
    loaders: Mapping[str, str]


def chosen(entries: Sequence[CatalogEntry], names: Sequence[str]) -> dict[str, CatalogEntry]:
    """Return the models that are named, or all, by their names in URLs.

    Raises
    ------
    SettingsError
        There is none of a name.
    """
    found = {_name(entry, entries): entry for entry in entries}
    if unknown := [name for name in names if name not in found]:
        raise SettingsError(
            f"there is no model {unknown[0]!r}", hint=f"the models are {', '.join(found)}"
        )
    return {name: found[name] for name in names or found}


def _name(entry: CatalogEntry, entries: Sequence[CatalogEntry]) -> str:
    return url_name(entry, [other for other in entries if other.name == entry.name])


async def build_all(
    builder: Builder,
    models: Mapping[str, CatalogEntry],
    variants: Sequence[Variant],
    on_done: Callable[[], None],
) -> Built:
    """Convert each model into each variant; those that were converted before are found again."""
    artifacts: dict[str, Artifact] = {}
    refused: dict[str, TfjsServeError] = {}
    loaders: dict[str, str] = {}
    names = {entry: name for name, entry in models.items()}
    for variant in variants:
        suffix = "" if variant is Variant.FULL else f"@{variant.value}"
        build = partial(build_newest, builder, variant=variant)
        for result in await for_all(names, build, lambda _: on_done()):
            folder = f"{names[result.entry]}{suffix}"
            loaders[folder] = result.entry.kind.loader
            if result.value is not None:
                artifacts[folder] = result.value.artifact
            elif result.error is not None:
                refused[folder] = result.error
    return Built(artifacts=artifacts, refused=refused, loaders=loaders)
