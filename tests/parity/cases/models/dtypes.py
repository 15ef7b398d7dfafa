"""Inputs and layers in other dtypes than float32, and objects that only training needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.parity.cases.case import BOTH, KERAS2, KERAS3, Build, Case, Keras, dense, layer, made
from tests.parity.cases.inputs import Array, bytes_

CASES: list[Case] = []
HALF: dict[str, Any] = {"tolerance": 2e-2, "reason": "Keras itself computes in half precision"}


def case(**options: Any) -> Callable[[Build], Build]:
    """Put the decorated builder into the table, under its name."""

    def register(build: Build) -> Build:
        CASES.append(Case(id=f"dtype-{getattr(build, '__name__', '')}", build=build, **options))
        return build

    return register


def small_numbers(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return integers from -3 to 3."""
    return random.integers(-3, 4, shape).astype(dtype)


def fed_whole_numbers(
    class_name: str,
    shape: tuple[int, ...],
    arguments: dict[str, Any],
    dialects: tuple[str, ...] = BOTH,
) -> Case:
    """Return a layer that is given integers: Keras turns them into floats by itself."""

    def build(keras: Keras) -> Any:
        given = keras.Input(shape, dtype="int32")
        return keras.Model(given, layer(keras, class_name, **arguments)(given))

    return Case(
        id=f"dtype-int32-{class_name}", build=build, inputs=small_numbers, dialects=dialects
    )


CASES += [
    fed_whole_numbers("Dense", (4,), {"units": 3}),
    fed_whole_numbers("LSTM", (4, 2), {"units": 3}, (KERAS3,)),
    fed_whole_numbers("BatchNormalization", (4,), {}),
    fed_whole_numbers("LayerNormalization", (4,), {"epsilon": 0.1}, (KERAS2,)),
    fed_whole_numbers("Activation", (4,), {"activation": "tanh"}, (KERAS3,)),
    fed_whole_numbers("ReLU", (4,), {}),
    fed_whole_numbers("Softmax", (4,), {}, (KERAS3,)),
    fed_whole_numbers("AveragePooling1D", (5, 2), {"pool_size": 2}, (KERAS3,)),
    fed_whole_numbers("GlobalAveragePooling1D", (5, 2), {}, (KERAS3,)),
    fed_whole_numbers("Flatten", (3, 2), {}),
    fed_whole_numbers("Rescaling", (4,), {"scale": 0.5, "offset": 1.0}),
]


@case(inputs=bytes_)
def image_of_bytes(keras: Keras) -> Any:
    layers = [
        keras.Input((6, 6, 3), dtype="uint8"),
        layer(keras, "Rescaling", scale=1 / 255),
        layer(keras, "Conv2D", filters=2, kernel_size=3),
        layer(keras, "GlobalAveragePooling2D"),
    ]
    return keras.Sequential(layers)


@case(dialects=(KERAS3,), inputs=small_numbers)
def whole_numbers_join_floats(keras: Keras) -> Any:
    whole, real = keras.Input((3,), dtype="int32"), keras.Input((3,))
    joined = layer(keras, "Concatenate")([whole, real])
    return keras.Model([whole, real], dense(keras, 2)(joined))


@case()
def float64_layers(keras: Keras) -> Any:
    layers = [dense(keras, 3, dtype="float64", activation="tanh"), dense(keras, 2, dtype="float64")]
    return keras.Sequential([keras.Input((4,), dtype="float64"), *layers])


@case(**HALF)
def mixed_float16(keras: Keras) -> Any:
    layers = [
        dense(keras, 3, activation="relu", dtype="mixed_float16"),
        layer(keras, "BatchNormalization", dtype="mixed_float16"),
        dense(keras, 2, dtype="float32"),
    ]
    return keras.Sequential([keras.Input((4,)), *layers])


@case(dialects=(KERAS3,), **HALF)
def mixed_bfloat16(keras: Keras) -> Any:
    layers = [dense(keras, 3, dtype="mixed_bfloat16"), dense(keras, 2, dtype="float32")]
    return keras.Sequential([keras.Input((4,)), *layers])


