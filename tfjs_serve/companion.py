"""``layers.js``: the layers that a page needs when plain TensorFlow.js lacks them.

The files in ``browser/layers`` are made into an ES module, and into a classic script that is also a
CommonJS module and registers the layers if it finds a global ``tf``.

The arguments of a layer are declared in one place: beside the JavaScript that reads them. Both
sides are held against that list, which gives names as the page sees them (:func:`camel_case`):
Python by :func:`check_arguments` when it writes a layer, and JavaScript when it makes one. The
arguments of an operation are those of its specification, which a test holds against the lists in
``browser/layers/operations``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from tfjs_serve import __version__

PACKAGE = "tfjs-serve/layers.js"
"""Package of the classes, so that TF.js's error about an unknown one names the file to load."""
SCRIPT_NAME = "layers.js"
MODULE_NAME = "layers.mjs"
FILE_NAMES = (SCRIPT_NAME, MODULE_NAME)

_STRING = re.compile(r'"([^"]+)"')
_DECLARATION = re.compile(
    r'\b(?:layer|layerOfStrings|define)\(\s*("\w+"|\[[^\]]*\]),\s*(\[[^\]]*\])'
)
"""The names and the arguments of a class, in JavaScript."""
_CLASSIC_END = """\
globalThis.tfjsServeLayers = tfjsServeLayers;
if (typeof module === "object" && module.exports) module.exports = tfjsServeLayers;
if (globalThis.tf?.layers) tfjsServeLayers.register(globalThis.tf);
"""
_MODULE_END = """\
export const register = tfjsServeLayers.register;
export default tfjsServeLayers;
"""


class ArgumentMismatchError(RuntimeError):
    """A rule writes arguments that the JavaScript of a layer does not declare, or too few."""


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
def declared_arguments() -> Mapping[str, tuple[str, ...]]:
    """Return the arguments that each class of ``layers.js`` declares, in camel case.

    They are the lists in its ``layer("Name", [...])`` and ``define("Name", [...])``. A name with a
    ``?`` may be left out, and ``...`` stands for any further ones.
    """
    return {
        name: tuple(_STRING.findall(arguments))
        for names, arguments in _DECLARATION.findall(_body())
        for name in _STRING.findall(names)
    }


def check_arguments(class_name: str, arguments: Iterable[str]) -> None:
    """Check the names of what is written as the arguments of a layer.

    JavaScript checks the same when a page loads the layer (``checked`` in ``kit.js``).

    Parameters
    ----------
    class_name
        In ``layers.js``, without the package.
    arguments
        Names in snake case.

    Raises
    ------
    ArgumentMismatchError
        The class does not declare one of them, or needs one that is not among them.
    """
    declared = declared_arguments()[class_name]
    given = set(map(camel_case, arguments))
    needed = {name for name in declared if name != "..." and not name.endswith("?")}
    unknown = set() if "..." in declared else given - {name.rstrip("?") for name in declared}
    if needed - given or unknown:
        raise ArgumentMismatchError(
            f"{class_name} of layers.js lacks {sorted(needed - given)}, has no {sorted(unknown)}"
        )


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


@cache
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
