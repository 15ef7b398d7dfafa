"""A mapping of limited size."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A mapping that forgets the least recently used values."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value of `key`, if it is remembered."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: K, value: V) -> K | None:
        """Remember `value`; return the key whose value is forgotten for it, if there is one."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) <= self._capacity:
            return None
        forgotten, _ = self._values.popitem(last=False)
        return forgotten
