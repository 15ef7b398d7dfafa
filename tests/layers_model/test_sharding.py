from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.layers_model.sharding import is_misread_by_tfjs, plan_groups, plan_shards

SIZES = st.lists(st.integers(0, 40), max_size=30)
LIMITS = st.integers(1, 20)


def ends(sizes: tuple[int, ...]) -> list[int]:
    return list(accumulate(sizes))


def composite_buffer_slice(shards: list[bytes], start: int, end: int) -> bytes:
    """tfjs-core 4's CompositeArrayBuffer.slice, with its notion of uniform shards."""
    if end <= start:
        return b""
    uniform = len(shards[0])
    is_uniform = all(len(shard) == uniform for shard in shards[:-1])
    starts = [0, *accumulate(len(shard) for shard in shards)]
    if is_uniform:
        index = start // uniform
    else:
        index = next(i for i in range(len(shards)) if starts[i] <= start < starts[i + 1])
    joined = b"".join(shards[index:])[start - starts[min(index, len(shards))] :]
    return joined[: end - start].ljust(end - start, b"\0")


@given(SIZES, LIMITS)
def test_shards_hold_exactly_the_weights_within_the_limit(sizes: list[int], limit: int) -> None:
    shards = plan_shards(sizes, limit)
    assert sum(shards) == sum(sizes)
    assert all(0 < shard <= limit for shard in shards)


@given(SIZES, LIMITS)
def test_a_weight_that_fits_lies_in_one_shard(sizes: list[int], limit: int) -> None:
    boundaries = ends(plan_shards(sizes, limit))
    stop = 0
    for size in sizes:
        start, stop = stop, stop + size
        if size <= limit:
            assert not any(start < boundary < stop for boundary in boundaries)


@given(SIZES, LIMITS)
def test_a_great_weight_begins_a_shard_and_is_cut_at_exactly_the_limit(
    sizes: list[int], limit: int
) -> None:
    boundaries = {0, *ends(plan_shards(sizes, limit))}
    stop = 0
    for size in sizes:
        start, stop = stop, stop + size
        if size > limit:
            inside = {boundary for boundary in boundaries if start <= boundary < stop}
            assert inside == set(range(start, stop, limit))


FEW_SMALL_SIZES = st.lists(st.integers(1, 8), min_size=3, max_size=7)
"""The layouts that TF.js would misread have few shards, most of them two."""


@given(SIZES | FEW_SMALL_SIZES, st.integers(8, 14))
def test_tfjs_finds_every_weight(sizes: list[int], limit: int) -> None:
    data = bytes(1 + i % 255 for i in range(sum(sizes)))
    shards, stop = [], 0
    for size in plan_shards(sizes, limit):
        start, stop = stop, stop + size
        shards.append(data[start:stop])
    stop = 0
    for size in sizes:
        start, stop = stop, stop + size
        assert composite_buffer_slice(shards, start, stop) == data[start:stop]


def test_consecutive_small_weights_share_a_shard() -> None:
    assert plan_shards([4, 4, 2, 6, 3], 10) == (10, 9)


def test_what_follows_a_great_weight_joins_its_last_piece() -> None:
    assert plan_shards([3, 25, 4, 2], 10) == (3, 10, 10, 9, 2)


def test_the_last_shard_is_cut_again_where_tfjs_would_lose_weights() -> None:
    # As (6, 10), TF.js would look for the byte at 12 in a third shard.
    assert plan_shards([6, 6, 4], 10) == (6, 6, 4)
    assert plan_shards([3, 8, 1, 1], 10) == (3, 8, 2)


def test_a_greater_last_shard_of_one_weight_stays_whole() -> None:
    assert plan_shards([3, 9], 10) == (3, 9)


def test_no_weights_need_no_shards() -> None:
    assert plan_shards([], 10) == ()
    assert plan_shards([0, 0], 10) == ()


def test_which_layouts_tfjs_misreads() -> None:
    assert is_misread_by_tfjs([2, 3])
    assert is_misread_by_tfjs([0, 3])
    assert is_misread_by_tfjs([2, 2, 3])
    assert not any(map(is_misread_by_tfjs, ([], [3], [2, 2], [3, 2], [2, 3, 4], [2, 3, 0])))


@given(st.lists(SIZES, min_size=1, max_size=6), LIMITS)
def test_groups_have_shards_of_their_own_and_tfjs_reads_all_of_them(
    groups: list[list[int]], limit: int
) -> None:
    planned = plan_groups(groups, limit)
    assert [sum(shards) for shards in planned] == [sum(sizes) for sizes in groups]
    data = bytes(index % 251 + 1 for index in range(sum(map(sum, groups))))
    sizes = [size for shards in planned for size in shards]
    shards, start = [], 0
    for size in sizes:
        assert 0 < size <= limit
        shards.append(data[start : start + size])
        start += size
    stop = 0
    for size in (size for group in groups for size in group):
        start, stop = stop, stop + size
        if shards:
            assert composite_buffer_slice(shards, start, stop) == data[start:stop]
