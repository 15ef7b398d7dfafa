"""``tf.loadLayersModel`` in Node and in Chromium, from the call until the model is ready."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from answers import ask, digest_of_weights
from builds import Served
from keras_models import write_model
from measuring import measured
from playwright.sync_api import BrowserContext, Page, sync_playwright
from rivals import nginx, settings_of
from setting import Setting, interleaved
from tables import Goal, Table, at_most

import dev
from tests.e2e.browser import NetworkLog, launch
from tests.parity.folder_server import serving

_SIZES = {"100 KB": 100_000, "100 MiB": 100 << 20}
_OFFICIAL = "official on nginx"
_LOADS = 5
"""Of each model in each round: a load is short."""
_TENSORFLOW_JS = dev.JS / "node_modules" / "@tensorflow" / "tfjs" / "dist" / "tf.min.js"
_PAGE = """<!DOCTYPE html>
<link rel="icon" href="data:,">
<script src="tf.min.js"></script>
<script>
  async function load(url) {
    await tf.setBackend("cpu");
    const start = performance.now();
    const model = await tf.loadLayersModel(url);
    const milliseconds = performance.now() - start;
    model.dispose();
    return milliseconds;
  }
</script>
"""

Urls = Mapping[str, str]
"""The URL of a model at each side."""


def run(setting: Setting) -> Table:
    """Compare with nginx, which serves the converted files."""
    table = Table(
        "In TensorFlow.js",
        [
            "tf.loadLayersModel, from the call until the model is ready; the models are warm.",
            f"Medians of {setting.rounds * _LOADS} loads in turn. The page is on another port.",
            "At the first visit, Chromium's cache is empty; afterwards it has the shards.",
            settings_of(["nginx"]),
        ],
    )
    with setting.folder(needed_bytes=800 << 20) as folder, _sides(setting, folder) as sides:
        for size in _SIZES:
            urls = _urls(sides, size)
            _in_node(table, setting, size, urls)
            _in_chromium(table, setting, size, urls, folder / f"profile {size}")
    return table


@contextmanager
def _sides(setting: Setting, folder: Path) -> Iterator[dict[str, Served]]:
    models, public = folder / "models", folder / "public"
    models.mkdir()
    for size, size_bytes in _SIZES.items():
        model = write_model(models / _file_name(size), size_bytes)
        setting.ours.convert(model, public / model.stem, folder / "cache")
        if setting.official:
            _convert_with(setting.official, model, public / "official" / model.stem)
    with ExitStack() as stack:
        sides = {
            build.name: stack.enter_context(build.serving(models, folder / build.name))
            for build in setting.builds
        }
        sides["nginx"] = stack.enter_context(nginx(public, folder))
        yield sides


def _file_name(size: str) -> str:
    return f"model_{size.replace(' ', '_')}.h5"


def _convert_with(official: Path, model: Path, out: Path) -> None:
    options = ["--input_format=keras", "--output_format=tfjs_layers_model"]
    done = measured([official, *options, model, out], sampled=False)
    if done.exit_code:
        raise SystemExit(done.printed)


def _urls(sides: Mapping[str, Served], size: str) -> Urls:
    """Check that all sides have the same weights, which also makes them warm."""
    base = f"/{Path(_file_name(size)).stem}"
    places = {name: (served, base) for name, served in sides.items()}
    if ask(sides["nginx"], f"/official{base}/model.json").status == 200:
        places[_OFFICIAL] = sides["nginx"], f"/official{base}"
    if len({digest_of_weights(served, path) for served, path in places.values()}) > 1:
        raise SystemExit(f"the sides have other weights: {size}")
    return {name: f"{served.origin}{path}/model.json" for name, (served, path) in places.items()}


def _goal(urls: Urls) -> Goal:
    return at_most(1.05, _OFFICIAL if _OFFICIAL in urls else "nginx")


def _in_node(table: Table, setting: Setting, size: str, urls: Urls) -> None:
    row = table.row(f"Node, {size}", "ms", _goal(urls))
    script = Path(__file__).parents[1] / "load_in_node.mjs"
    command = ["node", script, dev.JS, setting.rounds * _LOADS, *urls.values()]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
    times = json.loads(done.stdout)
    for name, url in urls.items():
        for milliseconds in times[url]:
            table.add(row, name, milliseconds)


def _in_chromium(table: Table, setting: Setting, size: str, urls: Urls, folder: Path) -> None:
    os.environ["CHROME"] = dev.install_chromium()
    pages = folder / "pages"
    pages.mkdir(parents=True)
    shutil.copy(_TENSORFLOW_JS, pages)
    (pages / "page.html").write_text(_PAGE)
    # Two servers of the same page: what one port has loaded, the other one may find in the cache.
    with (
        serving(pages) as origin,
        serving(pages) as other,
        sync_playwright() as playwright,
        launch(playwright, str(folder / "profile")) as context,
    ):
        page = _visit(context, origin)
        session = context.new_cdp_session(page)
        for url in urls.values():
            _milliseconds(page, url)  # does not count
        for _, name in interleaved(list(urls), setting.rounds * _LOADS):
            session.send("Network.clearBrowserCache")
            row = table.row(f"Chromium, first visit, {size}", "ms", _goal(urls))
            table.add(row, name, _milliseconds(page, urls[name]))
            row = table.row(f"Chromium, again, {size}", "ms", _goal(urls))
            table.add(row, name, _milliseconds(page, urls[name]))
        row = table.row(f"requests for shards from another port, {size}", "", at_most(0))
        for name, url in urls.items():
            _milliseconds(page, url)
            table.add(row, name, _requests_for_shards(_visit(context, other), url))


def _visit(context: BrowserContext, origin: str) -> Page:
    page = context.new_page()
    page.goto(f"{origin}/page.html")
    return page


def _milliseconds(page: Page, url: str) -> float:
    return float(page.evaluate("url => load(url)", url))


def _requests_for_shards(page: Page, url: str) -> int:
    """Load a model whose shards are in the cache; return how many the server was asked for."""
    network = NetworkLog(page)
    _milliseconds(page, url)
    exchanges = network.below(url.removesuffix("model.json"))
    return sum(one.wire_status is not None for one in exchanges if one.url != url)
