"""Which generation of Keras wrote a file, judged by the version it states or by its spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files.model import Json
from tfjs_serve.untrusted_json import parse_json

_GENERATIONS = {"0": 1, "1": 1, "2": 2, "3": 3}
"""By the first number of the version; Keras 0.3 spells things as Keras 1 does."""
_VERSION_CHARACTERS = 40
_VERSION = re.compile(r"([0-9]+)(?:[-.+A-Za-z_][-.+A-Za-z_0-9]*)?")
"""Strict, because a version is shown on pages and written into ``model.json``."""

_MARKS = {
    1: {"border_mode", "dim_ordering", "init", "inner_init", "input_dtype", "nb_filter"},
    3: {"__keras_tensor__", "DTypePolicy", "batch_shape", "autocast"},
}
"""Keys and class names that only this generation writes into the configuration of a model."""


def read_generation(version: str, config: Json, display_name: str) -> int:
    """Return the generation of Keras that wrote the file.

    Parameters
    ----------
    version
        As the file states it; empty if it states none, as before Keras 1.1 and in archives that
        another program has packed.

    Raises
    ------
    KerasFileError
        It is not a version of Keras 0 to 3.
    """
    if not version:
        return _generation_by_spelling(config)
    found = _VERSION.fullmatch(version[: _VERSION_CHARACTERS + 1])
    if found is None or len(version) > _VERSION_CHARACTERS or found[1] not in _GENERATIONS:
        raise KerasFileError(
            f"{display_name} was written by Keras {version[:_VERSION_CHARACTERS]}, which is not "
            "supported",
            hint="save the model with a version of Keras from 1 to 3",
        )
    return _GENERATIONS[found[1]]


def _generation_by_spelling(config: Json) -> int:
    words = set(_words(config))
    return next((generation for generation, marks in _MARKS.items() if marks & words), 2)


def _words(value: Json) -> Iterator[str]:
    """Yield all keys and all class names."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            yield from item
            if isinstance(item.get("class_name"), str):
                yield item["class_name"]
            todo += item.values()
        elif isinstance(item, list):
            todo += item


def read_config(text: str, display_name: str) -> Mapping[str, Any]:
    """Return the architecture of a model.

    Raises
    ------
    KerasFileError
        It is not JSON, or does not describe a model.
    """
    try:
        config = parse_json(text)
    except ValueError as error:
        raise KerasFileError(
            f"{display_name}: its architecture is not valid JSON ({error})",
            hint="the file is damaged; save the model again",
        ) from error
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise KerasFileError(
            f"{display_name}: its architecture does not describe a model",
            hint="save the whole model with model.save('name.h5')",
        )
    return config
