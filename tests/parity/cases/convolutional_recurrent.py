"""Layers of tfjs-layers' ``src/layers/convolutional_recurrent.ts``."""

from __future__ import annotations

from .case import KERAS3, each, grid, layer_cases, made

CASES = [
    *layer_cases(
        "ConvLSTM2D",
        (3, 5, 4, 2),
        [
            {},
            *grid(padding=["valid", "same"], strides=[1, 2]),
            *each(
                kernel_size=[(2, 3)],
                dilation_rate=[2],
                return_sequences=[True],
                go_backwards=[True],
                use_bias=[False],
                unit_forget_bias=[False],
                activation=["relu"],
                recurrent_activation=["sigmoid"],
                dropout=[0.2],
                trainable=[False],
                kernel_regularizer=["l2"],
                recurrent_initializer=[made("initializers.HeNormal", seed=1)],
            ),
            {"return_state": True},
            {"return_state": True, "return_sequences": True},
        ],
        base={"filters": 2, "kernel_size": 2},
    ),
    *layer_cases(
        "ConvLSTM2D",
        (3, 5, 4, 2),
        [{"unroll": True}],
        base={"filters": 2, "kernel_size": 2},
        dialects=(KERAS3,),
    ),
]
