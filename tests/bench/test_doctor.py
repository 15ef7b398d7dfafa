"""The table of what the doctor says: it can fail, and it does not here."""

from __future__ import annotations

import pytest

from bench.doctor import Row, rows, table
from tests.doctor.showcase import Deployment, with_fault, without_fault


def test_there_is_a_deployment_for_each_kind_of_fault() -> None:
    deployments = [*with_fault()]
    assert len(deployments) >= 45
    assert len({one.code for one in deployments}) >= 35


async def test_each_fault_is_named_and_nothing_else() -> None:
    wrong = [row for row in await rows([*with_fault(), *without_fault()]) if not row.is_right]
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "told", "verdict"),
    [
        ("html", ["html"], "named"),
        ("html", [], "MISSED"),
        ("html", ["html", "xml"], "FALSE ALARM"),
        ("", [], "well"),
        ("", ["xml"], "FALSE ALARM"),
    ],
)
def test_what_is_wrong_is_in_the_table(code: str, told: list[str], verdict: str) -> None:
    row = Row(deployment=Deployment(title="one", code=code), told=told)
    assert verdict in table([row])
