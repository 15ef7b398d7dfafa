"""``layers.js``: the layers that a page needs when plain TensorFlow.js lacks them.

The sources are in ``browser/layers``, one part for each family. ``tools/minify_layers.py`` makes
``browser/layers.json`` of them: the minified parts, what each declares, and which others it needs.
A script has the frame and the parts that its model needs, or all of them. It is a classic script
and a CommonJS module, which registers the layers if it finds a global ``tf``; a small ES module
imports it.

The arguments of a layer are declared in one place: beside the JavaScript that reads them. Both
sides are held against that list, which gives names as the page sees them (:func:`camel_case`):
Python by :func:`check_arguments` when it writes a layer, and JavaScript when it makes one. The
arguments of an operation are those of its specification, which a test holds against the lists in
``browser/layers/operations``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from tfjs_serve import __version__

PACKAGE = "tfjs-serve/layers.js"
"""Package of the classes, so that TF.js's error about an unknown one names the file to load."""
SCRIPT_NAME = "layers.js"
MODULE_NAME = "layers.mjs"
SCRIPT_PREFIX = "layers."
"""How the names of scripts begin, and of their compressed forms."""
SCRIPT_BEGINNING = "// tfjs-serve "
FRAME = "kit"
"""Name of the source that is in every script."""

_OPERATION = "Operation"
"""The class of all operations; its argument ``operation`` says which."""
_NAME_DIGITS = 32
_NAMED_SCRIPT = re.compile(rf"layers\.[0-9a-f]{{{_NAME_DIGITS}}}\.js")
_START = '(() => {\n"use strict";'
_END = 'publish(typeof module === "object" ? module : null);\n})();\n'
_MODULE = """\
import "./{script_name}";
export const {{ register }} = globalThis.tfjsServeLayers;
export default globalThis.tfjsServeLayers;
"""


class ArgumentMismatchError(RuntimeError):
    """A rule writes arguments that the JavaScript of a layer does not declare, or too few."""


class StaleLayersError(RuntimeError):
    """The sources in ``browser/layers`` have changed since ``browser/layers.json`` was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Companion layers in one file, which is named by its digest."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
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


# --- What is declared -------------------------------------------------------------------------


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


def _snake_case(text: str) -> str:
    """Return what TF.js makes of a key, or of a string, when a page saves a model.

    ``convertTsToPythonic`` applies this, which is ``toSnakeCase`` of ``generic_utils.ts``, where
    :func:`camel_case` is applied at loading.
    """
    text = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", text)
    text = re.sub(r"([a-z])([A-Z])", r"\1_\2", text).lower()
    return f"private{text}" if text.startswith("_") else text


@cache
def declared_arguments() -> Mapping[str, tuple[str, ...]]:
    """Return the arguments that each class of ``layers.js`` declares, in camel case.

    They are the lists in its ``layer("Name", [...])`` and ``define("Name", [...])``. A name with a
    ``?`` may be left out, and ``...`` stands for any further ones.
    """
    return {name: names for part in _parts() for name, names in part.layers.items()}


def check_arguments(class_name: str, arguments: Mapping[str, Any]) -> None:
    """Check what is written as the arguments of a layer.

    JavaScript checks the names, too, when a page loads the layer (``checked`` in ``kit.js``).

    Parameters
    ----------
    class_name
        In ``layers.js``, without the package.
    arguments
        Values by names in snake case.

    Raises
    ------
    ArgumentMismatchError
        The class does not declare one of them, or needs one that is not among them; or a page that
        loads the model and saves it would save another key or string.
    """
    declared = declared_arguments()[class_name]
    given = set(map(camel_case, arguments))
    needed = {name for name in declared if name != "..." and not name.endswith("?")}
    unknown = set() if "..." in declared else given - {name.rstrip("?") for name in declared}
    if needed - given or unknown:
        raise ArgumentMismatchError(
            f"{class_name} of layers.js lacks {sorted(needed - given)}, has no {sorted(unknown)}"
        )
    if changed := next(filter(_changes_in_saving, _texts_in(arguments)), None):
        raise ArgumentMismatchError(
            f"{class_name} of layers.js is given {changed!r}, which TensorFlow.js would save as "
            f"{_snake_case(camel_case(changed))!r}"
        )


def _changes_in_saving(text: str) -> bool:
    return camel_case(_snake_case(camel_case(text))) != camel_case(text)


def _texts_in(value: Any) -> Iterator[str]:
    """Yield all keys and strings of a configuration, but the values that TF.js does not touch."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            if key not in ("name", "class_name") or not isinstance(item, str):
                yield from _texts_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts_in(item)


# --- Scripts ----------------------------------------------------------------------------------


