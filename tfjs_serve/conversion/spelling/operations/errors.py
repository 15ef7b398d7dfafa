"""What cannot be an operation."""

from __future__ import annotations

_HINT = "Use layers, or functions of the list in docs/layers.md."


class UntranslatableError(ValueError):
    """A function of TensorFlow that no operation computes."""

    def __init__(self, message: str, hint: str = _HINT) -> None:
        super().__init__(message)
        self.hint = hint
