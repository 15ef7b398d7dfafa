"""What facts consist of, checked when they are read: a stranger's file may have any."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")

Shape = tuple[int | None, ...]
"""The sizes of a tensor, with the batch axis; an axis of any size is ``None``."""

MOST_TENSORS = 100
"""How many inputs or outputs of a model are told one by one."""
MOST_LINKS = 100
"""How many inputs of a layer, and shapes of its outputs, are told one by one."""
MOST_CHARACTERS = 300
_MOST_AXES = 64


def list_of(value: Any, item: Callable[[Any], T], most: int) -> tuple[T, ...]:
    """Return what `item` makes of each. Raises ``TypeError`` if it is no list, or too long."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > most:
        raise TypeError("not a list, or a longer one than facts have")
    return tuple(map(item, value))


def text(value: Any) -> str:
    """Return a text. Raises ``TypeError`` if it is none, or too long."""
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        raise TypeError("not a text, or a longer one than facts have")
    return value


def name(value: Any) -> str:
    """Return a name once, as thousands of models have layers of the same few."""
    return sys.intern(text(value))


def names(value: Any) -> tuple[str, ...]:
    """Return names of layers; the same ones once."""
    found: tuple[str, ...] = _one_of_many(list_of(value, name, MOST_LINKS))
    return found


def count(value: Any) -> int:
    """Return a number of things. Raises ``ValueError`` if it is none."""
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError(f"not a count: {value!r}")
    return value


def magnitude(value: Any) -> float:
    """Return a size that is no negative number. Raises ``ValueError`` if it is none."""
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise ValueError(f"not a magnitude: {value!r}")
    return float(value)


def shape(value: Any) -> Shape | None:
    """Return a shape, or ``None`` for one that is not known; the same ones once."""
    return None if value is None else _one_of_many(list_of(value, _size, _MOST_AXES))


def _size(value: Any) -> int | None:
    return None if value is None else count(value)


@lru_cache(maxsize=1 << 14)
def _one_of_many(value: T) -> T:
    """Return the first value that is equal to this one, for the sake of memory."""
    return value
