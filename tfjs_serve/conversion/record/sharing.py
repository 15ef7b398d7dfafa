"""Which objects of a configuration are one and the same, told without addresses in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tfjs_serve.conversion.model.layers import Json

_ID = "shared_object_id"


def with_small_numbers(config: Json) -> Json:
    """Return a configuration in which objects that occur several times are numbered from zero.

    Keras numbers them by where they are in memory (``record_object_after_serialization`` in
    ``keras/src/saving/serialization_lib.py``): by other numbers each time it saves the same model.
    Objects that occur once need no number.
    """
    counts = Counter(_ids(config))
    shared = [number for number, count in counts.items() if count > 1]
    return _renumbered(config, {number: place for place, number in enumerate(shared)})


def _ids(value: Json) -> Iterator[Json]:
    """Yield all numbers, in the order of the configuration."""
    if isinstance(value, dict):
        if isinstance(value.get(_ID), int):
            yield value[_ID]
        for item in value.values():
            yield from _ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from _ids(item)


def _renumbered(value: Json, places: dict[int, int]) -> Json:
    if isinstance(value, list):
        return [_renumbered(item, places) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _renumbered(item, places) for key, item in value.items() if key != _ID}
    number = value.get(_ID)
    return {**found, _ID: places[number]} if number in places else found
