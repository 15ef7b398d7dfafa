"""Layers of tfjs-layers' ``src/layers/core.ts``."""

from __future__ import annotations

from typing import Any

from .case import (
    KERAS2,
    KERAS3,
    Case,
    Keras,
    case_id,
    each,
    layer,
    layer_cases,
    made,
    padded_sequences,
)

ACTIVATIONS = (
    "elu",
    "gelu",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
)
"""Activations that TF.js and both Keras versions have, meaning the same."""

INITIALIZERS = (
    "zeros",
    "ones",
    "he_normal",
    "lecun_uniform",
    "glorot_uniform",
    "random_normal",
    "orthogonal",
    made("initializers.Constant", value=0.5),
    made("initializers.GlorotNormal", seed=3),
    made("initializers.GlorotUniform", seed=3),
    made("initializers.HeNormal", seed=3),
    made("initializers.HeUniform"),
    made("initializers.Identity", gain=2.0),
    made("initializers.LecunNormal", seed=3),
    made("initializers.LecunUniform"),
    made("initializers.Ones"),
    made("initializers.Orthogonal", gain=0.5, seed=1),
    made("initializers.RandomNormal", mean=1.0, stddev=0.1),
    made("initializers.RandomUniform", minval=-1.0, maxval=1.0),
    made("initializers.TruncatedNormal", mean=0.0, stddev=0.2),
    made("initializers.VarianceScaling", scale=2.0, mode="fan_avg", distribution="uniform"),
    made("initializers.VarianceScaling", scale=1.0, distribution="untruncated_normal"),
    made("initializers.Zeros"),
)
REGULARIZERS = (
    "l1",
    "l2",
    made("regularizers.L1", l1=0.1),
    made("regularizers.L2", l2=0.1),
    made("regularizers.L1L2", l1=0.1, l2=0.2),
    made("regularizers.OrthogonalRegularizer", factor=0.2),
)
CONSTRAINTS = (
    "non_neg",
    made("constraints.MaxNorm", max_value=3.0, axis=0),
    made("constraints.MinMaxNorm", min_value=0.5, max_value=2.0, rate=0.9),
    made("constraints.NonNeg"),
    made("constraints.UnitNorm", axis=0),
)


def dense() -> list[Case]:
    variants: list[dict[str, Any]] = [
        {},
        *each(activation=ACTIVATIONS),
        *each(
            use_bias=[False],
            name=["my_dense"],
            trainable=[False],
            kernel_initializer=INITIALIZERS,
            bias_initializer=["ones", made("initializers.Constant", value=1.5)],
            kernel_regularizer=REGULARIZERS,
            bias_regularizer=["l2"],
            activity_regularizer=[made("regularizers.L2", l2=0.1)],
            kernel_constraint=CONSTRAINTS,
            bias_constraint=["non_neg"],
        ),
        {"use_bias": False, "activation": "tanh", "kernel_regularizer": "l2", "trainable": False},
    ]
    policy = [{"dtype": "float32"}, {"dtype": made("mixed_precision.Policy", name="float32")}]
    return [
        *layer_cases("Dense", (4,), variants, base={"units": 3}),
        *layer_cases(
            "Dense", (4, 5), each(activation=[None, "softmax"]), base={"units": 3}, label="rank3"
        ),
        *layer_cases("Dense", (None, 4), base={"units": 3}, label="free-length"),
        *layer_cases("Dense", (2, 3, 4), base={"units": 3, "activation": "relu"}, label="rank4"),
        *layer_cases("Dense", (4,), base={"units": 1}, label="one-unit"),
        *layer_cases("Dense", (4,), policy[:1], base={"units": 3}),
        *layer_cases("Dense", (4,), policy[1:], base={"units": 3}, dialects=(KERAS2,), label="2"),
        *layer_cases(
            "Dense",
            (4,),
            [{"dtype": made("DTypePolicy", name="float32")}],
            base={"units": 3},
            dialects=(KERAS3,),
        ),
        *layer_cases(
            "Dense", (4,), each(activation=["silu"]), base={"units": 3}, dialects=(KERAS3,)
        ),
    ]


