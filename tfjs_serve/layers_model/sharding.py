"""Where the joined bytes of all weights are cut into files.

TF.js fetches all shards, joins them in order and cuts the result by the sizes of the weights
(tfjs-core ``io/http.ts``, ``io/io_utils.ts``), so any cut is correct. These cuts are chosen so that
a browser has to download little again: shards end where a weight ends, and which weights share a
shard depends only on their sizes. Training a model further changes bytes, but no boundaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, islice


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a weight: the weight's index, and offset and size of the part in its bytes."""

    weight: int
    offset: int
    size_bytes: int


def plan_shards(weight_sizes_bytes: Sequence[int], limit_bytes: int) -> tuple[int, ...]:
    """Return the sizes of the shards, in order, that hold the weights one after the other.

    A weight of at most `limit_bytes` lies within one shard. A larger one begins a shard and is cut
    into pieces of exactly `limit_bytes`; the next weights may share its last piece. No shard is
    empty: a model without weights, or with empty ones only, needs none.
    """
    (sizes_bytes,) = plan_groups([weight_sizes_bytes], limit_bytes)
    return sizes_bytes


def plan_groups(groups: Sequence[Sequence[int]], limit_bytes: int) -> tuple[tuple[int, ...], ...]:
    """Return the sizes of the shards of each group of weights, given by their sizes.

    No shard has weights of two groups. TF.js joins the shards of all groups, so what it may misread
    is judged for all of them together.
    """
    planned = [_filled(sizes_bytes, limit_bytes) for sizes_bytes in groups]
    shards = [shard for group in planned for shard in group]
    counts = [len(group) for group in planned]
    last = max((index for index, count in enumerate(counts) if count), default=0)
    cut_once_more = _without_misread_tail(shards)
    if counts:
        counts[last] += len(cut_once_more) - len(shards)
    sizes = iter([sum(shard) for shard in cut_once_more])
    return tuple(tuple(islice(sizes, count)) for count in counts)


def _filled(weight_sizes_bytes: Sequence[int], limit_bytes: int) -> list[list[int]]:
    """Return the shards of weights, each as the sizes of the pieces in it."""
    shards: list[list[int]] = []
    room_bytes = 0
    for size_bytes in weight_sizes_bytes:
        pieces = _pieces(size_bytes, limit_bytes)
        if pieces and size_bytes <= room_bytes:
            shards[-1].append(size_bytes)
            room_bytes -= size_bytes
        elif pieces:
            shards.extend([piece] for piece in pieces)
            room_bytes = limit_bytes - pieces[-1]
    return shards


def cut(
    weight_sizes_bytes: Sequence[int], shard_sizes_bytes: Sequence[int]
) -> tuple[tuple[Piece, ...], ...]:
    """Return the pieces of weights in each shard, in order."""
    shards: list[tuple[Piece, ...]] = []
    weights = iter(enumerate(weight_sizes_bytes))
    index = offset = left_bytes = 0
    for shard_bytes in shard_sizes_bytes:
        pieces = []
        room_bytes = shard_bytes
        while room_bytes:
            while not left_bytes:
                index, left_bytes = next(weights)
                offset = 0
            size_bytes = min(room_bytes, left_bytes)
            pieces.append(Piece(weight=index, offset=offset, size_bytes=size_bytes))
            offset += size_bytes
            left_bytes -= size_bytes
            room_bytes -= size_bytes
        shards.append(tuple(pieces))
    return tuple(shards)


def is_misread_by_tfjs(shard_sizes_bytes: Sequence[int]) -> bool:
    """Return whether TF.js may look for a weight in a shard that does not exist.

    tfjs-core's ``CompositeArrayBuffer`` (``io/composite_array_buffer.ts``, 4.x) assumes that all
    shards have the same size if all *but the last* do, and then finds the shard of a byte by
    division. If the last shard is larger than the others, a weight that starts further into it
    than their size is silently read as zeros.
    """
    *others, last = shard_sizes_bytes or (0,)
    return len(set(others)) == 1 and last > others[0]


def _pieces(size_bytes: int, limit_bytes: int) -> list[int]:
    """Return `size_bytes` as full pieces and, if something is left, a smaller last one."""
    full, rest = divmod(size_bytes, limit_bytes)
    return [limit_bytes] * full + ([rest] if rest else [])


def _without_misread_tail(shards: list[list[int]]) -> list[list[int]]:
    """Cut the last shard once more, between weights, while TF.js would misread it.

    A shard that starts with a piece of a large weight is never misread: no shard can be larger
    than the one before it.
    """
    while is_misread_by_tfjs([sum(shard) for shard in shards]):
        *others, last = shards
        starts = accumulate(last[:-1])
        uniform_bytes = sum(others[0])
        cut = next((i for i, start in enumerate(starts, 1) if start >= uniform_bytes), None)
        if cut is None:
            break
        shards = [*others, last[:cut], last[cut:]]
    return shards
