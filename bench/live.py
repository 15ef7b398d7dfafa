"""Measure how live a live model is, in a real Chromium:

    python3 dev.py bench live [--times 20] [--updates 1000]

A page follows a model, and something like a training writes the file in its place. Measured are the
time from the end of a save to the new weights in the page, and where it is spent; the bytes that
come; what a thousand saves leave in TensorFlow.js; and, with twenty tabs of pages on five ports,
how long an ordinary request takes, and how long nobody is told anything after the tab that has the
stream was closed, crashed, or frozen. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import h5py
import numpy as np
from keras_models import write_model
from playwright.sync_api import BrowserContext, Error, Page, sync_playwright

from tests.e2e.browser import launch
from tests.e2e.conftest import copy_page, serving
from tests.parity.server import ServedModels

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
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--updates", type=int, default=1000)
    given = parser.parse_args()
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
        bench = Bench(context, server, [url.replace("page.html", "live.html") for url in urls])
        bench.saves("digits.h5", ROOT / "sample_models" / "digits.h5", given.times)
        large = write_model(workspace / "large.h5", _LARGE_BYTES, units=512)
        bench.saves("16 MiB, one layer of 1 MiB changes", large, given.times)
        bench.leaves(given.updates)
        for name, script in (("worker", ""), ("lock", _WITHOUT_WORKERS)):
            bench.tabs(name, script, given.times)


class Bench:
    """A browser, a server, and pages on several ports."""

    def __init__(self, context: BrowserContext, server: ServedModels, urls: Sequence[str]) -> None:
        self._context, self._server, self._urls = context, server, urls

    def saves(self, title: str, model: Path, times: int) -> None:
        """Save a model again and again; print where the time goes."""
        page, path = self._follow(model)
        spans: dict[str, list[float]] = {}
        for count in range(times):
            ended = save(path)
            update = self._update(page, count)
            heard = page.evaluate("heard.filter(([kind]) => kind === 'changed').at(-1)[1]")
            total = update["at"] - ended
            rest = {
                "until the page hears": heard - ended,
                "new model.json (250 ms of it: the file rests)": total
                - (heard - ended)
                - update["milliseconds"],
                "new weights": update["milliseconds"],
                "in all": total,
                "bytes of weights": update["bytes"],
            }
            for name, value in rest.items():
                spans.setdefault(name, []).append(value)
            page.wait_for_timeout(300)
        print(f"\n{title}, {times} saves: median, worst")
        for name, values in spans.items():
            unit = "B" if name.startswith("bytes") else "ms"
            print(f"  {name:46} {statistics.median(values):9.0f} {max(values):9.0f} {unit}")
        page.close()

    def leaves(self, updates: int) -> None:
        """Save a model many times; print what TensorFlow.js holds before and after."""
        page, path = self._follow(ROOT / "sample_models" / "digits.h5")
        before = page.evaluate("tf.memory()")
        started = time.monotonic()
        for count in range(updates):
            save(path)
            self._update(page, count)
        after = page.evaluate("tf.memory()")
        held = {name: (before[name], after[name]) for name in ("numTensors", "numBytes")}
        print(f"\n{updates} saves in {time.monotonic() - started:.0f} s: {held}")
        page.close()

    def tabs(self, title: str, script: str, times: int) -> None:
        """Open many tabs; print how long a request takes, and the gaps when the first one goes."""
        ends: dict[str, Callable[[Page], object]] = {
            "closed": lambda page: page.close(),
            "crashed": crash,
            "frozen": freeze,
        }
        for name, end in ends.items():
            first, *others = [self._tab(self._urls[n % _PORTS], script) for n in range(_TABS)]
            first.wait_for_timeout(500)
            if name == "closed":
                print(f"\n{_TABS} tabs on {_PORTS} ports, by {title}: {self._streams()} stream(s)")
                print("  a request takes (median, worst)", *self._requests(others[-1], times), "ms")
            began = time.time() * 1000
            end(first)
            heard = self._first_word(others, began)
            print(
                f"  first tab {name}: told again after {heard:.0f} ms, {self._streams()} stream(s)"
            )
            for page in (first, *others):
                with suppress(Error):
                    page.close()

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

    def _requests(self, page: Page, times: int) -> tuple[str, str]:
        asked = """async (url) => {
          const began = performance.now();
          await (await fetch(url, { cache: "no-store" })).text();
          return performance.now() - began;
        }"""
        took = [page.evaluate(asked, self._server.url("digits")) for _ in range(times)]
        return f"{statistics.median(took):.1f}", f"{max(took):.1f}"

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


if __name__ == "__main__":
    main()
