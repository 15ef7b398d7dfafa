"""Names of layers, many layers, and lists of names that HDF5 attributes cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.parity.cases.case import KERAS2, KERAS3, Case, Keras, dense, layer

CASES: list[Case] = []


def case(**options: Any) -> Callable[[Callable[[Keras], Any]], Callable[[Keras], Any]]:
    """Put the decorated builder into the table, under its name."""

    def register(build: Callable[[Keras], Any]) -> Callable[[Keras], Any]:
        CASES.append(Case(id=f"names-{build.__name__}", build=build, **options))
        return build

    return register


def named(keras: Keras, *names: str) -> Any:
    given = keras.Input((4,))
    flow = given
    for name in names:
        flow = dense(keras, 4, activation="tanh", name=name)(flow)
    return keras.Model(given, flow)


@case(dialects=(KERAS3,))
def names_with_spaces(keras: Keras) -> Any:
    return named(keras, "my layer", "another one here", " padded ")


@case(dialects=(KERAS3,))
def names_in_unicode(keras: Keras) -> Any:
    return named(keras, "größe", "層", "слой_1")


@case(dialects=(KERAS2,))
def names_with_slashes(keras: Keras) -> Any:
    return named(keras, "block1/conv", "block1/conv/deep", "block2/conv")


@case()
def names_in_other_cases(keras: Keras) -> Any:
    return named(keras, "camelCase", "snake_case", "PascalCase", "UPPER", "with-dash", "with.dot")


@case()
def names_that_look_like_defaults(keras: Keras) -> Any:
    return named(keras, "dense_7", "dense_1", "dense", "conv2d")


@case(dialects=(KERAS3,))
def names_of_hundreds_of_characters(keras: Keras) -> Any:
    return named(keras, "a" * 256, "a" * 257, "b" * 1000)


@case()
def names_that_are_numbers(keras: Keras) -> Any:
    return named(keras, "1", "0", "layer_0")


@case()
def names_of_python_and_javascript(keras: Keras) -> Any:
    return named(keras, "constructor", "toString", "kernel", "name", "config")


@case()
def names_of_parameters(keras: Keras) -> Any:
    """TF.js turns snake_case into camelCase in configs; names must be left alone."""
    return named(keras, "batch_input_shape", "class_name", "return_sequences", "hard_sigmoid")


@case(dialects=(KERAS3,))
def names_with_leading_underscore(keras: Keras) -> Any:
    return named(keras, "_hidden", "__dunder__")


@case(weight_scale=0.9)
def seventy_layers(keras: Keras) -> Any:
    layers = [dense(keras, 4, activation="elu") for _ in range(70)]
    return keras.Sequential([keras.Input((4,)), *layers])


@case(weight_scale=0.7)
def layer_names_in_chunks(keras: Keras) -> Any:
    """HDF5 attributes hold at most 64 KiB: Keras splits ``layer_names`` into numbered pieces."""
    given = keras.Input((2,))
    flow = given
    for index in range(300):
        flow = layer(keras, "Activation", activation="tanh", name=f"{index:03}_{'x' * 250}")(flow)
    return keras.Model(given, dense(keras, 2)(flow))


@case()
def weight_names_in_chunks(keras: Keras) -> Any:
    """One nested model with so many weights that ``weight_names`` is split."""
    layers = [keras.Input((2,))]
    layers += [dense(keras, 2, name=f"d{index:03}_{'y' * 180}") for index in range(200)]
    given = keras.Input((2,))
    return keras.Model(given, keras.Sequential(layers, name="nested")(given))


@case(dialects=(KERAS3,))
def names_that_become_the_same(keras: Keras) -> Any:
    """Made fit for TF.js, these must still be told apart."""
    return named(keras, "a b", "a_b", "a:b", "a_b_1")


@case()
def model_and_layer_of_one_name(keras: Keras) -> Any:
    given = keras.Input((4,), name="given")
    return keras.Model(given, dense(keras, 2, name="same")(given), name="same")


@case()
def nested_model_and_its_layer_of_one_name(keras: Keras) -> Any:
    block = keras.Sequential([keras.Input((4,)), dense(keras, 3, name="block")], name="block")
    given = keras.Input((4,))
    return keras.Model(given, dense(keras, 2)(block(given)))
