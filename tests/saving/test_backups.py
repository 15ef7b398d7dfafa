from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.saving.backups import backup_name, numbers_of, superfluous


def test_numbers_are_found_by_exact_names() -> None:
    names = [backup_name("a.h5", 2), backup_name("a.h5", 10), "a.h5", "a.h5.~x~", "a.h5.~0~"]
    names += ["a.h5.~01~", "a.h5.~3", "b.h5.~4~", "xa.h5.~5~", "a.h5.~6~.h5", "a.h5.~7~\n"]
    assert numbers_of("a.h5", names) == [2, 10]


@pytest.mark.parametrize(
    ("numbers", "kept", "removed"),
    [
        ([], 3, []),
        ([1], 1, []),
        ([1, 2, 3], 3, []),
        ([1, 2, 3, 4], 3, [2]),
        ([5, 2, 9, 7], 2, [5, 7]),
        ([1, 2], 1, [2]),
    ],
)
def test_the_first_and_the_newest_stay(numbers: list[int], kept: int, removed: list[int]) -> None:
    assert superfluous(numbers, kept) == removed


@given(st.sets(st.integers(1, 99)), st.integers(1, 20))
def test_as_many_stay_as_are_to_be_kept(numbers: set[int], kept: int) -> None:
    left = numbers - set(superfluous(numbers, kept))
    assert len(left) == min(kept, len(numbers))
    if numbers:
        assert min(numbers) in left
    if kept > 1 and numbers:
        assert max(numbers) in left
