"""``layers.js``: the layers that a page needs when plain TensorFlow.js lacks them.

The sources are in ``browser/layers``, one part for each family (``packed_scripts.py``). A script
has the frame and the parts that its model needs, or all of them. It registers the layers if it
finds a global ``tf``.

The arguments of a layer are declared in one place: beside the JavaScript that reads them. Both
sides are held against that list, which gives names as the page sees them (:func:`camel_case`):
Python by :func:`check_arguments` when it writes a layer, and JavaScript when it makes one. The
arguments of an operation are those of its specification, which a test holds against the lists in
``browser/layers/operations``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from tfjs_serve import packed_scripts
from tfjs_serve.packed_scripts import LAYERS, Part, Script

PACKAGE = "tfjs-serve/layers.js"
"""Package of the classes, so that TF.js's error about an unknown one names the file to load."""
SCRIPT_NAME = LAYERS.script_name
MODULE_NAME = LAYERS.module_name
TYPES_NAME = LAYERS.types_name
SCRIPT_PREFIX = LAYERS.prefix
"""How the names of scripts begin, and of their compressed forms."""

_OPERATION = "Operation"
"""The class of all operations; its argument ``operation`` says which."""


class ArgumentMismatchError(RuntimeError):
    """A rule writes arguments that the JavaScript of a layer does not declare, or too few."""


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
    return packed_scripts.script(LAYERS, wanted)


def whole_script() -> Script:
    """Return the script with all layers."""
    return packed_scripts.whole_script(LAYERS)


def module(script_name: str) -> str:
    """Return the ES module that loads the script beside it, and exports ``register``."""
    return packed_scripts.module(LAYERS, script_name)


def types() -> str:
    """Return the declarations for TypeScript of what the module exports."""
    return packed_scripts.types(LAYERS)


def is_script(file_name: str) -> bool:
    """Whether a file has the name of a :class:`Script`."""
    return packed_scripts.is_script(LAYERS, file_name)


def script_among(file_names: Iterable[str]) -> str | None:
    """Return the name of the script among the files of a model, if it needs one."""
    return next(filter(is_script, file_names), None)


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


def _parts() -> tuple[Part, ...]:
    return packed_scripts.parts(LAYERS)
