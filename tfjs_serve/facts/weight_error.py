"""How far the weights of a quantized variant are from those of the full model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfjs_serve.facts import checks


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightError:
    """What quantization has changed, as a page decodes the weights; measured, not estimated.

    Attributes
    ----------
    largest
        Largest absolute difference of a number.
    mean
        Mean absolute difference of all numbers, those that are stored exactly among them.
    """

    largest: float
    mean: float

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"largest": self.largest, "mean": self.mean}

    @classmethod
    def from_json(cls, data: Any) -> WeightError:
        """Rebuild it. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(largest=checks.magnitude(data["largest"]), mean=checks.magnitude(data["mean"]))
