"""Depthwise, separable and locally connected layers that TF.js lacks, or gets wrong."""

from __future__ import annotations

from collections.abc import Sequence

from .case import KERAS2, KERAS3, Arguments, Case, each, grid, layer_cases
from .convolutional_lowered import (
    FIRST,
    IMAGE,
    SERIES,
    SHAPES,
    WHOLE,
    channels_first,
    everywhere,
    free,
)


def depthwise() -> list[Case]:
    base = {"kernel_size": 3}
    variants = [
        {},
        *each(padding=["same"], strides=[2], dilation_rate=[2], depth_multiplier=[2]),
        *each(use_bias=[False], activation=WHOLE, depthwise_regularizer=["l2"]),
        {"padding": "same", "dilation_rate": 2, "depth_multiplier": 2, "activation": "relu"},
        {"padding": "same", "strides": 2},
        {"depthwise_constraint": "non_neg", "dilation_rate": 2},
        {"kernel_size": 1, "dilation_rate": 2},
    ]
    both: list[Arguments] = [
        {"strides": 2, "dilation_rate": 2},
        {"strides": 2, "dilation_rate": 2, "padding": "same", "depth_multiplier": 2},
    ]
    uneven: list[Arguments] = [
        {"kernel_size": (3, 2), "dilation_rate": (2, 3)},
        {"kernel_size": (1, 3), "dilation_rate": (3, 2), "padding": "same"},
    ]
    return [
        case
        for rank in (1, 2)
        for case in (
            *everywhere(f"DepthwiseConv{rank}D", rank, variants, base, "lowered"),
            *_strides_and_dilation(f"DepthwiseConv{rank}D", rank, both, base),
        )
    ] + [
        *layer_cases("DepthwiseConv2D", IMAGE, uneven, label="uneven"),
        *layer_cases("DepthwiseConv2D", (None, None, 4), uneven, label="uneven.free"),
        *layer_cases(
            "DepthwiseConv2D",
            IMAGE,
            [{"strides": (1, 2)}, {"strides": (2, 1), "padding": "same"}],
            base=base,
            label="strides",
            dialects=(KERAS3,),
        ),
    ]


def _strides_and_dilation(
    class_name: str, rank: int, variants: Sequence[Arguments], base: Arguments
) -> list[Case]:
    """Keras 3 refuses them together in most layers, and let older models have them."""
    return [
        *layer_cases(
            class_name, SHAPES[rank], variants, base=base, label="both", dialects=(KERAS3,)
        ),
        *layer_cases(
            class_name,
            free(SHAPES[rank]),
            variants,
            base=base,
            label="both.free",
            dialects=(KERAS3,),
        ),
    ]


def separable() -> list[Case]:
    base = {"filters": 3, "kernel_size": 3}
    variants = [
        {},
        *each(padding=["same"], strides=[2], dilation_rate=[2], depth_multiplier=[2]),
        *each(use_bias=[False], activation=WHOLE, pointwise_regularizer=["l2"]),
        {"padding": "same", "dilation_rate": 2, "depth_multiplier": 2, "activation": "relu"},
        {"padding": "same", "strides": 2},
    ]
    both: list[Arguments] = [
        {"strides": 2, "dilation_rate": 2},
        {"strides": 2, "dilation_rate": 2, "padding": "same", "activation": "softmax"},
    ]
    causal = [{"padding": "causal"}, {"padding": "causal", "dilation_rate": 2}]
    return [
        case
        for rank in (1, 2)
        for case in (
            *everywhere(f"SeparableConv{rank}D", rank, variants, base, "lowered"),
            *_strides_and_dilation(f"SeparableConv{rank}D", rank, both, base),
        )
    ] + list(
        layer_cases(
            "SeparableConv1D", SERIES, causal, base=base, label="causal", dialects=(KERAS2,)
        )
    )


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


CASES = [*depthwise(), *separable(), *locally_connected()]
