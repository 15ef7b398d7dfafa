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

        Values are compared as float32, which the full model has.
        """
        if not decoded.size:
            return
        # Differences of values near the limits of float32 are larger than its limits.
        off = np.abs(np.subtract(decoded, values.astype(np.float32), dtype=np.float64))
        self.largest = max(self.largest, float(off.max()))
        self.total += float(off.sum())


def error_of(deviations: Iterable[Deviation], count: int) -> WeightError:
    """Return the error of weights with `count` numbers in all."""
    every = tuple(deviations)
    return WeightError(
        largest=max((one.largest for one in every), default=0.0),
        mean=sum(one.total for one in every) / max(1, count),
    )
