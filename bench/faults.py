"""Run the tests of faults and print what the server answered to each, as a table.

    python bench/faults.py [PYTEST OPTIONS]

A row stands only for a test that passed: it has held the answer and the state left behind against
what it claims. What could not be tried on this machine is listed below the table.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import pytest

ROOT = Path(__file__).resolve().parents[1]


class Rows:
    """Collects what the tests noted with the fixture ``answered``."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.others: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped or report.failed:
            self.others.append(f"{report.outcome}: {report.nodeid}")
        elif report.when == "call":
            for name, value in report.user_properties:
                if name == "fault":
                    fault, answer = cast(tuple[str, str], value)
                    self.rows[fault] = answer


def main() -> None:
    collected = Rows()
    tests = sorted(map(str, (ROOT / "tests" / "stack").glob("test_faults*.py")))
    code = pytest.main([*tests, "-q", f"--rootdir={ROOT}", *sys.argv[1:]], plugins=[collected])
    print("\n| fault | what the server answered |\n|---|---|")
    for fault, answer in collected.rows.items():
        print(f"| {fault} | {answer} |")
    for other in collected.others:
        print(other)
    sys.exit(code)


if __name__ == "__main__":
    main()
