"""A page with a live model, and a training that saves it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from playwright.sync_api import Page

from tests.parity.harness import ServedModels
from tests.samples import SAMPLE_MODELS

MEASURES = [5.1, 3.5, 1.4, 0.2]


@dataclass
class LivePage:
    """A tab with ``live.html``, which has loaded a model of the server."""

    page: Page
    server: ServedModels

    @classmethod
    def opened(cls, page: Page, url: str, server: ServedModels) -> LivePage:
        page.goto(url)
        return cls(page, server)

    def start(self, name: str = "iris", **given: Any) -> bool:
        """Load the model; return whether it is live."""
        base = self.server.base_url
        argument = {"base": base, "url": f"{base}/{name}/model.json", **given}
        is_live: bool = self.page.evaluate("start", argument)
        return is_live

    def told(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Return what the page was told of that kind for the n-th time, once it was."""
        found = f"told.filter(({{ kind }}) => kind === '{kind}')"
        self.page.wait_for_function(f"count => {found}.length >= count", arg=count)
        one: dict[str, Any] = self.page.evaluate(f"count => {found}[count - 1]", count)
        return one

    def predicted(self) -> list[float]:
        values: list[float] = self.page.evaluate("x => predict(x, [1, 4])", MEASURES)
        return values

    def tensors(self) -> int:
        count: int = self.page.evaluate("tf.memory().numTensors")
        return count

    def wait_until_it_listens(self) -> None:
        """Wait until the server has a stream, so that what happens from now on is told."""
        while json.loads(self.server.get("/-/health").body)["listening"] == 0:
            self.page.wait_for_timeout(20)
        self.page.wait_for_timeout(300)  # for the hello, and what the page asks then


@contextmanager
def being_saved(path: Path) -> Iterator[h5py.File]:
    """Open a model file as a training does that writes it in its place."""
    with h5py.File(path, "r+") as file:
        yield file


def weights_in(file: h5py.File) -> dict[str, h5py.Dataset]:
    found: dict[str, h5py.Dataset] = {}

    def note(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item

    file["model_weights"].visititems(note)
    return found


def train(path: Path, factor: float = 0.9, *, only: str = "") -> None:
    """Change weights, as one epoch does; `only` those whose name has this text."""
    with being_saved(path) as file:
        for name, weight in weights_in(file).items():
            if only in name and weight.dtype == np.float32:
                weight[...] = weight[...] * np.float32(factor)


def edit(path: Path, change: Any) -> None:
    """Change the configuration of a model."""
    with being_saved(path) as file:
        config = json.loads(file.attrs["model_config"])
        change(config)
        file.attrs["model_config"] = json.dumps(config)


IRIS = SAMPLE_MODELS / "iris.h5"
