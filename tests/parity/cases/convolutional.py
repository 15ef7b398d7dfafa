"""Layers of tfjs-layers' ``src/layers/convolutional.ts``."""

from __future__ import annotations

from typing import Any

from .case import KERAS3, Case, each, grid, layer_cases, made

FIRST_ONLY_KERAS3 = (KERAS3,)
"""TensorFlow's CPU kernels, and so Keras 2's references, lack channels_first convolutions."""


def conv1d() -> list[Case]:
    base = {"filters": 3, "kernel_size": 3}
    return [
        *layer_cases("Conv1D", (7, 2), grid(padding=["valid", "same"], strides=[1, 2]), base=base),
        *layer_cases(
            "Conv1D", (9, 2), grid(padding=["valid", "same"], dilation_rate=[2, 3])[:3], base=base
        ),
        *layer_cases(
            "Conv1D",
            (7, 2),
            each(
                use_bias=[False],
                activation=["relu", "softmax", "gelu"],
                kernel_size=[(2,), 1],
                groups=[1],
                trainable=[False],
                kernel_initializer=["he_normal"],
                kernel_regularizer=[made("regularizers.L1L2", l1=0.1, l2=0.1)],
                kernel_constraint=[made("constraints.MaxNorm", max_value=2.0)],
            ),
            base=base,
        ),
        *layer_cases("Conv1D", (None, 2), base=base, label="free-length"),
    ]


def conv2d() -> list[Case]:
    base = {"filters": 3, "kernel_size": 3}
    shapes = grid(padding=["valid", "same"], strides=[1, 2, (2, 3)])
    singles = each(
        kernel_size=[1, (2, 3), (1, 5)],
        use_bias=[False],
        activation=["relu", "relu6", "elu", "sigmoid", "softmax", "tanh", "mish"],
        data_format=["channels_last"],
        groups=[1],
        trainable=[False],
        kernel_initializer=[made("initializers.HeNormal", seed=1)],
        bias_initializer=["ones"],
        kernel_regularizer=["l2"],
        bias_regularizer=["l1"],
        activity_regularizer=["l2"],
        kernel_constraint=[made("constraints.UnitNorm", axis=(0, 1, 2))],
        bias_constraint=["non_neg"],
    )
    first = [
        {},
        *grid(padding=["valid", "same"], strides=[1, 2]),
        *each(use_bias=[False], activation=["relu", "softmax"], dilation_rate=[2]),
    ]
    return [
        *layer_cases("Conv2D", (6, 7, 2), [{}, *shapes, *singles], base=base),
        *layer_cases(
            "Conv2D",
            (7, 8, 2),
            grid(padding=["valid", "same"], dilation_rate=[2, (1, 2)]),
            base=base,
        ),
        *layer_cases(
            "Conv2D",
            (2, 6, 7),
            first,
            base={**base, "data_format": "channels_first"},
            label="channels_first",
            dialects=FIRST_ONLY_KERAS3,
        ),
        *layer_cases("Conv2D", (None, None, 2), base=base, label="free-size"),
    ]


def conv3d() -> list[Case]:
    base = {"filters": 2, "kernel_size": 2}
    variants = [
        {},
        *grid(padding=["valid", "same"], strides=[1, 2]),
        *each(
            kernel_size=[(1, 2, 3)],
            use_bias=[False],
            activation=["relu", "softmax"],
            dilation_rate=[2],
        ),
    ]
    first = [{}, *each(padding=["same"], use_bias=[False])]
    return [
        *layer_cases("Conv3D", (4, 4, 5, 2), variants, base=base),
        *layer_cases(
            "Conv3D",
            (2, 4, 4, 5),
            first,
            base={**base, "data_format": "channels_first"},
            label="channels_first",
            dialects=FIRST_ONLY_KERAS3,
        ),
    ]


def transposed() -> list[Case]:
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


def separable() -> list[Case]:
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


def cropping_and_upsampling() -> list[Case]:
    crops = [{}, *each(cropping=[1, (1, 2), ((0, 1), (2, 0)), 0])]
    crops_first = each(cropping=[1, ((0, 1), (2, 0))])
    sizes = [{}, *each(size=[3, (1, 2), (2, 3)], interpolation=["nearest"])]
    first = {"data_format": "channels_first"}
    return [
        *layer_cases("Cropping2D", (5, 6, 2), crops[1:]),
        *layer_cases("Cropping2D", (2, 5, 6), crops_first, base=first, label="channels_first"),
        *layer_cases("UpSampling2D", (3, 4, 2), sizes),
        *layer_cases(
            "UpSampling2D",
            (2, 3, 4),
            [{"size": (2, 3)}],
            base=first,
            label="channels_first",
            dialects=FIRST_ONLY_KERAS3,
        ),
    ]


def long_strides() -> list[Case]:
    """Strides past the kernel: TF.js pads by less than nothing in three dimensions."""
    options: dict[str, Any] = {"base": {"filters": 2, "padding": "same"}, "dialects": (KERAS3,)}
    plain = [{"kernel_size": 1, "strides": 2}, {"kernel_size": 2, "strides": 2}]
    transposed = [
        *plain,
        {"kernel_size": 2, "strides": 3},
        {"kernel_size": 1, "strides": (1, 2, 3)},
    ]
    return [
        *layer_cases("Conv3D", (4, 5, 6, 2), plain, label="long-strides", **options),
        *layer_cases("Conv3DTranspose", (3, 2, 2, 2), transposed, label="long-strides", **options),
    ]


CASES = [
    *long_strides(),
    *conv1d(),
    *conv2d(),
    *conv3d(),
    *transposed(),
    *separable(),
    *cropping_and_upsampling(),
]