@case(**HALF)
def float16_weights(keras: Keras) -> Any:
    layers = [dense(keras, 3, dtype="float16"), dense(keras, 2, dtype="float32")]
    return keras.Sequential([keras.Input((4,)), *layers])


@case()
def custom_initializer(keras: Keras) -> Any:
    base = keras.initializers.Initializer
    own = type("Mine", (base,), {"__module__": "my_project", "__call__": _ones})
    registered = keras.utils.register_keras_serializable(package="shop")(own)
    return keras.Sequential([keras.Input((4,)), dense(keras, 3, kernel_initializer=registered())])


def _ones(_self: Any, shape: Any, dtype: Any = None, **_options: Any) -> Any:
    return np.ones(shape, dtype="float32")


@case()
def custom_regularizer(keras: Keras) -> Any:
    base = keras.regularizers.Regularizer
    methods = {"__module__": "my_project", "__call__": lambda _self, x: 0.0, "get_config": _empty}
    own = type("Mine", (base,), methods)
    registered = keras.utils.register_keras_serializable(package="shop")(own)
    return keras.Sequential([keras.Input((4,)), dense(keras, 3, kernel_regularizer=registered())])


def _empty(_self: Any) -> dict[str, Any]:
    return {}


def compiled(label: str, **arguments: Any) -> Case:
    """Return a model with a training configuration that must not stand in its way."""

    def build(keras: Keras) -> Any:
        given = keras.Input((4,))
        outputs = [dense(keras, 2, name="a")(given), dense(keras, 1, name="b")(given)]
        model = keras.Model(given, outputs)
        model.compile(**{key: _called(keras, value) for key, value in arguments.items()})
        return model

    return Case(id=f"compiled-{label}", build=build)


def _called(keras: Keras, value: Any) -> Any:
    return value(keras) if callable(value) else value


CASES += [
    compiled("loss-per-output", optimizer="sgd", loss={"a": "mse", "b": "mae"}),
    compiled("loss-weights", optimizer="adam", loss=["mse", "mse"], loss_weights=[0.3, 0.7]),
    compiled(
        "schedule",
        optimizer=lambda keras: keras.optimizers.SGD(
            keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9), momentum=0.9, nesterov=True
        ),
        loss="huber",
    ),
    compiled(
        "weighted-metrics", optimizer="nadam", loss="mse", weighted_metrics=[["mae"], ["mse"]]
    ),
    compiled("adamw", optimizer="adamw", loss="mse", metrics=[["mae", "mse"], ["mae"]]),
]


@case(dialects=(KERAS2,))
def old_optimizer(keras: Keras) -> Any:
    model = keras.Sequential([keras.Input((4,)), dense(keras, 1)])
    model.compile(optimizer=keras.optimizers.legacy.Adagrad(), loss="mse")
    return model


@case()
def own_loss_function(keras: Keras) -> Any:
    @keras.utils.register_keras_serializable(package="shop")
    def distance(wanted: Any, got: Any) -> Any:
        return (wanted - got) ** 2

    model = keras.Sequential([keras.Input((4,)), dense(keras, 1)])
    model.compile(optimizer="adam", loss=distance)
    return model


@case(dialects=(KERAS2,))
def synchronized_normalization(keras: Keras) -> Any:
    normalization = layer(keras, "BatchNormalization", synchronized=True)
    return keras.Sequential([keras.Input((4,)), normalization])


@case(dialects=(KERAS2,))
def unfused_normalization(keras: Keras) -> Any:
    normalization = layer(keras, "BatchNormalization", fused=False)
    return keras.Sequential([keras.Input((3, 3, 2)), normalization])


@case()
def activation_as_a_function(keras: Keras) -> Any:
    layers = [
        dense(keras, 3, activation=keras.activations.tanh),
        layer(keras, "Activation", activation=keras.activations.softmax),
    ]
    return keras.Sequential([keras.Input((4,)), *layers])


@case(dialects=(KERAS3,))
def initializers_with_shared_seed(keras: Keras) -> Any:
    seed = keras.random.SeedGenerator(3)
    layers = [dense(keras, 3, kernel_initializer=made("initializers.HeNormal", seed=seed))]
    return keras.Sequential([keras.Input((4,)), *layers])
