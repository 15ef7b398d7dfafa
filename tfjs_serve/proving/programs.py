"""Finds Node.js and Chromium on this machine."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tfjs_serve.proving.model import RunError

_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
_MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_WINDOWS_BROWSERS = (
    "Google/Chrome/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
)
_WINDOWS_FOLDERS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")


def chromium() -> str | None:
    """Return the path of a browser that is made of Chromium, first the one of ``CHROME``."""
    for name in filter(None, (os.environ.get("CHROME"), *_BROWSERS)):
        if found := shutil.which(name):
            return found
    return next((str(path) for path in _places() if path.is_file()), None)


def _places() -> list[Path]:
    if sys.platform == "win32":
        folders = filter(None, map(os.environ.get, _WINDOWS_FOLDERS))
        return [Path(folder, path) for folder in folders for path in _WINDOWS_BROWSERS]
    return [Path(path) for path in _MAC_BROWSERS]


def node() -> str | None:
    """Return the path of Node.js."""
    return shutil.which("node")


def tfjs_packages() -> Path | None:
    """Return the ``node_modules`` with TensorFlow.js, of this folder or one that it is in."""
    here = Path.cwd()
    places = (folder / "node_modules" for folder in (here, *here.parents))
    return next((one for one in places if (one / "@tensorflow/tfjs/package.json").is_file()), None)


def check_programs() -> None:
    """Raise :class:`RunError` if there is nothing here that runs models."""
    if chromium() or (node() and tfjs_packages()):
        return
    lacking = "TensorFlow.js for Node.js" if node() else "Node.js"
    raise RunError(
        "--run needs Chromium, or Node.js with TensorFlow.js: "
        f"there is no Chromium and no {lacking}",
        hint="install Chromium (apt install chromium; or Chrome or Edge), or Node.js and then, in "
        "this folder: npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm",
    )
