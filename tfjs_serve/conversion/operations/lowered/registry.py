"""Which operations are lowered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tfjs_serve.conversion.lowering import Lowering, Tensor
from tfjs_serve.conversion.operations.call import OperationCall

Lower = Callable[[Lowering, OperationCall], Tensor | Sequence[Tensor]]

_LOWERED: dict[str, Lower] = {}


class NotLoweredError(ValueError):
    """With these arguments, no layers of TF.js compute the operation."""


def lowered(*names: str) -> Callable[[Lower], Lower]:
    """Register the decorated function for some operations.

    It gets an empty small model, and returns its output or outputs.

    Raises
    ------
    ValueError
        One of them is registered already.
    """

    def register(lower: Lower) -> Lower:
        for name in names:
            if name in _LOWERED:
                raise ValueError(f"{name} is lowered twice")
            _LOWERED[name] = lower
        return lower

    return register


def registered() -> Mapping[str, Lower]:
    """Return all that is registered."""
    return _LOWERED