def activation() -> list[Case]:
    given = each(activation=ACTIVATIONS)
    return [
        *layer_cases("Activation", (3, 4), given),
        *layer_cases("Activation", (6,), each(activation=["softmax", "gelu"]), label="rank2"),
        *layer_cases("Activation", (4,), each(activation=["silu"]), dialects=(KERAS3,)),
        *layer_cases("Activation", (4,), each(activation=["hard_sigmoid"]), dialects=(KERAS2,)),
        *layer_cases(
            "Dense",
            (4,),
            each(activation=["hard_sigmoid"]),
            base={"units": 3},
            dialects=(KERAS2,),
        ),
    ]


def dropout() -> list[Case]:
    variants: list[dict[str, Any]] = [
        {"rate": 0.4},
        {"rate": 0.0},
        {"rate": 0.4, "seed": 3},
        {"rate": 0.4, "noise_shape": (None, 1, 4)},
    ]
    return [
        *layer_cases("Dropout", (3, 4), variants),
        *layer_cases("SpatialDropout1D", (3, 4), [{"rate": 0.4}]),
    ]


def reshaping() -> list[Case]:
    targets = [(12,), (2, 6), (-1,), (3, -1), (2, 3, 2), (1, 12), (-1, 2, 2)]
    return [
        *layer_cases("Flatten", (3, 4), each(data_format=["channels_last", "channels_first"])),
        *layer_cases("Flatten", (2, 3, 4)),
        *layer_cases("Flatten", (2, 3, 4), each(data_format=["channels_first"]), label="rank4"),
        *layer_cases("Flatten", (2, 2, 2, 3), each(data_format=["channels_first"]), label="rank5"),
        *layer_cases("RepeatVector", (4,), each(n=[1, 3])),
        *layer_cases("Reshape", (3, 4), each(target_shape=targets)),
        *layer_cases("Reshape", (12,), each(target_shape=[(3, 4)]), label="of-vector"),
        *layer_cases("Permute", (3, 4), each(dims=[(1, 2), (2, 1)])),
        *layer_cases("Permute", (2, 3, 4), each(dims=[(3, 1, 2), (1, 3, 2), (3, 2, 1)])),
    ]


def masking() -> list[Case]:
    def masked_lstm(mask_value: float) -> Any:
        def build(keras: Keras) -> Any:
            layers = [
                keras.Input((5, 3)),
                layer(keras, "Masking", mask_value=mask_value),
                layer(keras, "LSTM", units=2),
            ]
            return keras.Sequential(layers)

        return build

    values = (0.0, -1.0, 9.5)
    return [
        *layer_cases("Masking", (5, 3), [{}], inputs=padded_sequences()),
        *layer_cases("Masking", (5, 3), [{"mask_value": 2.0}], inputs=padded_sequences(2.0)),
        *(
            Case(
                id=f"Masking-lstm-{value}", build=masked_lstm(value), inputs=padded_sequences(value)
            )
            for value in values
        ),
    ]


def input_layer() -> list[Case]:
    options: list[dict[str, Any]] = [
        {"shape": (4,)},
        {"shape": (4,), "name": "measurements"},
        {"shape": (4,), "batch_size": 3},
        {"shape": (4,), "dtype": "float32"},
        {"shape": (None, 4)},
    ]

    def build_with(arguments: dict[str, Any]) -> Any:
        def build(keras: Keras) -> Any:
            given = keras.Input(**arguments)
            return keras.Model(given, layer(keras, "Dense", units=2)(given))

        return build

    return [
        Case(id=case_id("InputLayer", arguments), build=build_with(arguments))
        for arguments in options
    ]


CASES = [
    *dense(),
    *activation(),
    *dropout(),
    *reshaping(),
    *masking(),
    *input_layer(),
]
