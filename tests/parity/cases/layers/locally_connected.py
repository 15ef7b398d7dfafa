"""Convolutions with a kernel for each place."""

from __future__ import annotations

from tests.parity.cases.case import KERAS2, Case, each, grid, layer_cases, one_in
from tests.parity.cases.shapes import FIRST, channels_first


def locally_connected() -> list[Case]:
    base = {"filters": 2, "kernel_size": 3}
    valid = [
        {},
        *each(strides=[2], use_bias=[False], activation=["relu", "softmax"]),
        *each(kernel_regularizer=["l2"], implementation=[1, 2, 3]),
    ]
    same = grid(implementation=[2, 3], padding=["same"], strides=[1, 2])
    shapes: dict[int, tuple[int, ...]] = {1: (7, 3), 2: (5, 6, 3)}
    return [
        case
        for rank, shape in shapes.items()
        for case in (
            *layer_cases(
                f"LocallyConnected{rank}D", shape, [*valid, *same], base=base, dialects=(KERAS2,)
            ),
            *layer_cases(
                f"LocallyConnected{rank}D",
                channels_first(shape),
                [*valid, *same],
                base={**base, **FIRST},
                label="first",
                dialects=(KERAS2,),
            ),
        )
    ] + list(
        layer_cases(
            "LocallyConnected2D",
            (5, 6, 3),
            grid(implementation=[1, 2, 3], strides=[(1, 2)]),
            base={"filters": 2, "kernel_size": (2, 3)},
            label="uneven",
            dialects=(KERAS2,),
        )
    )


CASES = one_in(3, locally_connected())
