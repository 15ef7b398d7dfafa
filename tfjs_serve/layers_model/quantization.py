"""Weights in fewer bits, with the metadata from which TF.js restores them.

tfjs-core's ``io/io_utils.ts`` (``decodeWeight``) computes ``q * scale + min`` for uint8 and
uint16 in JavaScript's double precision and rounds the result to float32; float16 is widened
exactly. What is chosen here follows from that:

- Zero decodes to exactly zero when it lies within the tensor's range: ``min`` is the negative of
  ``zero_point * scale`` *as rounded to double*, so that the decoder's sum cancels exactly. This
  moves the range by at most half a step, so no value is off by more than half a step (apart from
  the rounding to float32 itself).
- A constant tensor has no range: its step is 1, and every value is ``min``, which is exact.
- Infinities and NaN have no place on such a scale, and neither do values near the limits of
  float32 whose decoded neighbour would be infinite. Such a tensor keeps its float32 values: a
  larger file is better than a model that predicts something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfjs_serve.layers_model.dtypes import FLOAT32
from tfjs_serve.settings import Variant

_FLOAT16_MAX: Final = float(np.finfo(np.float16).max)
_FLOAT32_MAX: Final = float(np.finfo(np.float32).max)
_LEVELS: Final = {Variant.UINT8: 2**8 - 1, Variant.UINT16: 2**16 - 1}
_STORED: Final[dict[Variant, np.dtype[Any]]] = {
    Variant.FLOAT16: np.dtype("<f2"),
    Variant.UINT16: np.dtype("<u2"),
    Variant.UINT8: np.dtype("|u1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """The range of a tensor's values.

    Attributes
    ----------
    minimum, maximum
        Of the finite values; both are zero if there are none.
    all_finite
        Whether no value is infinite or NaN.
    """

    minimum: float = 0.0
    maximum: float = 0.0
    all_finite: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """How one float32 tensor is stored in fewer bits.

    Attributes
    ----------
    minimum, scale
        What the stored number 0 stands for, and the step; meaningless for float16.
    """

    variant: Variant
    minimum: float = 0.0
    scale: float = 1.0

    @property
    def item_bytes(self) -> int:
        """Size of one stored value."""
        return stored_item_bytes(self.variant)

    def to_json(self) -> dict[str, Any]:
        """Return the ``quantization`` object of a weight's entry in the manifest."""
        data: dict[str, Any] = {"dtype": self.variant.value}
        if self.variant in _LEVELS:
            data |= {"min": self.minimum, "scale": self.scale}
        return data | {"original_dtype": FLOAT32}

    def decoded(self, stored: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the float32 values that TF.js makes of stored ones."""
        if self.variant not in _LEVELS:
            return stored.astype(np.float32)
        values = stored.astype(np.float64)
        np.multiply(values, self.scale, out=values)
        np.add(values, self.minimum, out=values)
        return values.astype(np.float32)

    def to_stored(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the values of `block`, a piece of the tensor, as they lie in a shard."""
        stored = _STORED[self.variant]
        if self.variant not in _LEVELS:
            return block.astype(np.float32, copy=False).astype(stored)
        steps = block.astype(np.float64)
        # In place: memory for each result in between would take longer than the arithmetic.
        np.subtract(steps, self.minimum, out=steps)
        np.divide(steps, self.scale, out=steps)
        np.rint(steps, out=steps)
        np.clip(steps, 0, _LEVELS[self.variant], out=steps)
        return steps.astype(stored)


def choose_quantization(variant: Variant, extent: Extent) -> Quantization | None:
    """Return how to store a float32 tensor of this extent; ``None`` means as float32.

    Parameters
    ----------
    extent
        Range of the values after their conversion to float32.
    """
    if not variant.is_quantized or not extent.all_finite:
        return None
    if variant is Variant.FLOAT16:
        in_range = max(-extent.minimum, extent.maximum) <= _FLOAT16_MAX
        return Quantization(variant=variant) if in_range else None
    return _uniform(variant, extent)


def _uniform(variant: Variant, extent: Extent) -> Quantization | None:
    low, high, levels = extent.minimum, extent.maximum, _LEVELS[variant]
    if low == high:
        return Quantization(variant=variant, minimum=low + 0.0)
    scale = (high - low) / levels
    if low <= 0.0 <= high:
        # Subtracting from zero, not negating, keeps a minimum of -0.0 out of the JSON.
        low = 0.0 - float(np.rint(-low / scale)) * scale
    if max(-low, low + levels * scale) > _FLOAT32_MAX:
        return None
    return Quantization(variant=variant, minimum=low, scale=scale)


def stored_item_bytes(variant: Variant) -> int:
    """Return the size of one value that is stored quantized, in a quantized variant."""
    return _STORED[variant].itemsize
