"""What the tables of convolutions have in common."""

from __future__ import annotations

from collections.abc import Sequence

from tests.parity.cases.case import KERAS3, Arguments, Case, layer_cases
from tests.parity.cases.shapes import FIRST, channels_first, free

SERIES, IMAGE, VOLUME = (9, 4), (9, 8, 4), (6, 7, 5, 4)
SHAPES: dict[int, tuple[int | None, ...]] = {1: SERIES, 2: IMAGE, 3: VOLUME}
WHOLE = ("relu", "softmax", "exponential")
"""Activations of TF.js's layer, of a whole axis, and of none of its layers."""
FIRST_ONLY_KERAS3 = (KERAS3,)
"""TensorFlow's CPU kernels, and so Keras 2's references, lack channels_first convolutions."""


def everywhere(
    class_name: str, rank: int, variants: Sequence[Arguments], base: Arguments, label: str
) -> list[Case]:
    """Return cases with channels last and first, and with unknown sizes."""
    shape = SHAPES[rank]
    first = {"base": {**base, **FIRST}, "dialects": FIRST_ONLY_KERAS3}
    return [
        *layer_cases(class_name, shape, variants, base=base, label=label),
        *layer_cases(class_name, channels_first(shape), variants, label=f"{label}.first", **first),
        *layer_cases(class_name, free(shape), variants, base=base, label=f"{label}.free"),
    ]
