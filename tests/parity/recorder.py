"""Which layers and functions of Keras a case uses, found out without computing anything.

The builder of a case gets, instead of Keras, an object that can be called, indexed and calculated
with, and that remembers what it was asked for. So this takes milliseconds where building thousands
of models takes minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from .cases import Case

_BINARY = {
    **{"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide"},
    **{"floordiv": "floor_divide", "mod": "mod", "pow": "power", "matmul": "matmul"},
    **{"and": "logical_and", "or": "logical_or", "xor": "logical_xor"},
}
_OTHERS = {
    **{"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"},
    **{"ne": "not_equal", "neg": "negative", "abs": "absolute", "invert": "logical_not"},
    "getitem": "get_item",
}
_SIZE = 2
"""What stands for any number, and how many elements anything has."""


class Recorder:
    """Stands for Keras, and for all that is taken or made from it.

    Parameters
    ----------
    used
        Gets the names of layers, and of functions with ``ops.`` before them.
    path
        By which attributes of Keras it was reached; ``None`` for what was made.
    """

    def __init__(self, used: set[str], path: tuple[str, ...] | None = ()) -> None:
        self._used = used
        self._path = path

    def __getattr__(self, name: str) -> Recorder:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._path is None:
            return Recorder(self._used, None)
        if self._path == ("layers",):
            self._used.add(name)
        if self._path[:1] == ("ops",):
            self._used.add(f"ops.{name}")
        return Recorder(self._used, (*self._path, name))

    def made(self, operation: str = "") -> Recorder:
        """Return what was made, with an operation if it is named."""
        if operation:
            self._used.add(f"ops.{operation}")
        return Recorder(self._used, None)

    def __call__(self, *_arguments: Any, **_named: Any) -> Recorder:
        return self.made()

    def __iter__(self) -> Iterator[Recorder]:
        return iter([self.made() for _ in range(_SIZE)])

    def __len__(self) -> int:
        return _SIZE

    def __index__(self) -> int:
        return _SIZE


def _operator(operation: str) -> Callable[..., Recorder]:
    return lambda recorder, *_others: recorder.made(operation)


for _name, _operation in _BINARY.items():
    setattr(Recorder, f"__{_name}__", _operator(_operation))
    setattr(Recorder, f"__r{_name}__", _operator(_operation))
for _name, _operation in _OTHERS.items():
    setattr(Recorder, f"__{_name}__", _operator(_operation))


def used_by(cases: Iterable[Case]) -> set[str]:
    """Return the layers and functions that are used by any of the cases.

    A case that calculates with what it has built ends there; what it has used so far counts.
    """
    used: set[str] = set()
    for case in cases:
        with suppress(Exception):
            case.build(Recorder(used))
    return used
