"""What is told of the training of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfjs_serve.facts import checks


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingInfo:
    """How the model was trained, and how a page can go on.

    Attributes
    ----------
    optimizer
        Class name in Keras 3; empty if it is not one of Keras's.
    losses
        The same of each loss.
    is_compiled
        Whether the page gets a compiled model from TensorFlow.js alone.
    has_all
        Whether ``training.js`` has the optimizer and all losses.
    left_out
        What a page without ``training.js`` has to know, or has not: a sentence each.
    compile_line
        JavaScript that compiles the model, where `is_compiled` is false.
    """

    optimizer: str = ""
    losses: tuple[str, ...] = ()
    is_compiled: bool = False
    has_all: bool = False
    left_out: tuple[str, ...] = ()
    compile_line: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "optimizer": self.optimizer,
            "losses": list(self.losses),
            "isCompiled": self.is_compiled,
            "hasAll": self.has_all,
            "leftOut": list(self.left_out),
            "compileLine": self.compile_line,
        }

    @classmethod
    def from_json(cls, data: Any) -> TrainingInfo:
        """Rebuild it. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
        return cls(
            optimizer=checks.text(data["optimizer"]),
            losses=checks.list_of(data["losses"], checks.text, checks.MOST_TENSORS),
            is_compiled=bool(data["isCompiled"]),
            has_all=bool(data["hasAll"]),
            left_out=checks.list_of(data["leftOut"], checks.text, checks.MOST_TENSORS),
            compile_line=checks.text(data["compileLine"]),
        )
