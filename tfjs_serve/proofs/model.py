"""The nouns: a proof, and what it holds of each tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
PRECISIONS = ("bfloat16", "float16")
"""Coarsest first. ``scripts/proof/prove.js`` knows what to expect of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An input or output, for all examples.

    Attributes
    ----------
    values
        float32, [examples, ...]. Whole numbers are exact, as they are limited (`as_floats`).
    """

    name: str
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerOutput:
    """Some numbers of what a layer inside of the model made.

    Attributes
    ----------
    path
        Names from the outermost model's layers to this one, joined by ``/``.
    shape
        Of the whole output, with the examples.
    values
        float32, flat: the numbers at the `sampled` places.
    """

    path: str
    shape: tuple[int, ...]
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a Keras predicted.

    Attributes
    ----------
    made_with
        Such as ``"Keras 3.12.0 on tensorflow"``.
    inputs, outputs
        In the order of the model's.
    layers
        In the order in which they were called.
    weights
        By the names of the weights that the model had, their fingerprints.
    precision
        Of the layers that computed in fewer digits than a page, the coarsest: one of
        `PRECISIONS`, or empty.
    """

    made_with: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    layers: tuple[LayerOutput, ...] = ()
    weights: Mapping[str, str] = field(default_factory=dict)
    precision: str = ""

    @property
    def examples(self) -> int:
        """How many there are."""
        return int(self.inputs[0].values.shape[0])


def sampled(size: int, most: int) -> npt.NDArray[np.int64]:
    """Return the places of at most `most` of `size` numbers: evenly spread, the first one first.

    ``scripts/proof/prove.js`` computes the same.
    """
    count = min(size, most)
    return np.arange(count, dtype=np.int64) * size // max(count, 1)


def as_floats(values: Any) -> Floats:
    """Return numbers as float32.

    Raises
    ------
    ValueError
        They are no numbers, or whole ones that float32 does not have.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub" and array.dtype.name != "bfloat16":
        raise ValueError(f"they are {array.dtype.name}, not numbers")
    floats = np.ascontiguousarray(array, dtype="<f4")
    if array.dtype.kind in "iu" and not np.array_equal(floats.astype(np.float64), array):
        raise ValueError("they have whole numbers above 16,777,216")
    return floats
