"""How tests are spread over workers."""

from __future__ import annotations

import pytest

from tests.distribution import AT_ONCE, in_rows


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (1, [1]),
        (AT_ONCE - 1, [AT_ONCE - 1]),
        (2 * AT_ONCE - 1, [2 * AT_ONCE - 1]),
        (2 * AT_ONCE, [AT_ONCE, AT_ONCE]),
        (3 * AT_ONCE + 1, [AT_ONCE, AT_ONCE, AT_ONCE + 1]),
    ],
)
def test_a_file_becomes_rows_in_its_order(count: int, sizes: list[int]) -> None:
    tests = [f"a.py::test[{index}]" for index in range(count)]
    found = list(in_rows([*tests, "b.py::test"]))
    assert [test for test, _ in found] == [*tests, "b.py::test"]
    rows = [row for _, row in found[:-1]]
    assert [rows.count(row) for row in dict.fromkeys(rows)] == sizes
    assert found[-1][1] not in rows