def parts_for(config: Any) -> tuple[str, ...]:
    """Return the names of the parts with the layers and operations of a model.

    Parameters
    ----------
    config
        The model's configuration, as JSON.
    """
    return tuple(sorted(set(_parts_in(config))))


def script_of(parts: Iterable[str]) -> Script:
    """Return the script with the named parts, and with all that these need.

    Raises
    ------
    ValueError
        There is no part of one of the names.
    """
    wanted = frozenset(parts)
    if unknown := wanted - {part.name for part in _parts()}:
        raise ValueError(f"layers.js has no part {', '.join(sorted(unknown))}")
    return _script(wanted)


def whole_script() -> Script:
    """Return the script with all layers."""
    return _script(frozenset(part.name for part in _parts()))


def module(script_name: str) -> str:
    """Return the ES module that loads the script beside it, and exports ``register``."""
    return _MODULE.format(script_name=script_name)


def is_script(file_name: str) -> bool:
    """Whether a file has the name of a :class:`Script`."""
    return _NAMED_SCRIPT.fullmatch(file_name) is not None


def script_among(file_names: Iterable[str]) -> str | None:
    """Return the name of the script among the files of a model, if it needs one."""
    return next(filter(is_script, file_names), None)


@cache
def _script(wanted: frozenset[str]) -> Script:
    """Return the script that has these parts and those that they need."""
    needed, chosen = set(wanted), []
    for part in reversed(_parts()):  # each is after those that it needs
        if part.name in needed:
            needed.update(part.needs)
            chosen.append(part)
    chosen.reverse()
    head = f"{SCRIPT_BEGINNING}{__version__}: Keras layers for TensorFlow.js"
    scripts = [_document()["frame"]["script"], *(part.script for part in chosen)]
    text = "\n".join([head, _START, *scripts, _END])
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Script(name=f"{SCRIPT_PREFIX}{digest[:_NAME_DIGITS]}.js", text=text)


def _parts_in(value: Any) -> Iterator[str]:
    """Yield the names of the parts with what a configuration uses."""
    if isinstance(value, dict):
        package, _, name = str(value.get("class_name")).partition(">")
        if package == PACKAGE:
            yield _part_by_class()[name]
        if package == PACKAGE and name == _OPERATION:
            yield _part_by_operation()[camel_case(value["config"]["arguments"]["operation"])]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _parts_in(inner)


@cache
def _part_by_class() -> Mapping[str, str]:
    return {name: part.name for part in _parts() for name in part.layers}


@cache
def _part_by_operation() -> Mapping[str, str]:
    return {name: part.name for part in _parts() for name in part.operations}


# --- Files of the package ---------------------------------------------------------------------


def sources() -> dict[str, str] | None:
    """Return the readable text of each part by its name; ``None`` where only Python is installed.

    ``backends.js`` and ``ranks.js`` are parts of the frame.
    """
    folder = resources.files("tfjs_serve.browser") / "layers"
    if not folder.is_dir():
        return None
    found = {
        f"{prefix}{file.name.removesuffix('.js')}": file.read_text(encoding="utf-8")
        for prefix, place in (("", folder), ("operations/", folder / "operations"))
        for file in place.iterdir()
        if file.name.endswith(".js")
    }
    found[FRAME] = "\n".join(found.pop(name) for name in ("backends", "ranks", FRAME))
    return found


def digest_of_source(text: str) -> str:
    """Return what stands in ``layers.json`` for the source of a part."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:_NAME_DIGITS]


@cache
def _parts() -> tuple[_Part, ...]:
    """Return all parts, each after those that it needs.

    Raises
    ------
    StaleLayersError
        The sources are there, and are others than those that the parts were made of.
    """
    document = _document()
    made = {FRAME: document["frame"]["source"]}
    made |= {part["name"]: part["source"] for part in document["parts"]}
    _check_current(made)
    return tuple(
        _Part(
            name=part["name"],
            script=part["script"],
            needs=tuple(part["needs"]),
            layers={name: tuple(names) for name, names in part["layers"].items()},
            operations=frozenset(part["operations"]),
        )
        for part in document["parts"]
    )


def _check_current(made: Mapping[str, str]) -> None:
    texts = sources()
    if texts is None:
        return
    current = {name: digest_of_source(text) for name, text in texts.items()}
    changed = sorted({name for name, _ in made.items() ^ current.items()})
    if changed:
        raise StaleLayersError(
            f"browser/layers.json was not made of these sources in browser/layers: "
            f"{', '.join(f'{name}.js' for name in changed)}; run: python tools/minify_layers.py"
        )


@cache
def _document() -> Any:
    file = resources.files("tfjs_serve.browser") / "layers.json"
    return json.loads(file.read_text(encoding="utf-8"))
