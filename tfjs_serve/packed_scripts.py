"""Scripts for pages, made of the minified parts that are in the package.

The sources of a script are in a folder of ``browser/``, one part for each family.
``tools/minify_layers.py`` makes a document beside the folder of them, as ``browser/layers.json`` of
``browser/layers``: the minified parts, what each declares, and which others it needs. A script is a
classic script and a CommonJS module; a small ES module imports it, which has types for TypeScript.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from tfjs_serve.version import __version__

SCRIPT_BEGINNING = "// tfjs-serve "
FRAME = "kit"
"""Name of the source that is in every script."""

_NAME_DIGITS = 32
_START = '(() => {\n"use strict";'
_END = 'publish(typeof module === "object" ? module : null);\n})();\n'
_MODULE = """\
import "./{script_name}";
export const {{ {exported} }} = globalThis.{variable};
export default globalThis.{variable};
"""


class StaleScriptError(RuntimeError):
    """The sources of a script have changed since its document was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a script is for.

    Attributes
    ----------
    name
        Of the script, of the folder with its sources, and of the document that is made of them.
    title
        What its first line says.
    variable
        Global variable of a page in which it offers something.
    exported
        Members of that, which the ES module exports.
    frame
        Sources that make up the frame, in order.
    """

    name: str
    title: str
    variable: str
    exported: tuple[str, ...]
    frame: tuple[str, ...] = (FRAME,)

    @property
    def script_name(self) -> str:
        return f"{self.name}.js"

    @property
    def module_name(self) -> str:
        return f"{self.name}.mjs"

    @property
    def types_name(self) -> str:
        """The one name that TypeScript looks for beside the ES module."""
        return f"{self.name}.d.mts"

    @property
    def prefix(self) -> str:
        """How the names of scripts begin that have a digest, and of their compressed forms."""
        return f"{self.name}."


LAYERS = Kind(
    name="layers",
    title="Keras layers for TensorFlow.js",
    variable="tfjsServeLayers",
    exported=("register",),
    frame=("backends", "ranks", FRAME),
)
TRAINING = Kind(
    name="training",
    title="training with Keras's numbers in TensorFlow.js",
    variable="tfjsServeTraining",
    exported=("register", "optimizers", "schedules", "losses", "metrics"),
)
KINDS = (LAYERS, TRAINING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script in one file, which is named by its digest."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part, minified.

    Attributes
    ----------
    needs
        Names of the parts whose functions it uses.
    layers
        The arguments that each class declares.
    operations
        Names of the operations, in camel case.
    """

    name: str
    script: str
    needs: tuple[str, ...]
    layers: Mapping[str, tuple[str, ...]]
    operations: frozenset[str]


# --- Scripts ----------------------------------------------------------------------------------


@cache
def script(kind: Kind, wanted: frozenset[str]) -> Script:
    """Return the script that has these parts and those that they need."""
    needed, chosen = set(wanted), []
    for part in reversed(parts(kind)):  # each is after those that it needs
        if part.name in needed:
            needed.update(part.needs)
            chosen.append(part)
    chosen.reverse()
    head = f"{SCRIPT_BEGINNING}{__version__}: {kind.title}"
    scripts = [_document(kind)["frame"]["script"], *(part.script for part in chosen)]
    text = "\n".join([head, _START, *scripts, _END])
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Script(name=f"{kind.prefix}{digest[:_NAME_DIGITS]}.js", text=text)


def whole_script(kind: Kind) -> Script:
    """Return the script with all parts."""
    return script(kind, frozenset(part.name for part in parts(kind)))


def module(kind: Kind, script_name: str) -> str:
    """Return the ES module that loads the script beside it, and exports what it offers."""
    exported = ", ".join(kind.exported)
    return _MODULE.format(script_name=script_name, exported=exported, variable=kind.variable)


@cache
def types(kind: Kind) -> str:
    """Return the declarations for TypeScript of what the ES module exports."""
    file = resources.files("tfjs_serve.browser") / kind.types_name
    return file.read_text(encoding="utf-8")


def is_script(kind: Kind, file_name: str) -> bool:
    """Whether a file has the name of a :class:`Script`."""
    pattern = rf"{re.escape(kind.prefix)}[0-9a-f]{{{_NAME_DIGITS}}}\.js"
    return re.fullmatch(pattern, file_name) is not None


# --- Files of the package ---------------------------------------------------------------------


def sources(kind: Kind) -> dict[str, str] | None:
    """Return the readable text of each part by its name; ``None`` where only Python is installed.

    The frame is one part.
    """
    folder = resources.files("tfjs_serve.browser") / kind.name
    if not folder.is_dir():
        return None
    places = [("", folder)]
    places += [(f"{inner.name}/", inner) for inner in folder.iterdir() if inner.is_dir()]
    found = {
        f"{prefix}{file.name.removesuffix('.js')}": file.read_text(encoding="utf-8")
        for prefix, place in places
        for file in place.iterdir()
        if file.name.endswith(".js")
    }
    found[FRAME] = "\n".join([found.pop(name) for name in kind.frame])
    return found


def digest_of_source(text: str) -> str:
    """Return what stands in the document for the source of a part."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:_NAME_DIGITS]


@cache
def parts(kind: Kind) -> tuple[Part, ...]:
    """Return all parts, each after those that it needs.

    Raises
    ------
    StaleScriptError
        The sources are there, and are others than those that the parts were made of.
    """
    document = _document(kind)
    made = {FRAME: document["frame"]["source"]}
    made |= {part["name"]: part["source"] for part in document["parts"]}
    _check_current(kind, made)
    return tuple(
        Part(
            name=part["name"],
            script=part["script"],
            needs=tuple(part["needs"]),
            layers={name: tuple(names) for name, names in part["layers"].items()},
            operations=frozenset(part["operations"]),
        )
        for part in document["parts"]
    )


def _check_current(kind: Kind, made: Mapping[str, str]) -> None:
    texts = sources(kind)
    if texts is None:
        return
    current = {name: digest_of_source(text) for name, text in texts.items()}
    changed = sorted({name for name, _ in made.items() ^ current.items()})
    if changed:
        raise StaleScriptError(
            f"browser/{kind.name}.json was not made of these sources in browser/{kind.name}: "
            f"{_files(changed)}; run: python tools/minify_layers.py"
        )


def _files(names: Iterable[str]) -> str:
    return ", ".join(f"{name}.js" for name in names)


@cache
def _document(kind: Kind) -> Any:
    file = resources.files("tfjs_serve.browser") / f"{kind.name}.json"
    return json.loads(file.read_text(encoding="utf-8"))
