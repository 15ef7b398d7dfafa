"""Whole models that must be refused: those whose computation is Python code, or lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.parity.cases.case import BOTH, KERAS2, KERAS3, Build, Keras, RefusedCase, layer

ACTIVATION, CALL, INPUT = "unsupported-activation", "unsupported-call", "unsupported-input"
CUSTOM = "custom-layer"
SERIES, ROW = (5, 3), (4,)
CASES: list[RefusedCase] = []


def model(
    *problems: tuple[str, str],
    hints: tuple[str, ...] = (),
    dialects: tuple[str, ...] = BOTH,
    name: str = "",
) -> Callable[[Build], Build]:
    """Put the decorated builder of a whole model into the table."""

    def register(build: Build) -> Build:
        CASES.append(
            RefusedCase(
                id=f"refused-{name or getattr(build, '__name__', '')}",
                build=build,
                problems=frozenset(problems),
                hints=hints,
                dialects=dialects,
            )
        )
        return build

    return register


# --- Python code --------------------------------------------------------------------------------


@model(("m/double", CUSTOM), hints=("Python",))
def lambda_layer(keras: Keras) -> Any:
    double = keras.layers.Lambda(lambda x: x * 2, name="double", output_shape=ROW)
    return keras.Sequential([keras.Input(ROW), double], name="m")


def _custom(keras: Keras, base: str, package: str) -> Any:
    made_class = type("Mine", (getattr(keras.layers, base),), {"__module__": "my_project"})
    register = keras.utils.register_keras_serializable
    return register(package=package)(made_class)


@model(("m/mine", CUSTOM))
def registered_custom_layer(keras: Keras) -> Any:
    mine = _custom(keras, "Dense", "shop")(3, name="mine")
    return keras.Sequential([keras.Input(ROW), mine], name="m")


@model(("m/dense", CUSTOM))
def custom_class_of_a_known_name(keras: Keras) -> Any:
    """A user's own ``Dense`` must not be taken for Keras's."""
    own = type("Dense", (keras.layers.Layer,), {"__module__": "my_project", "call": _twice})
    register = keras.utils.register_keras_serializable
    return keras.Sequential(
        [keras.Input(ROW), register(package="shop")(own)(name="dense")], name="m"
    )


def _twice(_self: Any, inputs: Any) -> Any:
    return inputs * 2


@model(("m/it", ACTIVATION))
def custom_activation(keras: Keras) -> Any:
    @keras.utils.register_keras_serializable(package="shop")
    def sharp(x: Any) -> Any:
        return x * x

    return keras.Sequential(
        [keras.Input(ROW), layer(keras, "Dense", units=2, activation=sharp, name="it")], name="m"
    )


@model(("m/steps/double", CUSTOM))
def lambda_at_each_step(keras: Keras) -> Any:
    double = keras.layers.Lambda(lambda x: x * 2, name="double", output_shape=(3,))
    given = keras.Input(SERIES)
    return keras.Model(given, keras.layers.TimeDistributed(double, name="steps")(given), name="m")


# --- All at once ----------------------------------------------------------------------------------


@model(("m/block/inner/double", CUSTOM), ("m/block/mine", CUSTOM), ("m/once", CUSTOM))
def many_problems_in_nested_models(keras: Keras) -> Any:
    double = keras.layers.Lambda(lambda x: x * 2, name="double", output_shape=ROW)
    inner = keras.Sequential([keras.Input(ROW), double], name="inner")
    mine = _custom(keras, "Dense", "shop")(4, name="mine")
    block = keras.Sequential([keras.Input(ROW), inner, mine], name="block")
    once = keras.layers.Lambda(lambda x: x + 1, name="once", output_shape=ROW)
    return keras.Sequential([keras.Input(ROW), block, once], name="m")


# --- What the file or TensorFlow.js cannot hold -------------------------------------------------


@model(("m/add", "unsupported-graph"), dialects=(KERAS3,))
def constant_in_a_call(keras: Keras) -> Any:
    given = keras.Input(ROW)
    constant = keras.ops.ones((1, 4)) if hasattr(keras, "ops") else keras.backend.ones((1, 4))
    return keras.Model(given, layer(keras, "Add", name="add")([given, constant]), name="m")


@model(
    ("a/forward_l/kernel", "duplicate-weight-name"),
    ("a/forward_l/recurrent_kernel", "duplicate-weight-name"),
    ("a/forward_l/bias", "duplicate-weight-name"),
    dialects=(KERAS2,),
)
def weight_names_that_meet(keras: Keras) -> Any:
    """Bidirectional ``a`` has a weight ``a/forward_l/kernel``; so has the layer after it."""
    inner = layer(keras, "LSTM", units=4, name="l", return_sequences=True)
    layers = [
        keras.Input(SERIES),
        keras.layers.Bidirectional(inner, name="a"),
        layer(keras, "LSTM", units=3, name="a/forward_l"),
    ]
    return keras.Sequential(layers, name="m")


def _of_shape(shape: tuple[int, ...]) -> Build:
    def build(keras: Keras) -> Any:
        given = keras.Input(shape, name="given")
        return keras.Model(given, layer(keras, "Activation", activation="tanh")(given), name="m")

    return build


model(("m/given", INPUT), dialects=(KERAS3,), name="input_of_7_axes")(_of_shape((1, 1, 1, 1, 1, 2)))


def _masked_by_array(class_name: str, **arguments: Any) -> Build:
    def build(keras: Keras) -> Any:
        given = keras.Input(SERIES)
        found = layer(keras, class_name, name="it", **arguments)
        mask = np.arange(SERIES[0])[None] > 0
        return keras.Model(given, found(given, mask=mask), name="m")

    return build


model(("m/it", CALL), hints=("mask",), dialects=(KERAS3,), name="mask_as_array_of_average")(
    _masked_by_array("GlobalAveragePooling1D")
)
model(("m/it", CALL), hints=("mask",), dialects=(KERAS3,), name="mask_as_array_of_lstm")(
    _masked_by_array("LSTM", units=3)
)
