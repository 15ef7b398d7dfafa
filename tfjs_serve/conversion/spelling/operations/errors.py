"""The error for a function of TensorFlow that cannot be translated."""

from __future__ import annotations

_HINT = "Use layers, or functions of the list in docs/operations.md."


class UntranslatableError(ValueError):
    """No operation computes this function of TensorFlow."""

    def __init__(self, message: str, hint: str = _HINT) -> None:
        super().__init__(message)
        self.hint = hint
