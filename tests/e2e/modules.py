"""Modules of the pages' scripts, run in Chromium as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SCRIPTS = Path(__file__).parents[2] / "tfjs_serve/browser/pages/scripts"


class Modules:
    """Calls functions of modules."""

    def __init__(self, page: Page, root: str) -> None:
        self._page = page
        self._root = root

    def call(self, module: str, expression: str, *arguments: object) -> Any:
        """Return what a JavaScript expression has for a value, in which ``a`` are the arguments.

        The names that the module exports are members of ``m``; typed arrays become lists.
        """
        code = (
            f"async (a) => {{ const m = await import({json.dumps(self._root + module)});"
            f"const plain = (key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value;"
            f"return JSON.stringify({expression}, plain); }}"
        )
        return json.loads(self._page.evaluate(code, list(arguments)))
