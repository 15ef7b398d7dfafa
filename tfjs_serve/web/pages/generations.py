"""The versions of a model whose files are still there, as its page tells them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tfjs_serve.artifacts.model import ArtifactFile
from tfjs_serve.builder import KeptGeneration
from tfjs_serve.web.listing import utc
from tfjs_serve.web.pages.wording import readable_size

_WEIGHTS = ".bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationView:
    """A row of the table of generations.

    Attributes
    ----------
    new
        How much a page loads that has the version before.
    """

    name: str
    when: str
    count: str
    size: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardView:
    """A file with weights."""

    name: str
    path: str
    size: str


def generations_told(generations: Sequence[KeptGeneration]) -> Sequence[GenerationView]:
    """Return the rows, in the order that is given: newest first."""
    return [
        _told(one, before)
        for one, before in zip_longest(generations, generations[1:])
        if one is not None
    ]


def shards_of(generations: Sequence[KeptGeneration], page_url: str) -> Sequence[ShardView]:
    """Return the weights of the newest generation."""
    newest = _weights(generations[0]) if generations else ()
    return [
        ShardView(
            name=file.name, path=f"{page_url}{file.name}", size=readable_size(file.size_bytes)
        )
        for file in newest
    ]


def _told(one: KeptGeneration, before: KeptGeneration | None) -> GenerationView:
    shards = _weights(one)
    kept = {file.name for file in _weights(before)} if before else set()
    new = [file for file in shards if file.name not in kept]
    return GenerationView(
        name=one.artifact.key.short,
        when=utc(int(one.recorded_at * 10**9)),
        count=f"{len(shards):,}",
        size=_size(shards),
        new=_size(new) if before else "",
    )


def _weights(one: KeptGeneration) -> Sequence[ArtifactFile]:
    return [file for file in one.artifact.files if file.name.endswith(_WEIGHTS)]


def _size(files: Sequence[ArtifactFile]) -> str:
    return readable_size(sum(file.size_bytes for file in files))
