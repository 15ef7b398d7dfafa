"""``layers.js``: the layers that a page needs when plain TensorFlow.js lacks them.

The files in ``browser/layers`` are made into an ES module, and into a classic script that is also a
CommonJS module and registers the layers if it finds a global ``tf``.
"""

from __future__ import annotations

import re
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


def camel_case(text: str) -> str:
    """Return what TF.js makes of a key, or of a string, in a configuration.

    When it loads a model, ``convertPythonicToTs`` (``serialization_utils.ts`` in
    ``tfjs-layers/src/utils``) applies this, which is ``toCamelCase`` of ``generic_utils.ts``, to
    all keys, and to all strings but those under a key ``"name"``. So JavaScript reads
    ``returnSequences`` where Python has written ``return_sequences``, and ``"channelsFirst"`` for
    ``"channels_first"``.
    """
    if len(text) < 2:
        return text
    return re.sub(r"_+(\w|$)", lambda found: found[1].upper(), text, flags=re.ASCII)


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
    """Return the parts in order: the frame, the layers, and the operations by family."""
    folder = resources.files("tfjs_serve") / "browser" / "layers"
    parts = [
        part
        for place in (folder, folder / "operations")
        for part in sorted(place.iterdir(), key=lambda part: part.name)
        if part.name.endswith(".js")
    ]
    parts.sort(key=lambda part: part.name != "kit.js")
    return (
        f"// tfjs-serve {__version__}: Keras layers for TensorFlow.js\n"
        'var tfjsServeLayers = (() => {\n"use strict";\n'
        + "\n".join(part.read_text(encoding="utf-8") for part in parts)
        + "\nreturn { register };\n})();\n"
    )
