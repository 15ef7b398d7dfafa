"""Zeros around images and sequences."""

from __future__ import annotations

from tests.parity.cases.case import KERAS2, KERAS3, Arguments, Case, each, layer_cases, one_in
from tests.parity.cases.windows import SHAPES, everywhere

PADDINGS = each(padding=[1, 0, (1, 2), ((0, 1), (2, 3))])
NATIVE = [
    *layer_cases("ZeroPadding2D", (3, 4, 2), [{}, *PADDINGS]),
    *layer_cases(
        "ZeroPadding2D",
        (2, 3, 4),
        PADDINGS[2:],
        base={"data_format": "channels_first"},
        label="channels_first",
    ),
    *layer_cases("ZeroPadding2D", (None, None, 2), label="free-size"),
]


def zero_padding() -> list[Case]:
    pairs: dict[int, list[Arguments]] = {
        1: [{}, *each(padding=[2, (0, 3), (1, 0), 0])],
        2: [{}, *each(padding=[(1, 2), ((0, 1), (2, 3))])],
        3: [{}, *each(padding=[2, (0, 1, 2), ((0, 1), (2, 0), (1, 3)), 0])],
    }
    return [
        case
        for rank, variants in pairs.items()
        for case in everywhere(
            f"ZeroPadding{rank}D",
            SHAPES[rank],
            variants,
            first=(KERAS3,) if rank == 1 else (KERAS2, KERAS3),
        )
    ]


CASES = [*NATIVE, *one_in(5, zero_padding())]
