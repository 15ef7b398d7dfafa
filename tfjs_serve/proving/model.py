"""What came of comparing a page's predictions with those of Keras. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve.errors import TfjsServeError
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.facts.proof import ProofInfo


class RunError(TfjsServeError):
    """The model could not be run, for a reason that is not its own."""

    code = "cannot-run"


class ProofError(TfjsServeError):
    """A page does not predict what Keras predicted for the proof."""

    code = "not-as-proven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it on one backend.

    Attributes
    ----------
    runner
        What ran it: ``"Node"`` or ``"Chromium"``.
    largest
        The largest difference of an output, relative to the largest number of it.
    tolerance
        Up to which difference it counts as right.
    first
        The first layer whose difference is larger; empty if none is, or if the outputs are right.
    error
        Why it did not predict; empty if it did.
    """

    runner: str
    backend: str
    largest: float
    tolerance: float
    first: str = ""
    error: str = ""

    @property
    def is_right(self) -> bool:
        """Whether it predicts as Keras."""
        return not self.error and self.largest <= self.tolerance

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object; a difference that is no number is ``None``."""
        return {
            "runner": self.runner,
            "backend": self.backend,
            "largestDifference": self.largest if math.isfinite(self.largest) else None,
            "tolerance": self.tolerance,
            "isRight": self.is_right,
            "firstLayer": self.first or None,
            "error": self.error or None,
        }

    @classmethod
    def from_script(cls, runner: str, data: Any) -> Outcome:
        """Rebuild what ``scripts/proof/prove.js`` says."""
        largest, first = data["largest"], data["first"]
        return cls(
            runner=runner,
            backend=str(data["backend"]),
            largest=math.inf if largest is None else float(largest),
            tolerance=float(data["tolerance"]),
            first=str(first["name"]) if first else "",
            error=str(data.get("error") or ""),
        )


def differences(outcomes: Sequence[Outcome]) -> str:
    """Return what came of it in one line."""
    runner = outcomes[0].runner
    return f"largest differences from Keras in {runner}: {', '.join(map(_told, outcomes))}"


def _told(outcome: Outcome) -> str:
    if outcome.error:
        return f"{outcome.backend} failed ({outcome.error})"
    text = f"{outcome.backend} {readable(outcome.largest)}"
    return text if outcome.is_right else f"{text} (allowed: {readable(outcome.tolerance)})"


def readable(difference: float) -> str:
    """Return a difference as the documentation has them, such as "3e-07"."""
    if not math.isfinite(difference):
        return "no number"
    return f"{difference:.0e}" if difference else "0"


def fault(
    facts: ModelFacts, outcomes: Iterable[Outcome], notes: Sequence[str]
) -> ProofError | None:
    """Return what is wrong with a model that was run; ``None`` if nothing is.

    Parameters
    ----------
    notes
        Those on the model. Backends that these name are known to be wrong.
    """
    wrong = [one for one in outcomes if not one.is_right and not _is_noted(one, notes)]
    proof = facts.proof
    if proof is not None and proof.changed_count:
        return ProofError(
            f"its proof was made from other weights than it has: {_changed(proof)}"
            + (f"; {_first(wrong)}" if wrong else ""),
            hint="if it was trained on, make the proof again; if not, find out who has changed it",
        )
    if wrong:
        return ProofError(
            f"it does not predict what Keras predicted for its proof: {_first(wrong)}",
            hint="if its configuration was changed on purpose, make the proof again; else please "
            "report it, with the model",
        )
    return None


def _changed(proof: ProofInfo) -> str:
    more = proof.changed_count - 1
    return f"{proof.changed[0]} and {more:,} more" if more else proof.changed[0]


def _first(wrong: Sequence[Outcome]) -> str:
    """Return on which backends, and from which layer on; how much is told beside it."""
    where = f"wrong on {', '.join(one.backend for one in wrong)}"
    layer = next((one.first for one in wrong if one.first), "")
    return f"{where}; the first layer that differs is {layer}" if layer else where


def _is_noted(outcome: Outcome, notes: Sequence[str]) -> bool:
    return any(f"wrong on the {outcome.backend} backend" in note for note in notes)
