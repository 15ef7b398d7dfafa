"""Pooling."""

from __future__ import annotations

from tests.parity.cases.case import KERAS2, KERAS3, Arguments, Case, grid, layer_cases, one_in
from tests.parity.cases.windows import KINDS, SHAPES, everywhere

UNEVEN = {1: (3,), 2: (2, 3), 3: (1, 2, 3)}


# --- What TensorFlow.js has --------------------------------------------------------------------


def native(kind: str, rank: int) -> list[Case]:
    name, shape = f"{kind}Pooling{rank}D", SHAPES[rank]
    first = (shape[-1], *shape[:-1])
    variants = [
        *grid(pool_size=[2], padding=["valid", "same"], strides=[None, 1]),
        {"pool_size": 3, "strides": 2},
        {"pool_size": 3, "strides": 2, "padding": "same"},
        {"pool_size": UNEVEN[rank]},
    ]
    cases = [
        *layer_cases(
            name, shape, [{}], dialects=(KERAS2,) if kind == "Average" else (KERAS2, KERAS3)
        ),
        *layer_cases(name, shape, variants),
    ]
    if rank > 1:
        options = {"data_format": "channels_first", "pool_size": 2}
        cases += layer_cases(name, first, base=options, label="channels_first", dialects=(KERAS3,))
    return cases


# --- What it lacks, or gets wrong ---------------------------------------------------------------


def pooling(kind: str, rank: int) -> list[Case]:
    name = f"{kind}Pooling{rank}D"
    variants: list[Arguments] = [
        *grid(pool_size=[2], padding=["valid", "same"], strides=[None, 1, 3]),
        {"pool_size": UNEVEN[rank], "padding": "same"},
        {"pool_size": UNEVEN[rank], "strides": 2, "padding": "same"},
        {"pool_size": 1, "strides": 2, "padding": "same"},
    ]
    # TensorFlow's CPU kernels lack channels first.
    first = (KERAS2, KERAS3) if rank == 3 else (KERAS3,)
    return everywhere(name, SHAPES[rank], variants, first=first)


CASES = [
    *(case for kind in KINDS for rank in SHAPES for case in native(kind, rank)),
    *one_in(5, (case for kind in KINDS for rank in SHAPES for case in pooling(kind, rank))),
]
