"""Measure how live a live model is, in a real Chromium; prints tables:

    python3 dev.py bench live [--times 20] [--updates 1000]
        --write     put the tables into docs/live.md

A page follows a model, and something like a training writes the file in its place. Measured are the
time from the end of a save to the new weights in the page, and where it is spent; the bytes that
come; what a thousand saves leave in TensorFlow.js; and, with twenty tabs of pages on five ports,
how long an ordinary request takes, and how long nobody is told anything after the tab that has the
stream was closed, crashed, or frozen. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import h5py
import numpy as np
from keras_models import write_model
from performance_page import write_tables
from playwright.sync_api import BrowserContext, Error, Page, sync_playwright
from tables import Table

from tests.e2e.browser import launch
from tests.e2e.conftest import copy_page, serving
from tests.parity.server import ServedModels

PAGE = ROOT / "docs" / "live.md"
DIGITS = ROOT / "sample_models" / "digits.h5"
_LARGE_BYTES = 16 << 20
_TABS, _PORTS = 20, 5
_FOLLOW = """async ([base, url]) => {
  await tf.setBackend("cpu");
  const { liveModel, subscribe } = await import(`${base}/-/client.js`);
  window.heard = [];
  window.updates = [];
  const now = () => performance.timeOrigin + performance.now();
  subscribe(base, ({ kind }) => heard.push([kind, now()]));
  window.live = await liveModel(tf, url, {
    onUpdate: ({ bytes, milliseconds }) => updates.push({ at: now(), bytes, milliseconds }),
  });
}"""
_SUBSCRIBE = """async (base) => {
  window.heard = [];
  const { subscribe } = await import(`${base}/-/client.js`);
  subscribe(base, ({ kind }) => heard.push([kind, performance.timeOrigin + performance.now()]));
}"""
_WITHOUT_WORKERS = "delete globalThis.SharedWorker"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="dev.py bench live",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--updates", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with bench() as started:
        tables = {
            "saves": started.saves(given.times, given.updates),
            "tabs": started.tabs(given.times),
        }
    for table in tables.values():
        print(f"\n## {table.title}\n\n{table.to_markdown()}")
    if given.write:
        write_tables(PAGE, tables)


@contextmanager
def bench() -> Iterator[Bench]:
    """Start the server, Chromium, and the web servers of the pages."""
    with ExitStack() as stack:
        workspace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = ServedModels(workspace / "server")
        stack.callback(server.close)
        playwright = stack.enter_context(sync_playwright())
        context = launch(playwright, str(workspace / "profile"))
        stack.callback(context.close)
        (workspace / "page").mkdir()
        copy_page(workspace / "page")
        (workspace / "page" / "empty.html").write_text("<!doctype html><title>Tab</title><body>")
        urls = [stack.enter_context(serving(workspace / "page")) for _ in range(_PORTS)]
        pages = [url.replace("page.html", "live.html") for url in urls]
        yield Bench(context, server, pages, workspace)


class Bench:
    """A browser, a server, and pages on several ports."""

    def __init__(
        self, context: BrowserContext, server: ServedModels, urls: Sequence[str], workspace: Path
    ) -> None:
        self._context, self._server, self._urls = context, server, urls
        self._workspace = workspace

    def saves(self, times: int, updates: int) -> Table:
        """Save models again and again; say where the time goes, and what is left."""
        table = Table("Saves", [f"Medians of {times} saves, each of which changes the last layer."])
        large = write_model(self._workspace / "large.h5", _LARGE_BYTES, units=512)
        models = {"`digits.h5`": DIGITS, "16 MiB in layers of 1 MiB": large}
        for side, model in models.items():
            for what, unit, values in self._save(model, times):
                row = table.row(what, unit)
                for value in values:
                    table.add(row, side, value)
            table.add(table.row("in all, the slowest", "ms"), side, max(values))
        table.note(self._left(updates))
        return table

    def _save(self, model: Path, times: int) -> list[tuple[str, str, list[float]]]:
        """Return what was measured, its unit and its values; the last one is the time in all."""
        page, path = self._follow(model)
        spans = [self._span(page, path, count) for count in range(times)]
        page.close()
        heard, found, weights, sizes, total = zip(*spans, strict=True)
        return [
            ("bytes of weights that the page fetched", "MB", [size / 1e6 for size in sizes]),
            ("from the end of the save until the page hears of it", "ms", list(heard)),
            (
                "... until it has the new `model.json`; 250 ms of it, the file rests",
                "ms",
                list(found),
            ),
            ("... until the new weights are set", "ms", list(weights)),
            ("in all", "ms", list(total)),
        ]

    def _span(self, page: Page, path: Path, count: int) -> tuple[float, ...]:
        ended = save(path)
        update = self._update(page, count)
        heard = page.evaluate("heard.filter(([kind]) => kind === 'changed').at(-1)[1]") - ended
        total, weights = update["at"] - ended, update["milliseconds"]
        page.wait_for_timeout(300)
        return heard, total - heard - weights, weights, update["bytes"], total

    def _left(self, updates: int) -> str:
        """Save a model many times; say what TensorFlow.js holds before and after."""
        page, path = self._follow(DIGITS)
        before = page.evaluate("tf.memory()")
        for count in range(updates):
            save(path)
            self._update(page, count)
        after = page.evaluate("tf.memory()")
        page.close()
        return (
            f"{updates:,} saves of `digits.h5`: `tf.memory()` told of {before['numTensors']} "
            f"tensors and {before['numBytes']:,} bytes before, and of {after['numTensors']} and "
            f"{after['numBytes']:,} after."
        )

    def tabs(self, times: int) -> Table:
        """Open many tabs; say how long a request takes, and the gaps when the first one goes."""
        table = Table(
            "Tabs",
            [
                f"{_TABS} tabs of pages on {_PORTS} ports; {times} requests, one after another.",
                "The first tab is the one that made the stream.",
            ],
        )
        for side, script in (("by worker", ""), ("by lock", _WITHOUT_WORKERS)):
            self._requests(table, side, script, times)
            for name, end in _ENDS.items():
                row = table.row(f"first tab {name}: all others are told again after", "ms")
                table.add(row, side, self._gap(script, end))
        return table

    def _requests(self, table: Table, side: str, script: str, times: int) -> None:
        tabs = self._open(script)
        asked = """async (url) => {
          const began = performance.now();
          await (await fetch(url, { cache: "no-store" })).text();
          return performance.now() - began;
        }"""
        url = self._server.url("digits")
        took = [float(tabs[-1].evaluate(asked, url)) for _ in range(times)]
        table.add(table.row("streams of events", ""), side, self._streams())
        row = table.row("an ordinary request takes", "ms")
        for value in took:
            table.add(row, side, value)
        table.add(table.row("... the slowest of them", "ms"), side, max(took))
        close(tabs)

    def _gap(self, script: str, end: Callable[[Page], object]) -> float:
        first, *others = tabs = self._open(script)
        began = time.time() * 1000
        end(first)
        heard = self._first_word(others, began)
        close(tabs)
        return heard

    def _open(self, script: str) -> list[Page]:
        tabs = [self._tab(self._urls[number % _PORTS], script) for number in range(_TABS)]
        tabs[0].wait_for_timeout(500)
        return tabs

    def _first_word(self, pages: Sequence[Page], since: float) -> float:
        """Save until all have heard of it; return when the last heard a first word, in ms."""
        path = self._server.folder / "digits.h5"
        found = "since => heard.find(([, at]) => at > since)?.[1]"
        last = dict.fromkeys(pages)
        while None in last.values():
            save(path)
            pages[-1].wait_for_timeout(50)
            for page in pages:
                last[page] = last[page] or page.evaluate(found, since)
        return max(float(at or 0) for at in last.values()) - since

    def _streams(self) -> int:
        count: int = json.loads(self._server.get("/-/health").body)["listening"]
        return count

    def _tab(self, url: str, script: str) -> Page:
        page = self._context.new_page()
        if script:
            page.add_init_script(script)
        page.goto(url.replace("live.html", "empty.html"))
        page.evaluate(_SUBSCRIBE, self._server.base_url)
        page.wait_for_function("heard.length > 0")
        return page

    def _follow(self, model: Path) -> tuple[Page, Path]:
        self._server.add(model)
        page = self._context.new_page()
        page.goto(self._urls[0])
        page.evaluate(_FOLLOW, [self._server.base_url, self._server.url(model.stem)])
        page.wait_for_function("heard.length > 0")
        page.wait_for_timeout(1000)
        return page, self._server.folder / model.name

    def _update(self, page: Page, count: int) -> dict[str, Any]:
        page.wait_for_function("count => updates.length > count", arg=count)
        update: dict[str, Any] = page.evaluate("count => updates[count]", count)
        return update


def save(path: Path) -> float:
    """Change the last weight of a model as one epoch does; return when the save ended, in ms."""
    with h5py.File(path, "r+") as file:
        found: list[Any] = []
        file["model_weights"].visititems(
            lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None
        )
        last = found[-1]
        last[...] = last[...] * np.float32(0.999) + np.float32(1e-4)
    return time.time() * 1000


def crash(page: Page) -> None:
    with suppress(Error), page.expect_event("crash"):
        page.goto("chrome://crash")


def freeze(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})


def close(pages: Sequence[Page]) -> None:
    for page in pages:
        with suppress(Error):
            page.close()


_ENDS: dict[str, Callable[[Page], object]] = {
    "closed": Page.close,
    "crashed": crash,
    "frozen": freeze,
}


if __name__ == "__main__":
    main()
