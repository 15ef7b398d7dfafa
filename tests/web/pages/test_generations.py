"""The versions of a model whose files are there."""

from __future__ import annotations

from pathlib import Path

from tests.web.fakes import make_entry
from tests.web.test_pages import ORIGIN, TFJS, Elements, summaries
from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey
from tfjs_serve.builder import KeptGeneration
from tfjs_serve.web.pages.generations import generations_told, shards_of
from tfjs_serve.web.pages.model import model_page


def kept(digit: str, *shards: str, seconds: float = 0.0) -> KeptGeneration:
    files = [
        ArtifactFile(name=f"weights.{name}.bin", size_bytes=1024, sha256=name) for name in shards
    ]
    files.append(ArtifactFile(name="model.json", size_bytes=500, sha256=""))
    artifact = Artifact(
        key=ArtifactKey(digest=digit * 64), directory=Path("/nowhere"), files=tuple(files)
    )
    return KeptGeneration(artifact=artifact, recorded_at=seconds)


def test_a_generation_tells_what_is_new_in_it() -> None:
    rows = generations_told([kept("b", "x", "z", seconds=86400.5), kept("a", "x", "y")])
    assert [(row.name, row.when, row.count, row.size, row.new) for row in rows] == [
        ("b" * 16, "1970-01-02T00:00:00Z", "2", "2.0 KiB", "1.0 KiB"),
        ("a" * 16, "1970-01-01T00:00:00Z", "2", "2.0 KiB", ""),
    ]


def test_the_page_lists_the_shards_of_the_newest() -> None:
    generations = [kept("b", "x", "z"), kept("a", "y")]
    (summary,) = summaries(make_entry("iris.h5"))
    page = Elements(model_page(summary, generations, origin=ORIGIN, tfjs=TFJS))
    assert {"/iris/weights.x.bin", "/iris/weights.z.bin"} <= set(page.links)
    assert "/iris/weights.y.bin" not in page.links
    assert "2 files of the newest" in page.text
    assert shards_of([], "/iris/") == []
    assert "Generations" not in Elements(model_page(summary, origin=ORIGIN, tfjs=TFJS)).text
