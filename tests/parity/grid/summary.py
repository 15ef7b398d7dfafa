"""The table that a run of the grid prints."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from .run import Outcome, Result

COLUMNS = tuple(Outcome)
SHORT = {
    Outcome.UNREADABLE: "unreadable",
    Outcome.IMPOSSIBLE: "impossible",
    Outcome.UNSAVED: "unsaved",
    Outcome.UNBUILT: "unbuilt",
}


def table(results: Iterable[Result]) -> str:
    """Return a line per class and one for all: how many files came to which end."""
    counts: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for result in results:
        counts[result.case.class_name][result.outcome] += 1
    total = sum(counts.values(), Counter())
    width = max(map(len, [*counts, "all"]))
    head = " ".join(f"{SHORT.get(column, column.value):>10}" for column in COLUMNS)
    lines = [f"{'':<{width}} {head}"]
    for name, count in [*counts.items(), ("all", total)]:
        numbers = " ".join(f"{count[column] or '.':>10}" for column in COLUMNS)
        lines.append(f"{name:<{width}} {numbers}")
    return "\n".join([*lines, *_shares(total)])


def _shares(total: Counter[Outcome]) -> list[str]:
    """Say which part of the files that should work does, and which without the companion."""
    right = total[Outcome.PLAIN] + total[Outcome.COMPANION]
    possible = right + sum(total[outcome] for outcome in Outcome if outcome.is_failure)
    if possible == 0:
        return []
    return [
        f"{right:,} of {possible:,} files predict what Keras predicts ({right / possible:.2%}), "
        f"{total[Outcome.PLAIN]:,} of them without the companion "
        f"({total[Outcome.PLAIN] / possible:.2%})"
    ]


def refusals(results: Iterable[Result]) -> str:
    """Return the reasons for refusals, most frequent first."""
    reasons = Counter(
        f"{result.case.class_name}: {result.detail.partition(': ')[2]}"
        for result in results
        if result.outcome is Outcome.REFUSED
    )
    return "\n".join(f"{count:6} {reason}" for reason, count in reasons.most_common())
