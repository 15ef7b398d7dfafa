"""How far stored weights are from what they were, added up while they are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.facts.weight_error import WeightError


class Deviation:
    """The absolute differences of one weight so far: their largest, and their sum."""

    __slots__ = ("largest", "total")

    def __init__(self) -> None:
        self.largest = 0.0
        self.total = 0.0

    def add(self, values: npt.NDArray[Any], decoded: npt.NDArray[np.float32]) -> None:
        """Count a block: what the values are in the full model, and what a page makes of them.

        Values are compared as float32, which the full model has. `decoded` is overwritten: memory
        for results in between would take longer than the arithmetic.
        """
        if not decoded.size:
            return
        off = np.subtract(decoded, values.astype(np.float32, copy=False), out=decoded)
        np.abs(off, out=off)
        self.largest = max(self.largest, float(off.max()))
        self.total += float(off.sum(dtype=np.float64))


def error_of(deviations: Iterable[Deviation], count: int) -> WeightError:
    """Return the error of weights with `count` numbers in all."""
    every = tuple(deviations)
    return WeightError(
        largest=max((one.largest for one in every), default=0.0),
        mean=sum(one.total for one in every) / max(1, count),
    )
