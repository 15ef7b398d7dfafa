"""Weight of the pages, and the time until something is seen in Chromium; prints a table.

    python bench/pages.py [--models 10000] [--rounds 5]

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
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.browser import chromium_path
from tests.parity.harness import ServedModels
from tfjs_serve.web.excerpt import MODELS_PER_PAGE

SMALL = ROOT / "sample_models" / "iris.h5"
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with serving(arguments.models) as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            chromium_sandbox=not (hasattr(os, "geteuid") and os.geteuid() == 0),
        )
        print("| page | KB of HTML | KB in all | first byte, ms | first paint, ms | loaded, ms |")
        print("|---|--:|--:|--:|--:|--:|")
        for name, path in paths(arguments.models).items():
            url = f"{origin}{path}"
            print(row(name, [measured(browser, url) for _ in range(arguments.rounds)]))
        browser.close()


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


def row(name: str, rounds: list[dict[str, float]]) -> str:
    middle = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
    sizes = f"{middle['html'] / 1000:.1f} | {middle['bytes'] / 1000:.1f}"
    times = " | ".join(f"{middle[key]:.0f}" for key in ("first", "paint", "loaded"))
    return f"| {name} | {sizes} | {times} |"


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
