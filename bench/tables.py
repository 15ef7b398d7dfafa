"""Tables of comparisons: medians, ratios and goals, as Markdown and as JSON. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OURS = "tfjs-serve"
"""The column of the build that is measured; all ratios are its figures divided by the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a figure should be.

    Attributes
    ----------
    of
        The others whose best figure is multiplied by `factor`; without any, `factor` is the figure.
    """

    factor: float
    of: tuple[str, ...] = ()
    at_least: bool = False

    def is_met(self, medians: Mapping[str, float]) -> bool | None:
        """Say whether our figure reaches it; ``None`` if what it needs was not measured."""
        others = [medians[name] for name in self.of if name in medians]
        if OURS not in medians or (self.of and not others):
            return None
        best = max if self.at_least else min
        bound = self.factor * (best(others) if self.of else 1.0)
        return medians[OURS] >= bound if self.at_least else medians[OURS] <= bound

    def __str__(self) -> str:
        bound = "≥" if self.at_least else "≤"
        whose = f"the best of {', '.join(self.of)}" if len(self.of) > 1 else "".join(self.of)
        of = f"x {whose}" if whose else ""
        return f"{bound} {number(self.factor)}{of}"


def at_most(factor: float, *of: str) -> Goal:
    """Return the goal of so much, or of so many times the best of others."""
    return Goal(factor=factor, of=of)


def at_least(factor: float, *of: str) -> Goal:
    """Return the goal of so much, or of so many times the best of others."""
    return Goal(factor=factor, of=of, at_least=True)


@dataclass(slots=True, kw_only=True)
class Row:
    """One figure of each side, measured several times."""

    what: str
    unit: str
    goals: tuple[Goal, ...] = ()
    values: dict[str, list[float]] = field(default_factory=dict)

    @property
    def medians(self) -> dict[str, float]:
        return {side: statistics.median(values) for side, values in self.values.items()}

    @property
    def ratios(self) -> dict[str, float]:
        """Our median divided by each other one."""
        medians = self.medians
        ours = medians.pop(OURS, None)
        return {side: ours / one for side, one in medians.items() if ours is not None and one}

    def to_json(self) -> dict[str, Any]:
        medians = self.medians
        return {
            "what": self.what,
            "unit": self.unit,
            "values": self.values,
            "medians": medians,
            "ratios": self.ratios,
            "goals": [{"goal": str(goal), "met": goal.is_met(medians)} for goal in self.goals],
        }


class Table:
    """The rows of one comparison, in the order in which they are first added to."""

    def __init__(self, title: str, settings: Sequence[str]) -> None:
        self.title = title
        self.settings = list(settings)
        self.notes: list[str] = []
        self._rows: dict[str, Row] = {}

    def row(self, what: str, unit: str, *goals: Goal) -> Row:
        """Return the row `what`; it is made if it is missing."""
        return self._rows.setdefault(what, Row(what=what, unit=unit, goals=goals))

    def add(self, row: Row, side: str, value: float) -> None:
        """Add one measured value."""
        row.values.setdefault(side, []).append(value)

    def note(self, text: str) -> None:
        """Add a remark, once."""
        if text not in self.notes:
            self.notes.append(text)

    @property
    def sides(self) -> list[str]:
        """Who was measured, we first."""
        found = dict.fromkeys(side for row in self._rows.values() for side in row.values)
        return sorted(found, key=lambda side: side != OURS)

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "settings": self.settings,
            "notes": self.notes,
            "rows": [row.to_json() for row in self._rows.values()],
        }

    def to_markdown(self) -> str:
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        sides = self.sides
        ratios = [f"In parentheses: {OURS} divided by the other."] if OURS in sides else []
        yield " ".join([*self.settings, *ratios])
        yield ""
        has_goals = any(row.goals for row in self._rows.values())
        yield f"| | unit | {' | '.join(sides)} |" + (" goal |" if has_goals else "")
        yield "|---|---|" + "--:|" * len(sides) + ("---|" if has_goals else "")
        for row in self._rows.values():
            cells = [_cell(row, side) for side in sides]
            goals = f" {_goals(row)} |" if has_goals else ""
            yield f"| {row.what} | {row.unit} | {' | '.join(cells)} |{goals}"
        for note in self.notes:
            yield f"\n{note}"


def _cell(row: Row, side: str) -> str:
    median, ratio = row.medians.get(side), row.ratios.get(side)
    if median is None:
        return ""
    return number(median) + (f" ({number(ratio)}x)" if ratio is not None else "")


def _goals(row: Row) -> str:
    words = {True: "met", False: "**missed**", None: "not measured"}
    return "; ".join(f"{goal}: {words[goal.is_met(row.medians)]}" for goal in row.goals)


def number(value: float) -> str:
    """Return a figure with three digits, or all digits of a larger one."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"
