"""Tensors that TF.js handles once where Keras handles them each time, and inputs of no axis.

Its executor disposes of a tensor as soon as its last user has run, and counts a user that takes
it twice as one (``tfjs-layers/src/engine/executor.ts``); its layers take no tensor without a batch
axis of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.parity.cases.case import Case, Keras, dense, layer
from tests.parity.cases.inputs import numbers, tokens

CASES: list[Case] = []


def case(**options: Any) -> Callable[[Callable[[Keras], Any]], Callable[[Keras], Any]]:
    """Put the decorated builder into the table, under its name."""

    def register(build: Callable[[Keras], Any]) -> Callable[[Keras], Any]:
        CASES.append(Case(id=f"tensor-{build.__name__}", build=build, **options))
        return build

    return register


# --- One tensor, taken several times ----------------------------------------------------------


@case()
def taken_twice_and_later(keras: Keras) -> Any:
    given = keras.Input((4,))
    hidden = dense(keras, 3)(given)
    squared = layer(keras, "Multiply")([hidden, hidden])
    return keras.Model(given, layer(keras, "Add")([squared, hidden]))


@case()
def taken_three_times_and_later(keras: Keras) -> Any:
    given = keras.Input((4,))
    hidden = dense(keras, 3)(given)
    tripled = layer(keras, "Add")([hidden, hidden, hidden])
    product = layer(keras, "Multiply")([tripled, hidden])
    return keras.Model(given, [layer(keras, "Add")([product, hidden]), tripled])


@case()
def taken_twice_by_a_shared_layer(keras: Keras) -> Any:
    given = keras.Input((4,))
    shared, square = dense(keras, 4), layer(keras, "Multiply")
    first = shared(given)
    second = shared(square([first, first]))
    return keras.Model(given, layer(keras, "Add")([square([second, second]), first, second]))


@case()
def taken_twice_by_a_nested_model_and_later(keras: Keras) -> Any:
    one, two = keras.Input((4,)), keras.Input((4,))
    inner = keras.Model([one, two], layer(keras, "Subtract")([dense(keras, 4)(one), two]))
    given = keras.Input((4,))
    hidden = dense(keras, 4)(given)
    return keras.Model(given, layer(keras, "Add")([inner([hidden, hidden]), hidden]))


@case()
def put_out_twice_and_used(keras: Keras) -> Any:
    given = keras.Input((4,))
    hidden = dense(keras, 3)(given)
    return keras.Model(given, [hidden, layer(keras, "ReLU")(hidden), hidden])


@case()
def input_put_out_twice(keras: Keras) -> Any:
    given = keras.Input((4,))
    return keras.Model(given, [given, dense(keras, 3)(given), given])


@case()
def put_out_twice_by_a_nested_model(keras: Keras) -> Any:
    inside = keras.Input((4,))
    hidden = dense(keras, 3)(inside)
    inner = keras.Model(inside, [hidden, hidden])
    given = keras.Input((4,))
    first, second = inner(given)
    return keras.Model(given, [layer(keras, "Add")([first, second]), first])


@case()
def put_out_in_dicts_twice(keras: Keras) -> Any:
    left, right = keras.Input((4,), name="zebra"), keras.Input((4,), name="ant")
    hidden = dense(keras, 3)(left)
    outputs = {"one": hidden, "b": [layer(keras, "Add")([left, right]), hidden]}
    return keras.Model({"zebra": left, "ant": right}, outputs)


# --- One number for each sample -----------------------------------------------------------------


def small(random: Any, shape: tuple[int, ...], dtype: str) -> Any:
    return (tokens(4) if dtype.startswith("int") else numbers)(random, shape, dtype)


@case()
def two_scalars(keras: Keras) -> Any:
    one, two = keras.Input(()), keras.Input(())
    columns = [layer(keras, "Reshape", target_shape=(1,))(tensor) for tensor in (one, two)]
    return keras.Model([one, two], [dense(keras, 2)(layer(keras, "Concatenate")(columns)), one])


@case()
def scalar_into_sequential(keras: Keras) -> Any:
    return keras.Sequential(
        [keras.Input(()), layer(keras, "Reshape", target_shape=(1,)), dense(keras, 2)]
    )


@case(inputs=small)
def scalar_into_embedding(keras: Keras) -> Any:
    embedding = layer(keras, "Embedding", input_dim=5, output_dim=3)
    return keras.Sequential([keras.Input((), dtype="int32"), embedding, dense(keras, 2)])


@case()
def scalar_into_nested_model(keras: Keras) -> Any:
    inside = keras.Input(())
    inner = keras.Model(inside, layer(keras, "Reshape", target_shape=(1,))(inside))
    given = keras.Input(())
    return keras.Model(given, dense(keras, 2)(inner(given)))
