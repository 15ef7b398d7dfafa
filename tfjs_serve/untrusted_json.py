"""Untrusted JSON: what would cost too much is refused before it is parsed or walked through.

Later code may walk through a document recursively, because its depth is limited here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

MAXIMUM_VALUES = 4_000_000
"""Maximum number of lists, objects and their members. A list costs about 60 bytes of memory, so a
document of brackets would take 60 times its size. The largest real documents hold vocabularies of a
million words."""
MAXIMUM_DEPTH = 200
"""Maximum nesting of lists and objects. Keras needs four levels for a model inside a model."""
_LONGEST_INTEGER = 20
"""The digits of 2**64: seeds and salts are that long, and sizes are shorter."""


def parse_json(text: str | bytes) -> Any:
    """Return the value of a document, in which Python may have written ``NaN`` and ``Infinity``.

    Raises
    ------
    ValueError
        It is not JSON, too large, nested too deep, or has too long integers; the message says
        which.
    """
    return _parse(text, None)


def parse_strict_json(text: str | bytes) -> Any:
    """Return the value of a document that browsers can parse, too: all numbers are finite.

    Raises
    ------
    ValueError
        As :func:`parse_json`; or it holds a number that JSON does not have.
    """
    value = _parse(text, _refuse_constant)
    json.dumps(value, allow_nan=False)  # 1e999 is an infinity
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which JSON does not have")


def _parse(text: str | bytes, parse_constant: Callable[[str], Any] | None) -> Any:
    _check_count(text)
    try:
        value = json.loads(text, parse_constant=parse_constant, parse_int=_parse_integer)
    except RecursionError:
        raise _too_deep() from None
    if not _is_flatter_than(value, MAXIMUM_DEPTH):
        raise _too_deep()
    return value


def _check_count(text: str | bytes) -> None:
    """Count the marks that every value but the outermost needs, including those in strings."""
    marks: tuple[Any, ...] = (",", "[", "{") if isinstance(text, str) else (b",", b"[", b"{")
    if sum(text.count(mark) for mark in marks) > MAXIMUM_VALUES:
        raise ValueError(f"it holds more than {MAXIMUM_VALUES} values")


def _parse_integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _LONGEST_INTEGER:
        raise ValueError(f"it holds an integer of {len(digits)} digits")
    return int(digits)


def _is_flatter_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return True
    return False


def _too_deep() -> ValueError:
    return ValueError(f"it is nested deeper than {MAXIMUM_DEPTH} levels")
