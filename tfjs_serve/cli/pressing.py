"""What the keys do: ``o`` opens the list of models, ``h`` helps, ``q`` ends the server."""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable

from tfjs_serve.cli.console import Terminal
from tfjs_serve.cli.keyboard import ENTER

_KEYS = (
    ("o", "open the list of models in a browser"),
    ("h", "show the keys"),
    ("q", "stop the server"),
    ("Enter", "leave a blank line"),
)


def open_browser(url: str) -> None:
    """Open a page, in a thread that nobody waits for: some browsers block until they are closed."""
    threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()


def action_of_keys(terminal: Terminal, url: str, stop: Callable[[], None]) -> Callable[[str], None]:
    """Return what is called with each key that is pressed."""

    def pressed(key: str) -> None:
        match key.lower():
            case "o":
                open_browser(url)
                terminal.text(f"  Opening {url}", style="dim")
            case "h" | "?":
                terminal.facts(_KEYS)
            case "q":
                stop()
            case _ if key in ENTER:
                terminal.blank()

    return pressed
