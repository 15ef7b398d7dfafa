"""Activations of all generations, as functions and objects, alone and behind layers."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import (
    KERAS2,
    KERAS3,
    Build,
    Case,
    Keras,
    RefusedCase,
    each,
    layer,
    layer_cases,
    made,
)

_KERAS2 = ("exponential", "leaky_relu", "relu6", "swish", "mish", "gelu", "softsign", "log_softmax")
_KERAS3 = (
    *("celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu"),
    *("hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish"),
    *("relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus"),
    *("softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh"),
    "tanh_shrink",
)

LAYERS: dict[str, tuple[tuple[int | None, ...], dict[str, Any]]] = {
    "Dense": ((4,), {"units": 6}),
    "Conv1D": ((5, 3), {"filters": 4, "kernel_size": 2}),
    "Conv2D": ((6, 6, 2), {"filters": 4, "kernel_size": 3}),
    "Conv2DTranspose": ((4, 4, 2), {"filters": 4, "kernel_size": 3}),
    "DepthwiseConv2D": ((6, 6, 2), {"kernel_size": 3}),
    "SeparableConv2D": ((6, 6, 2), {"filters": 4, "kernel_size": 3}),
    "Conv3D": ((4, 4, 4, 1), {"filters": 2, "kernel_size": 2}),
}
"""Layers with an activation of their output."""

OBJECTS: dict[str, list[Any]] = {
    "activation": [
        made("layers.LeakyReLU", negative_slope=0.1),
        made("layers.LeakyReLU"),
        made("layers.ReLU"),
        made("layers.ReLU", max_value=0.7),
        made("layers.ReLU", max_value=1.5, negative_slope=0.2, threshold=0.3),
        made("layers.ELU", alpha=0.5),
        made("layers.ELU"),
        made("layers.Softmax"),
        made("layers.Softmax", axis=1),
        made("layers.Activation", activation="hard_tanh"),
        made("layers.Dropout", rate=0.5),
    ]
}
OBJECTS2: dict[str, list[Any]] = {
    "activation": [
        made("layers.LeakyReLU", alpha=0.1),
        made("layers.LeakyReLU"),
        made("layers.ReLU", max_value=1.5, negative_slope=0.2, threshold=0.3),
        made("layers.ELU", alpha=0.5),
        made("layers.Softmax", axis=1),
        made("layers.ThresholdedReLU", theta=0.4),
    ]
}


def behind_layers(name: str, dialects: tuple[str, ...]) -> list[Case]:
    return [
        case
        for class_name, (shape, base) in LAYERS.items()
        for case in layer_cases(
            class_name,
            shape,
            [{"activation": name}],
            base=base,
            dialects=dialects,
            label="activated",
        )
    ]


def shared(keras: Keras) -> Any:
    """A layer with a lowered activation, called for two tensors of different sizes."""
    one, other = keras.Input((3, 4)), keras.Input((5, 4))
    twice = layer(keras, "Dense", units=3, activation="exponential")
    return keras.Model([one, other], [twice(one), twice(other)])


def within(wrapper: str) -> Build:
    def build(keras: Keras) -> Any:
        inner = layer(keras, "Dense", units=3, activation=made("layers.ELU", alpha=0.3))
        given = keras.Input((5, 4))
        return keras.Model(given, layer(keras, wrapper, layer=inner)(given))

    return build


def of_weights(keras: Keras) -> Any:
    """An activation with weights of its own."""
    given = keras.Input((4,), dtype="float32")
    tested = layer(keras, "Dense", name="it", units=2, activation=made("layers.PReLU"))
    return keras.Model(given, tested(given), name="m")


CASES: list[Case | RefusedCase] = [
    *layer_cases("Activation", (3, 4), each(activation=_KERAS2), label="2", dialects=(KERAS2,)),
    *layer_cases("Activation", (3, 4), each(activation=_KERAS3), label="3", dialects=(KERAS3,)),
    *layer_cases("Activation", (6,), each(activation=_KERAS3), label="row", dialects=(KERAS3,)),
    *layer_cases("Activation", (3, 4), each(**OBJECTS), label="object", dialects=(KERAS3,)),
    *layer_cases("Activation", (3, 4), each(**OBJECTS2), label="object2", dialects=(KERAS2,)),
    *layer_cases(
        "Dense", (3, 4), each(**OBJECTS), base={"units": 4}, label="object", dialects=(KERAS3,)
    ),
    *layer_cases(
        "Dense", (3, 4), each(**OBJECTS2), base={"units": 4}, label="object2", dialects=(KERAS2,)
    ),
    *layer_cases(
        "Activation",
        (None, 4),
        each(activation=["glu", "softmax", "sparsemax", made("layers.Softmax", axis=1)]),
        label="free",
        dialects=(KERAS3,),
    ),
    *(
        case
        for name in ("exponential", "hard_sigmoid", "relu6")
        for case in behind_layers(name, (KERAS2, KERAS3))
    ),
    *(case for name in ("glu", "hard_silu") for case in behind_layers(name, (KERAS3,))),
    Case(id="activation-shared", build=shared),
    Case(id="activation-in-TimeDistributed", build=within("TimeDistributed")),
    RefusedCase(
        id="refused-Dense-activation_PReLU",
        build=of_weights,
        problems=frozenset({("m/it", "unsupported-activation")}),
        hints=("keras.activations",),
        dialects=(KERAS3,),
    ),
]
