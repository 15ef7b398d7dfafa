"""Layers of tfjs-layers' ``src/layers/convolutional_depthwise.ts``."""

from __future__ import annotations

from .case import KERAS3, each, grid, layer_cases, made

CASES = [
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
