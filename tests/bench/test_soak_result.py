"""What a soak counts as a problem."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ...]:
    """``soak_result``, ``soak_clients`` and ``soak_faults``."""
    monkeypatch.syspath_prepend(str(BENCH))
    names = ("soak_result", "soak_clients", "soak_faults")
    return tuple(importlib.import_module(name) for name in names)


def result_of(modules: tuple[ModuleType, ...], **changes: Any) -> Any:
    """Return a result without problems, but for the `changes`."""
    result, clients, _ = modules
    state = result.State(memory_bytes=1, workers_bytes=1, descriptors=1)
    without = {
        "tally": clients.Tally(generations={"a", "b", "c"}),
        "saved": {"saves": 3, "errors": []},
        "start": state,
        "end": state,
        "server_log": "ready",
        "last_is_served": True,
        "left": [],
    }
    return result.Result(**{**without, **changes})


def test_nothing_is_a_problem_of_a_good_run(modules: tuple[ModuleType, ...]) -> None:
    assert result_of(modules).problems == []


def test_a_connection_may_be_lost_only_while_the_server_is_away(
    modules: tuple[ModuleType, ...],
) -> None:
    _, clients, faults = modules
    lost = [
        clients.Failure("ClientOSError", begin, begin + 1, lost=True) for begin in (4.5, 5.5, 9.0)
    ]
    refused = clients.Failure("model.json 503 store-failed", 8.0, 8.5)
    tally = clients.Tally(generations={"a", "b", "c"}, failures=[*lost, refused])
    happened = [faults.Happened("disk full", 8.5, 9.5)]
    result = result_of(modules, tally=tally, downtimes=[(5.0, 6.0)], happened=happened)
    assert result.problems == ["ClientOSError (after: disk full), though the server was there"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"left": ["staging/1"]}, "left behind: staging/1"),
        ({"last_is_served": False}, "the last save never came through"),
        ({"saved": {"saves": 1, "errors": ["OSError: no"]}}, "OSError: no"),
        ({"server_log": "ready\nTraceback (most recent"}, "Traceback (most recent"),
    ],
)
def test_what_must_not_be_is_a_problem(
    modules: tuple[ModuleType, ...], changes: dict[str, Any], problem: str
) -> None:
    assert result_of(modules, **changes).problems == [problem]


def test_torn_loads_and_unclear_refusals_are_problems(modules: tuple[ModuleType, ...]) -> None:
    _, clients, _ = modules
    tally = clients.Tally(wrong=["torn"], unclear=["500 text/html"], generations={"a"})
    problems = result_of(modules, tally=tally).problems
    assert problems == ["torn", "500 text/html", "only 1 generations were served"]
