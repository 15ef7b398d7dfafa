"""Images and sequences made larger."""

from __future__ import annotations

from tests.parity.cases.case import KERAS2, KERAS3, Arguments, Case, each, grid, layer_cases, one_in
from tests.parity.cases.shapes import FIRST
from tests.parity.cases.windows import SHAPES, everywhere


def native() -> list[Case]:
    sizes = [{}, *each(size=[3, (1, 2), (2, 3)], interpolation=["nearest"])]
    return [
        *layer_cases("UpSampling2D", (3, 4, 2), sizes),
        *layer_cases(
            "UpSampling2D",
            (2, 3, 4),
            [{"size": (2, 3)}],
            base=FIRST,
            label="channels_first",
            dialects=(KERAS3,),
        ),
    ]


def up_sampling() -> list[Case]:
    factors: dict[int, list[Arguments]] = {
        1: [{}, *each(size=[1, 3, 41])],
        3: [{}, *each(size=[1, 3, (1, 2, 3), (2, 1, 1)])],
    }
    sizes = [2, 3, 4, (1, 2), (3, 1), (2, 5), (41, 1)]
    methods = ["bilinear", "bicubic", "lanczos3", "lanczos5"]
    older = ["area", "gaussian", "mitchellcubic", "Bilinear"]
    shape = SHAPES[2]
    return [
        *[
            case
            for size in ((7, 2), (None, 2))
            for case in layer_cases(
                "UpSampling1D", size, factors[1], label="free" if size[0] is None else ""
            )
        ],
        *everywhere("UpSampling3D", SHAPES[3], factors[3]),
        *everywhere(
            "UpSampling2D",
            shape,
            grid(size=sizes, interpolation=["nearest", *methods]),
        ),
        *layer_cases(
            "UpSampling2D", (1, 1, 2), grid(size=[2, 3], interpolation=methods), label="pixel"
        ),
        *everywhere(
            "UpSampling2D",
            shape,
            grid(size=[2, 3], interpolation=older),
            dialects=(KERAS2,),
            first=(KERAS2,),
        ),
    ]


CASES = [*native(), *one_in(5, up_sampling(), first=2)]
