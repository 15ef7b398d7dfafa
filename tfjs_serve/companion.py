"""``layers.js``: the layers that a page needs when plain TensorFlow.js lacks them.

The files in ``browser/layers`` are made into an ES module, and into a classic script that is also a
CommonJS module and registers the layers if it finds a global ``tf``.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from tfjs_serve import __version__

PACKAGE = "tfjs-serve/layers.js"
"""Package of the classes, so that TF.js's error about an unknown one names the file to load."""
SCRIPT_NAME = "layers.js"
MODULE_NAME = "layers.mjs"
FILE_NAMES = (SCRIPT_NAME, MODULE_NAME)

_CLASSIC_END = """\
globalThis.tfjsServeLayers = tfjsServeLayers;
if (typeof module === "object" && module.exports) module.exports = tfjsServeLayers;
if (globalThis.tf?.layers) tfjsServeLayers.register(globalThis.tf);
"""
_MODULE_END = """\
export const register = tfjsServeLayers.register;
export default tfjsServeLayers;
"""


@cache
def script() -> str:
    """Return the classic script."""
    return _body() + _CLASSIC_END


@cache
def module() -> str:
    """Return the ES module."""
    return _body() + _MODULE_END


def files() -> dict[str, str]:
    """Return the files to put beside a model that needs the layers, by file name."""
    return {SCRIPT_NAME: script(), MODULE_NAME: module()}


def _body() -> str:
    folder = resources.files("tfjs_serve") / "browser" / "layers"
    parts = sorted(part.name for part in folder.iterdir() if part.name.endswith(".js"))
    parts.remove("kit.js")
    sources = [(folder / name).read_text(encoding="utf-8") for name in ("kit.js", *parts)]
    return (
        f"// tfjs-serve {__version__}: Keras layers for TensorFlow.js\n"
        'var tfjsServeLayers = (() => {\n"use strict";\n'
        + "\n".join(sources)
        + "\nreturn { register };\n})();\n"
    )
