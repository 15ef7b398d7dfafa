"""What is told of the proof beside a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfjs_serve.facts import checks


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofInfo:
    """What is told of the proof beside a model: what Keras predicted for a few inputs.

    Attributes
    ----------
    examples
        How many inputs it has.
    layers
        Of how many layers inside of the model it has the outputs, too.
    made_with
        The Keras that predicted.
    precision
        In which dtype of few digits layers of it computed; empty if none did.
    changed
        Names of weights that the model had for the proof and has not now; the first ones.
    changed_count
        How many there are in all.
    """

    examples: int
    layers: int
    made_with: str
    precision: str = ""
    changed: tuple[str, ...] = ()
    changed_count: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "examples": self.examples,
            "layerCount": self.layers,
            "madeWith": self.made_with,
            "precision": self.precision,
            "changed": list(self.changed),
            "changedCount": self.changed_count,
        }

    @classmethod
    def from_json(cls, data: Any) -> ProofInfo:
        """Rebuild it. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(
            examples=checks.count(data["examples"]),
            layers=checks.count(data["layerCount"]),
            made_with=checks.text(data["madeWith"]),
            precision=checks.text(data["precision"]),
            changed=checks.list_of(data["changed"], checks.text, checks.MOST_TENSORS),
            changed_count=checks.count(data["changedCount"]),
        )
