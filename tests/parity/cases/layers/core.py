"""Dense, Activation, layers that reshape, Masking."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import (
    KERAS2,
    KERAS3,
    Case,
    Keras,
    each,
    grid,
    layer,
    layer_cases,
    made,
)
from tests.parity.cases.inputs import padded_sequences

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


# --- What TensorFlow.js has --------------------------------------------------------------------


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


# --- What it lacks, or gets wrong ---------------------------------------------------------------


def dense_of_any_shape() -> list[Case]:
    return [
        *layer_cases("Dense", (2, 3, 2, 4), base={"units": 3}, label="rank5"),
        *layer_cases(
            "Dense", (None, None, 4), base={"units": 3, "activation": "softmax"}, label="free"
        ),
        *layer_cases("Dense", (1,), base={"units": 1}, label="narrow"),
        *layer_cases(
            "Dense",
            (3, 4),
            grid(use_bias=[True, False], activation=["exponential", "relu"]),
            base={"units": 2},
            label="grid",
        ),
    ]


def flatten() -> list[Case]:
    formats = each(data_format=["channels_last", "channels_first"])
    shapes: dict[str, tuple[int | None, ...]] = {
        "vector": (4,),
        "free-vector": (None,),
        "free-length": (None, 4),
        "free-channels": (3, None),
        "free-image": (None, None, 2),
        "free-volume": (None, 2, None, 2),
    }
    return [
        case
        for label, shape in shapes.items()
        for case in layer_cases("Flatten", shape, [{}, *formats], label=label)
    ]


def known_after_reshape(keras: Keras) -> Any:
    """Layers that must know a size that Reshape works out."""
    given = keras.Input((3, 4))
    rows = layer(keras, "Reshape", target_shape=(2, -1))(given)
    flat = layer(keras, "Flatten")(layer(keras, "Dense", units=3)(rows))
    return keras.Model(given, layer(keras, "Dense", units=2)(flat))


def reshape() -> list[Case]:
    return [
        *layer_cases(
            "Reshape",
            (None, 4),
            each(target_shape=[(-1,), (2, -1), (-1, 2), (4, -1)]),
            label="free",
        ),
        *layer_cases(
            "Reshape",
            (None, None, 4),
            each(target_shape=[(-1,), (-1, 4), (-1, 2, 2)]),
            label="free2",
        ),
        *layer_cases(
            "Reshape",
            (2, 6),
            each(target_shape=[(-1,), (3, -1, 2), (1, 12), (2, 3, 2, 1)]),
            label="many",
        ),
        *layer_cases("Reshape", (1,), each(target_shape=[()]), label="to-scalar"),
        Case(id="Reshape-then-known", build=known_after_reshape),
    ]


def identity_of_two(keras: Keras) -> Any:
    one, other = keras.Input((3,)), keras.Input((2,))
    same = layer(keras, "Identity")([one, other])
    return keras.Model([one, other], [layer(keras, "Dense", units=2)(same[1]), same[0]])


CASES = [
    *dense(),
    *activation(),
    *reshaping(),
    *masking(),
    *dense_of_any_shape(),
    *flatten(),
    *reshape(),
    *layer_cases("Permute", (None, 4), each(dims=[(2, 1), (1, 2)]), label="free"),
    *layer_cases("Permute", (2, 3, 4, 5), each(dims=[(4, 2, 3, 1), (2, 3, 4, 1)]), label="rank5"),
    *layer_cases("Permute", (4,), each(dims=[(1,)]), label="vector"),
    *layer_cases("RepeatVector", (None,), each(n=[3]), label="free"),
    *layer_cases("Identity", (3, 4)),
    *layer_cases("Identity", (None,), label="free"),
    Case(id="Identity-of-two", build=identity_of_two, dialects=(KERAS3,)),
    *layer_cases("ActivityRegularization", (3, 4), [{}, *each(l1=[0.1], l2=[0.1])]),
]
