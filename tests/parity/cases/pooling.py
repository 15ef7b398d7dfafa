"""Layers of tfjs-layers' ``src/layers/pooling.ts``."""

from __future__ import annotations

from .case import KERAS2, KERAS3, Case, grid, layer_cases

KINDS = ("Max", "Average")
SHAPES = {1: (7, 2), 2: (6, 7, 2), 3: (4, 5, 6, 2)}
UNEVEN = {1: (3,), 2: (2, 3), 3: (1, 2, 3)}


def pooling(kind: str, rank: int) -> list[Case]:
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


def global_pooling(kind: str) -> list[Case]:
    one, two, three = (f"Global{kind}Pooling{rank}D" for rank in SHAPES)
    first = [{"data_format": "channels_first"}]
    return [
        *layer_cases(one, (None, None), first, label="unknown", dialects=(KERAS3,)),
        *layer_cases(three, (None, 2, 3, 4), first, label="unknown", dialects=(KERAS3,)),
        *layer_cases(three, (None, None, 3, 4), first, label="unknowns", dialects=(KERAS3,)),
        *layer_cases(one, (5, 3), [{}, {"keepdims": False}]),
        *layer_cases(one, (None, 3), label="free-length"),
        *layer_cases(two, (3, 4, 2), [{}, {"keepdims": False}]),
        *layer_cases(two, (2, 3, 4), first),
    ]


CASES = [
    *(case for kind in KINDS for rank in SHAPES for case in pooling(kind, rank)),
    *(case for kind in KINDS for case in global_pooling(kind)),
]
