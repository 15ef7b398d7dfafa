"""Weight of the pages, and the time until something is seen in Chromium; prints a table:

    python3 dev.py bench pages [--models 10000] [--rounds 5]
        --write     put the table into docs/pages.md

The folder has many models, of which the first page's have been converted, so that everything is
known of them, and one model of 5,000 layers. Weights are those of bodies as they come over the
network, compressed. Each time is from the navigation: of the first byte, of the first paint
(Chromium's `first-contentful-paint`), and until the page has loaded. Medians of some rounds, each
in a browser context of its own, whose cache is empty.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from performance_page import write_tables
from playwright.sync_api import Browser, sync_playwright
from tables import Table

from tests.e2e.browser import chromium_path
from tests.parity.harness import ServedModels
from tfjs_serve.web.excerpt import MODELS_PER_PAGE

SMALL = ROOT / "sample_models" / "iris.h5"
PAGE = ROOT / "docs" / "pages.md"
LAYERS = 5_000
PER_FOLDER = 10
MEASURE = """() => new Promise((resolve) => {
  const told = () => {
    const [page] = performance.getEntriesByType("navigation");
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    if (!page.loadEventEnd || !paint) return setTimeout(told, 10);
    const all = [page, ...performance.getEntriesByType("resource")];
    resolve({
      bytes: all.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
      html: page.encodedBodySize,
      first: page.responseStart,
      paint: paint.startTime,
      loaded: page.loadEventEnd,
    });
  };
  told();
})"""

FIGURES = {
    "html": ("HTML", "KB", 1e-3),
    "bytes": ("in all", "KB", 1e-3),
    "first": ("first byte", "ms", 1),
    "paint": ("first paint", "ms", 1),
    "loaded": ("loaded", "ms", 1),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="dev.py bench pages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    table = Table("Pages", [f"Medians of {given.rounds} visits, each with an empty cache."])
    with serving(given.models) as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            chromium_sandbox=not (hasattr(os, "geteuid") and os.geteuid() == 0),
        )
        for name, path in paths(given.models).items():
            for _ in range(given.rounds):
                add(table, name, measured(browser, f"{origin}{path}"))
        browser.close()
    print(table.to_markdown())
    if given.write:
        write_tables(PAGE, {"pages": table})


def paths(models: int) -> dict[str, str]:
    last = models // 50
    return {
        f"the first of {models:,} models": "/",
        "the last of them": f"/?page={last}",
        "a search": "/?q=model_777",
        "the largest first": "/?sort=-size",
        "a small model": "/group_0/model_0/",
        f"a model of {LAYERS:,} layers": "/deep/",
    }


def measured(browser: Browser, url: str) -> dict[str, float]:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        figures: dict[str, float] = page.evaluate(MEASURE)
        return figures


def add(table: Table, name: str, figures: dict[str, float]) -> None:
    """Add what was measured of one visit of a page."""
    for key, (what, unit, factor) in FIGURES.items():
        table.add(table.row(what, unit), name, figures[key] * factor)


@contextmanager
def serving(count: int) -> Iterator[str]:
    """Serve the models; yields the origin of the server."""
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder, "models")
        write_models(models, count)
        work = Path(folder, "served")
        work.mkdir()
        server = ServedModels(work, models=models)
        try:
            convert_first(server.base_url)
            yield server.base_url
        finally:
            server.close()


def write_models(folder: Path, count: int) -> None:
    """Write the many models, and the deep one."""
    body = SMALL.read_bytes()
    for number in range(count):
        group = folder / f"group_{number // PER_FOLDER}"
        group.mkdir(parents=True, exist_ok=True)
        (group / f"model_{number}.h5").write_bytes(body)
    layers = [{"class_name": "InputLayer", "config": {"batch_shape": [None, 3], "name": "x"}}]
    layers += [
        {"class_name": "ReLU", "config": {"name": f"relu{number}"}} for number in range(LAYERS - 1)
    ]
    config = {"class_name": "Sequential", "config": {"name": "deep", "layers": layers}}
    with zipfile.ZipFile(folder / "deep.keras", "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.12.0"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", body)


def convert_first(origin: str) -> None:
    """Ask for the models of the first page, and for the deep one."""
    with urlopen(f"{origin}/-/models.json") as answer:
        models = json.load(answer)["models"]
    for model in models[:MODELS_PER_PAGE]:
        urlopen(f"{origin}{model['url']}").close()
    urlopen(f"{origin}/deep/model.json").close()


if __name__ == "__main__":
    main()
