"""Depthwise and separable convolutions."""

from __future__ import annotations

from collections.abc import Sequence

from tests.parity.cases.case import (
    KERAS2,
    KERAS3,
    Arguments,
    Case,
    each,
    grid,
    layer_cases,
    made,
    one_in,
)
from tests.parity.cases.convolutions import (
    FIRST_ONLY_KERAS3,
    IMAGE,
    SERIES,
    SHAPES,
    WHOLE,
    everywhere,
)
from tests.parity.cases.shapes import free

# --- What TensorFlow.js has --------------------------------------------------------------------


def native_depthwise() -> list[Case]:
    return [
        *layer_cases(
            "DepthwiseConv2D",
            (6, 7, 2),
            [
                {},
                *grid(padding=["valid", "same"], strides=[1, 2]),
                *each(
                    depth_multiplier=[2, 3],
                    kernel_size=[2, (2, 3)],
                    use_bias=[False],
                    activation=["relu", "softmax", "tanh"],
                    trainable=[False],
                    depthwise_initializer=[made("initializers.HeUniform")],
                    depthwise_regularizer=["l2"],
                    depthwise_constraint=["non_neg"],
                    bias_regularizer=["l1"],
                ),
            ],
            base={"kernel_size": 3},
        ),
        *layer_cases(
            "DepthwiseConv2D",
            (2, 6, 7),
            [{}, {"depth_multiplier": 2, "padding": "same"}],
            base={"kernel_size": 3, "data_format": "channels_first"},
            label="channels_first",
            dialects=(KERAS3,),
        ),
    ]


def native_separable() -> list[Case]:
    base = {"filters": 3, "kernel_size": 3}
    variants = [
        {},
        *grid(padding=["valid", "same"], strides=[1, 2]),
        *each(
            depth_multiplier=[2],
            dilation_rate=[2],
            kernel_size=[(2, 3)],
            use_bias=[False],
            activation=["relu", "softmax"],
            depthwise_initializer=["he_normal"],
            pointwise_initializer=[made("initializers.Constant", value=0.1)],
            depthwise_regularizer=["l2"],
            pointwise_regularizer=["l1"],
            depthwise_constraint=["non_neg"],
            pointwise_constraint=[made("constraints.MaxNorm", max_value=1.0)],
        ),
    ]
    return [
        *layer_cases("SeparableConv2D", (6, 7, 2), variants, base=base),
        *layer_cases(
            "SeparableConv2D",
            (2, 6, 7),
            [{"use_bias": False}],
            label="channels_first",
            base={**base, "data_format": "channels_first"},
            dialects=FIRST_ONLY_KERAS3,
        ),
    ]


# --- What it lacks, or gets wrong ---------------------------------------------------------------


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


CASES = [
    *native_depthwise(),
    *native_separable(),
    *one_in(3, [*depthwise(), *separable()]),
]
