"""Model folders to look at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tfjs_serve.catalog.catalog import Catalog, CatalogChange

LAYERS = {"format": "layers-model", "modelTopology": {}, "weightsManifest": []}


class ModelsDir:
    """Writes into a folder of models."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, relative: str, content: bytes = b"weights") -> Path:
        path = self.path / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def tfjs(self, relative: str, document: object = LAYERS, **shards: bytes) -> Path:
        self.file(f"{relative}/model.json", json.dumps(document).encode())
        for name, content in shards.items():
            self.file(f"{relative}/{name}", content)
        return self.path / relative

    def link(self, relative: str, target: Path) -> None:
        path = self.path / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.symlink_to(target)
        except OSError:  # Windows without the privilege
            pytest.skip("no symbolic links here")


class Changes:
    """What a catalogue told, and waiting for it."""

    def __init__(self, catalog: Catalog) -> None:
        self.seen: list[tuple[str, str]] = []
        self._news = asyncio.Event()
        catalog.subscribe(self._take)

    def _take(self, change: CatalogChange) -> None:
        self.seen.append((change.kind.value, change.entry.exact_name))
        self._news.set()

    async def until(self, *expected: tuple[str, str]) -> None:
        """Wait until all of `expected` were told."""
        await asyncio.wait_for(self._until(set(expected)), timeout=30)

    async def _until(self, expected: set[tuple[str, str]]) -> None:
        while not expected <= set(self.seen):
            self._news.clear()
            await self._news.wait()


@pytest.fixture
def models(tmp_path: Path) -> ModelsDir:
    folder = tmp_path / "models"
    folder.mkdir()
    return ModelsDir(folder)


@pytest.fixture
def changes_of() -> Callable[[Catalog], Changes]:
    return Changes
