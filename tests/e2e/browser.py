"""Chromium, seen through the DevTools protocol: what a page loads, and at what cost."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page, Playwright

from tests.parity.harness import Array
from tests.samples import Tensor, arrays

DEADLINE_SECONDS = 30.0
REBOUND_HOST = "rebound.example"
"""A name whose owner points it at this machine."""

SOFTWARE_GRAPHICS = (
    # WebGL without a graphics card.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # WebGPU without one.
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
)


def chromium_path() -> str:
    """Return the browser that ``dev.py`` found or installed, or the one on the PATH."""
    found = shutil.which(os.environ.get("CHROME", "chromium"))
    assert found is not None, "no Chromium: run the tests with dev.py, or set CHROME to its path"
    return found


def launch(playwright: Playwright, profile: str, *more: str) -> BrowserContext:
    """Start Chromium with a profile of its own on disk, so that its cache is the usual one.

    Parameters
    ----------
    more
        Further arguments.
    """
    arguments = [
        *SOFTWARE_GRAPHICS,
        # A camera without one.
        "--use-fake-device-for-media-stream",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--host-resolver-rules=MAP {REBOUND_HOST} 127.0.0.1, MAP *.{REBOUND_HOST} 127.0.0.1",
        "--no-first-run",
    ]
    return playwright.chromium.launch_persistent_context(
        profile,
        executable_path=chromium_path(),
        headless=True,
        # Chromium's sandbox refuses to run as root, which containers do.
        chromium_sandbox=not (hasattr(os, "geteuid") and os.geteuid() == 0),
        args=[*arguments, *more],
    )


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request of the page and what came of it.

    Attributes
    ----------
    status
        What the page was told.
    wire_status
        What the server said: 304 where the page is told 200. ``None`` if nobody asked the server.
    wire_bytes
        Header and body as they came over the network.
    """

    url: str
    status: int | None = None
    wire_status: int | None = None
    wire_bytes: int = 0
    from_disk_cache: bool = False
    awaits_wire_status: bool = False
    finished: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether all that will be known of it is known."""
        return self.finished and not (self.awaits_wire_status and self.wire_status is None)


class NetworkLog:
    """All exchanges of one page from now on."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._exchanges: dict[str, Exchange] = {}
        session: CDPSession = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._on_request)
        session.on("Network.responseReceived", self._on_response)
        session.on("Network.responseReceivedExtraInfo", self._on_wire_response)
        session.on("Network.loadingFinished", self._on_finished)
        session.on("Network.loadingFailed", self._on_finished)
        session.send("Network.enable")

    def _exchange(self, event: dict[str, Any]) -> Exchange:
        return self._exchanges.setdefault(event["requestId"], Exchange(url=""))

    def _on_request(self, event: dict[str, Any]) -> None:
        self._exchange(event).url = event["request"]["url"]

    def _on_response(self, event: dict[str, Any]) -> None:
        exchange, response = self._exchange(event), event["response"]
        exchange.status = response["status"]
        exchange.from_disk_cache = response["fromDiskCache"]
        exchange.awaits_wire_status = event["hasExtraInfo"]

    def _on_wire_response(self, event: dict[str, Any]) -> None:
        self._exchange(event).wire_status = event["statusCode"]

    def _on_finished(self, event: dict[str, Any]) -> None:
        exchange = self._exchange(event)
        exchange.wire_bytes = int(event.get("encodedDataLength", 0))
        exchange.finished = True

    def below(self, prefix: str) -> list[Exchange]:
        """Return the exchanges whose URL starts with `prefix`, once all of them have settled."""
        chosen = [entry for entry in self._exchanges.values() if entry.url.startswith(prefix)]
        wait_until(self._page, lambda: all(entry.is_settled for entry in chosen))
        return chosen


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Let the browser's events come in until `condition` holds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition was never met"
        page.wait_for_timeout(20)


def predict(
    page: Page,
    url: str,
    inputs: Sequence[Tensor],
    *,
    kind: str = "layers",
    backend: str = "cpu",
) -> list[Array]:
    """Let the page load the model at `url` and predict.

    Parameters
    ----------
    backend
        TensorFlow.js's: ``"cpu"``, ``"wasm"``, ``"webgl"`` or ``"webgpu"``.

    Raises
    ------
    playwright.sync_api.Error
        With the message of what the page threw.
    """
    argument = {"url": url, "kind": kind, "inputs": list(inputs), "backend": backend}
    return arrays(page.evaluate("argument => predict(argument)", argument))
