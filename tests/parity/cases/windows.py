"""What the tables of layers have in common that pool, pad, crop or repeat."""

from __future__ import annotations

from collections.abc import Sequence

from tests.parity.cases.case import KERAS2, KERAS3, Arguments, Case, layer_cases
from tests.parity.cases.shapes import FIRST, channels_first, free

KINDS = ("Max", "Average")
SHAPES: dict[int, tuple[int | None, ...]] = {1: (7, 2), 2: (6, 7, 2), 3: (4, 5, 6, 2)}


def everywhere(
    class_name: str,
    shape: Sequence[int | None],
    variants: Sequence[Arguments],
    *,
    dialects: tuple[str, ...] = (KERAS2, KERAS3),
    first: tuple[str, ...] = (KERAS2, KERAS3),
) -> list[Case]:
    """Return cases with channels last and first, and with sizes known, unknown and mixed."""
    partly = (None, *shape[1:])
    return [
        *layer_cases(class_name, tuple(shape), variants, label="lowered", dialects=dialects),
        *layer_cases(class_name, free(shape), variants, label="free", dialects=dialects),
        *layer_cases(class_name, partly, variants, label="partly", dialects=dialects),
        *layer_cases(
            class_name,
            channels_first(shape),
            variants,
            base=FIRST,
            label="first",
            dialects=first,
        ),
        *layer_cases(
            class_name,
            channels_first(free(shape)),
            variants,
            base=FIRST,
            label="first.free",
            dialects=first,
        ),
    ]
