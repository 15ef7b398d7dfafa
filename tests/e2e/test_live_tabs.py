"""All tabs of a browser share one stream of events, and go on when the tab that has it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Error, Page

from tests.parity.harness import ServedModels

from .browser import wait_until
from .conftest import serving
from .live import IRIS, train

SUBSCRIBE = """async (base) => {
  window.heard = [];
  const { subscribe } = await import(`${base}/-/client.js`);
  window.end = subscribe(base, ({ kind, name }) => heard.push(kind));
}"""
WITHOUT_WORKERS = "delete globalThis.SharedWorker"
ALONE = f"{WITHOUT_WORKERS}; delete globalThis.BroadcastChannel"


@dataclass
class Tabs:
    """Tabs whose pages, on several ports, are told of the events of one server."""

    context: BrowserContext
    server: ServedModels
    pages: list[Page] = field(default_factory=list)

    def open(self, url: str, script: str = "") -> Page:
        page = self.context.new_page()
        if script:
            page.add_init_script(script)
        page.goto(url)
        page.evaluate(SUBSCRIBE, self.server.base_url)
        self.pages.append(page)
        self.wait_for(page, "hello")
        return page

    def wait_for(self, page: Page, *kinds: str) -> None:
        """Wait until a page has heard any of these kinds of events."""
        page.wait_for_function("kinds => kinds.some((kind) => heard.includes(kind))", arg=kinds)

    def streams(self) -> int:
        count: int = json.loads(self.server.get("/-/health").body)["listening"]
        return count

    def hear_a_save(self, pages: list[Page] | None = None) -> None:
        """Save the model, and wait until all tabs have heard of it."""
        pages = self.pages if pages is None else pages
        for page in pages:
            page.evaluate("heard.length = 0")
        train(self.server.folder / "iris.h5")
        for page in pages:
            # "hello" says that something may have been missed, and the page has to look.
            self.wait_for(page, "changed", "hello")

    def settle(self, streams: int = 1) -> None:
        wait_until(self.pages[-1], lambda: self.streams() == streams)

    def close(self, page: Page) -> None:
        self.pages.remove(page)
        page.close()


@pytest.fixture
def tabs(chromium: BrowserContext, served: ServedModels) -> Iterator[Tabs]:
    served.add(IRIS)
    opened = Tabs(chromium, served)
    yield opened
    for page in list(opened.pages):
        page.close()


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """URLs of one empty page on five ports."""
    folder = tmp_path_factory.mktemp("tabs")
    (folder / "page.html").write_text("<!doctype html><title>Tab</title><body></body>")
    with ExitStack() as stack:
        yield [stack.enter_context(serving(folder)) for _ in range(5)]


@pytest.mark.parametrize("script", ["", WITHOUT_WORKERS], ids=["worker", "lock"])
def test_twenty_tabs_on_five_ports_have_one_stream(
    tabs: Tabs, ports: list[str], script: str
) -> None:
    for number in range(20):
        tabs.open(ports[number % 5], script)
    tabs.settle()
    tabs.hear_a_save()
    status = "base => fetch(base + '/iris/model.json').then(({ status }) => status)"
    assert {page.evaluate(status, tabs.server.base_url) for page in tabs.pages[:5]} == {200}
    assert tabs.streams() == 1
    for page in list(tabs.pages[1:]):
        tabs.close(page)
    tabs.settle()
    tabs.pages[0].evaluate("end()")
    tabs.settle(0)


@pytest.mark.parametrize("script", ["", WITHOUT_WORKERS], ids=["worker", "lock"])
@pytest.mark.parametrize("end", ["closed", "frozen"])
def test_the_others_go_on_when_the_first_tab_is_gone(
    tabs: Tabs, ports: list[str], script: str, end: str
) -> None:
    first, *others = [tabs.open(url, script) for url in ports[:3]]
    tabs.settle()
    if end == "closed":
        tabs.close(first)
    else:
        session = tabs.context.new_cdp_session(first)
        session.send("Page.setWebLifecycleState", {"state": "frozen"})
    tabs.settle()
    tabs.hear_a_save(others)
    assert tabs.streams() == 1
    if end == "frozen":
        session.send("Page.setWebLifecycleState", {"state": "active"})
        tabs.settle()
        tabs.hear_a_save()


@pytest.mark.parametrize("script", ["", WITHOUT_WORKERS], ids=["worker", "lock"])
def test_the_others_go_on_when_the_first_tab_crashes(
    tabs: Tabs, ports: list[str], script: str
) -> None:
    first, *others = [tabs.open(url, script) for url in ports[:3]]
    tabs.settle()
    tabs.pages.remove(first)
    with first.expect_event("crash"), suppress(Error):
        first.goto("chrome://crash")
    tabs.hear_a_save(others)
    tabs.settle()
    first.close()


def test_a_page_of_another_site_has_a_stream_too(tabs: Tabs, ports: list[str]) -> None:
    for _ in range(3):
        tabs.open(ports[0].replace("127.0.0.1", "localhost"))
    tabs.settle()
    tabs.hear_a_save()


def test_a_page_that_may_have_no_frames_listens_itself(
    tabs: Tabs, ports: list[str], tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(
        '<!doctype html><meta http-equiv="Content-Security-Policy" content="frame-src \'none\'">'
        "<title>Tab</title><body></body>"
    )
    with serving(tmp_path) as url:
        for _ in range(3):
            tabs.open(url)
        tabs.settle()
        tabs.hear_a_save()


def test_a_browser_without_workers_and_channels_has_a_stream_per_visible_tab(
    tabs: Tabs, ports: list[str]
) -> None:
    tabs.open(ports[0], ALONE)
    tabs.settle()
    tabs.hear_a_save()


def test_pages_that_may_not_read_models_hear_nothing(
    tabs: Tabs, ports: list[str], chromium: BrowserContext
) -> None:
    url = ports[0].replace("127.0.0.1", "rebound.example")
    page = chromium.new_page()
    tabs.pages.append(page)
    page.goto(url)
    base = tabs.server.base_url
    page.evaluate(
        """(base) => new Promise((resolve) => {
          window.heard = [];
          addEventListener("message", ({ data }) => heard.push(data));
          const frame = document.createElement("iframe");
          frame.src = `${base}/-/relay.html`;
          frame.onload = () => {
            frame.contentWindow.postMessage("tfjs-serve listen", "*");
            setTimeout(resolve, 1000);
          };
          document.body.append(frame);
        })""",
        base,
    )
    assert page.evaluate("heard") == []
    assert (
        page.evaluate("base => fetch(base + '/-/events').catch(() => 'blocked')", base) == "blocked"
    )


def test_a_server_that_was_started_again_is_heard(
    tabs: Tabs, ports: list[str], tmp_path: Path
) -> None:
    first = ServedModels(tmp_path / "first")
    first.add(IRIS)
    port = first.base_url.rpartition(":")[2]
    alone = Tabs(tabs.context, first)
    page = alone.open(ports[0])
    tabs.pages.append(page)
    first.close()
    page.evaluate("heard.length = 0")
    (tmp_path / "again").mkdir()
    again = ServedModels(tmp_path / "again", models=first.folder, options=["--port", port])
    try:
        alone.server = again
        alone.wait_for(page, "hello")
        alone.hear_a_save()
    finally:
        again.close()
