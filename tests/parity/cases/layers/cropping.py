"""Images and sequences without their edges."""

from __future__ import annotations

from tests.parity.cases.case import KERAS2, Case, each, layer_cases, one_in
from tests.parity.cases.shapes import FIRST
from tests.parity.cases.windows import SHAPES, everywhere


def native() -> list[Case]:
    crops = each(cropping=[1, (1, 2), ((0, 1), (2, 0)), 0])
    first = each(cropping=[1, ((0, 1), (2, 0))])
    options = {"base": FIRST, "label": "channels_first"}
    return [
        *layer_cases("Cropping2D", (5, 6, 2), crops),
        *layer_cases("Cropping2D", (2, 5, 6), first, **options),
    ]


def cropping() -> list[Case]:
    one = [{}, *each(cropping=[2, (0, 3), (1, 0), 0])]
    two = [{}, *each(cropping=[1, (1, 2), ((0, 1), (2, 0)), ((2, 1), (1, 3)), 0])]
    three = [{}, *each(cropping=[(0, 1, 2), ((0, 1), (2, 0), (1, 2)), 0])]
    wide = [{"cropping": ((0, 0), (30, 20))}]
    images: list[Case] = [
        *everywhere("Cropping2D", SHAPES[2], two[1:]),
        *layer_cases("Cropping2D", (6, 7, 2), two[:1], label="lowered", dialects=(KERAS2,)),
        *layer_cases("Cropping2D", (None, 60, 2), wide, label="wide"),
        *layer_cases("Cropping2D", (None, 3, 2), [{"cropping": 1}], label="narrow"),
        *layer_cases("Cropping2D", (6, None, None), two[1:], label="channels"),
    ]
    series = [
        case
        for shape in ((7, 2), (None, 2))
        for case in layer_cases("Cropping1D", shape, one, label="free" if shape[0] is None else "")
    ]
    return [*series, *images, *everywhere("Cropping3D", SHAPES[3], three)]


CASES = [*native(), *one_in(5, cropping())]
