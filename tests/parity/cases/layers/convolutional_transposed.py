"""Transposed convolutions."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import KERAS3, Arguments, Case, each, grid, layer_cases, one_in
from tests.parity.cases.convolutions import FIRST_ONLY_KERAS3, WHOLE, everywhere

# --- What TensorFlow.js has --------------------------------------------------------------------


def native() -> list[Case]:
    base = {"filters": 3, "kernel_size": 3}
    variants = [
        {},
        *grid(padding=["valid", "same"], strides=[1, 2, (1, 2), 4]),
        *each(kernel_size=[2, (2, 3)], use_bias=[False], activation=["relu", "softmax"]),
    ]
    first = [{}, *grid(padding=["valid", "same"], strides=[2]), {"activation": "softmax"}]
    base3d = {"filters": 2, "kernel_size": 2}
    variants3d = [
        {},
        *grid(padding=["valid", "same"], strides=[2]),
        *each(kernel_size=[(1, 2, 3)], use_bias=[False], activation=["relu"]),
    ]
    return [
        *layer_cases("Conv2DTranspose", (3, 4, 2), variants, base=base),
        *layer_cases(
            "Conv2DTranspose",
            (2, 3, 4),
            first,
            label="channels_first",
            base={**base, "data_format": "channels_first"},
            dialects=FIRST_ONLY_KERAS3,
        ),
        *layer_cases("Conv3DTranspose", (2, 3, 2, 2), variants3d, base=base3d),
    ]


def long_strides() -> list[Case]:
    """Strides past the kernel: TF.js pads by less than nothing in three dimensions."""
    variants = [
        {"kernel_size": 1, "strides": 2},
        {"kernel_size": 2, "strides": 2},
        {"kernel_size": 2, "strides": 3},
        {"kernel_size": 1, "strides": (1, 2, 3)},
    ]
    return list(
        layer_cases(
            "Conv3DTranspose",
            (3, 2, 2, 2),
            variants,
            base={"filters": 2, "padding": "same"},
            label="long-strides",
            dialects=(KERAS3,),
        )
    )


# --- What it lacks, or gets wrong ---------------------------------------------------------------


def transposed() -> list[Case]:
    base = {"filters": 3, "kernel_size": 3}
    variants = [
        {},
        *grid(padding=["valid", "same"], strides=[1, 2, 4], output_padding=[None, 0]),
        *grid(padding=["valid", "same"], strides=[2], output_padding=[1], kernel_size=[2, 3, 4]),
        {"strides": 4, "output_padding": 2, "kernel_size": 2, "activation": "relu"},
        {"strides": 4, "output_padding": 3, "padding": "same", "use_bias": False},
        *grid(padding=["valid", "same"], dilation_rate=[2], kernel_size=[2, 3]),
        {"dilation_rate": 3, "kernel_size": 2, "activation": "softmax"},
        *each(use_bias=[False], activation=WHOLE),
    ]
    return [
        case
        for rank in (1, 2, 3)
        for case in everywhere(f"Conv{rank}DTranspose", rank, variants, base, "lowered")
    ]


def uneven_transposed() -> list[Case]:
    base = {"filters": 2, "kernel_size": (3, 2), "padding": "same"}
    variants: list[Arguments] = [
        {"strides": (1, 3), "output_padding": (0, 1)},
        {"strides": (2, 3), "output_padding": (1, 0)},
        {"padding": "valid", "strides": (4, 1), "output_padding": (2, 0)},
        {"dilation_rate": (2, 2)},
    ]
    apart: list[Arguments] = [{"dilation_rate": (1, 2)}, {"dilation_rate": (3, 2)}]
    volume: dict[str, Any] = {"filters": 2, "kernel_size": (1, 2, 3), "padding": "same"}
    strides = [{"strides": (2, 1, 2)}, {"strides": (1, 3, 2)}, {"strides": (3, 3, 2)}]
    return [
        *layer_cases("Conv2DTranspose", (3, 4, 2), variants, base=base, label="uneven"),
        *layer_cases(
            "Conv2DTranspose", (3, 4, 2), apart, base=base, label="apart", dialects=(KERAS3,)
        ),
        *layer_cases("Conv3DTranspose", (3, 2, 2, 2), strides, base=volume, label="uneven"),
        *layer_cases(
            "Conv3DTranspose", (None, None, None, 2), strides, base=volume, label="uneven.free"
        ),
    ]


CASES = [
    *native(),
    *long_strides(),
    *one_in(3, [*transposed(), *uneven_transposed()]),
]
