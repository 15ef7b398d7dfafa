"""Convolutions, pooling, padding, cropping, scaling up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.parity.cases.case import KERAS2, KERAS3

from .subject import Subject, floats, subject

SIZES = {1: (9,), 2: (8, 7), 3: (5, 6, 5)}
"""Sizes of the spatial axes by their number."""


def uneven(axes: int) -> Any:
    """Return another size for each axis; one axis has nothing to be uneven with."""
    return tuple(range(1, axes + 1)) if axes > 1 else 4


def pairs(axes: int) -> Any:
    """Return different amounts before and after, for each axis."""
    return tuple((1, 2) if axis % 2 == 0 else (0, 1) for axis in range(axes))


def convolutions(axes: int) -> Iterator[Subject]:
    given = floats(*SIZES[axes], 4)
    shapes = {"strides": (2, uneven(axes)), "dilation_rate": (2, uneven(axes))}
    sizes: dict[str, Sequence[Any]] = {**shapes, "kernel_size": (1, 3, uneven(axes))}
    base = {"filters": 6, "kernel_size": 2}
    causal = {"padding": ("same", "causal")} if axes == 1 else {}
    yield subject(f"Conv{axes}D", given, base=base, values={**sizes, **causal})
    yield subject(
        f"Conv{axes}DTranspose",
        given,
        base=base,
        values={
            **sizes,
            "padding": ("same",),
            "output_padding": (0, 1) if axes == 1 else (0, 1, (0,) * (axes - 1) + (1,)),
            "strides": (2, 3, (2,) * (axes - 1) + (3,)) if axes > 1 else (2, 3),
        },
    )
    if axes < 3:
        yield from by_depth(axes, sizes, causal)
    yield from recurrent_convolutions(axes)


def by_depth(axes: int, sizes: dict[str, Any], causal: dict[str, Any]) -> Iterator[Subject]:
    given = floats(*SIZES[axes], 4)
    values = {**sizes, "strides": (2,)}
    yield subject(f"DepthwiseConv{axes}D", given, base={"kernel_size": 2}, values=values)
    base = {"filters": 6, "kernel_size": 2}
    yield subject(f"SeparableConv{axes}D", given, base=base, values={**values, **causal})
    values = {"strides": (2,), "implementation": (2, 3), "padding": ("same",)}
    yield subject(f"LocallyConnected{axes}D", given, base=base, values=values, dialects=(KERAS2,))


def recurrent_convolutions(axes: int) -> Iterator[Subject]:
    given = floats(3, *(size - 2 for size in SIZES[axes]), 2)
    yield subject(
        f"ConvLSTM{axes}D",
        given,
        base={"filters": 2, "kernel_size": 2},
        values={"strides": (2,), "activation": ("relu", "gelu"), "kernel_size": (3, 1)},
        tolerance=2e-5,
    )


def pooling(axes: int) -> Iterator[Subject]:
    given = floats(*SIZES[axes], 4)
    for kind in ("Average", "Max"):
        values = {"pool_size": (3, uneven(axes)), "strides": (1, 3, uneven(axes))}
        yield subject(f"{kind}Pooling{axes}D", given, base={"pool_size": 2}, values=values)
        yield subject(f"Global{kind}Pooling{axes}D", given)
        sizes = {"output_size": (1, 2, 3, uneven(axes))}
        yield subject(
            f"Adaptive{kind}Pooling{axes}D",
            given,
            base={"output_size": 2},
            values=sizes,
            dialects=(KERAS3,),
        )


def borders(axes: int) -> Iterator[Subject]:
    given = floats(*SIZES[axes], 4)
    amounts: tuple[Any, ...] = (2, (2, 1)) if axes == 1 else (2, uneven(axes), pairs(axes))
    yield subject(f"ZeroPadding{axes}D", given, values={"padding": amounts})
    # Large enough that something is left, channels first too.
    larger = floats(*(size + 3 for size in SIZES[axes]), 7)
    yield subject(f"Cropping{axes}D", larger, values={"cropping": amounts})
    factors = (3, 1) if axes == 1 else (3, uneven(axes))
    interpolations = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
    more = ("area", "gaussian", "mitchellcubic")
    kinds = {"interpolation": (*interpolations, *more)} if axes == 2 else {}
    yield subject(f"UpSampling{axes}D", given, values={"size": factors, **kinds})


SUBJECTS: tuple[Subject, ...] = tuple(
    one for axes in SIZES for table in (convolutions, pooling, borders) for one in table(axes)
)
