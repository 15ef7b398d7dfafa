"""Which tests a worker gets at once.

pytest-xdist would hand out each test that is in no group by itself, and look through all that it
has handed out whenever a test ends. With 16,000 tests that keeps a core busy for a minute or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby

from xdist.scheduler import LoadGroupScheduling

AT_ONCE = 12
"""Fewer than there are in the groups that take long: what has most tests is begun first."""


class InRows(LoadGroupScheduling):
    """Keeps groups together, and rows of tests that follow each other in a file."""

    @cached_property
    def _rows(self) -> dict[str, str]:
        """The row of each test that is in no group."""
        alone = LoadGroupScheduling._split_scope
        return dict(in_rows(test for test in self.collection or () if alone(self, test) == test))

    def _split_scope(self, nodeid: str) -> str:
        return self._rows.get(nodeid) or super()._split_scope(nodeid)


def in_rows(tests: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each test with the name of its row.

    What the tests of a module share is set up for each row, so a short rest is part of the last.
    """
    for file, of_file in groupby(tests, lambda test: test.partition("::")[0]):
        own = list(of_file)
        last = max(1, len(own) // AT_ONCE) - 1
        for index, test in enumerate(own):
            yield test, f"{file}#{min(index // AT_ONCE, last)}"
