"""Pooling to a size."""

from __future__ import annotations

from tests.parity.cases.case import KERAS3, Arguments, Case, each, one_in
from tests.parity.cases.windows import KINDS, SHAPES, everywhere


def adaptive_pooling(kind: str, rank: int) -> list[Case]:
    sizes: dict[int, list[Arguments]] = {
        1: each(output_size=[1, 3, 7, 9, 70]),
        2: each(output_size=[1, 3, (3, 7), (4, 9), (70, 1)]),
        3: each(output_size=[1, 2, (3, 5, 4), (2, 3, 8)]),
    }
    name = f"Adaptive{kind}Pooling{rank}D"
    return everywhere(name, SHAPES[rank], sizes[rank], dialects=(KERAS3,), first=(KERAS3,))


CASES = one_in(
    5, (case for kind in KINDS for rank in SHAPES for case in adaptive_pooling(kind, rank))
)
