"""Shapes of whole models: sharing, nesting, names, depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.parity.cases.case import KERAS2, Case, Keras, dense, layer
from tests.parity.cases.inputs import padded_sequences

CASES: list[Case] = []


def case(**options: Any) -> Callable[[Callable[[Keras], Any]], Callable[[Keras], Any]]:
    """Put the decorated builder into the table, under its name."""

    def register(build: Callable[[Keras], Any]) -> Callable[[Keras], Any]:
        CASES.append(Case(id=f"graph-{build.__name__}", build=build, **options))
        return build

    return register


# --- Sequential -----------------------------------------------------------------------------


@case()
def sequential_with_input(keras: Keras) -> Any:
    return keras.Sequential([keras.Input((4,)), dense(keras, 3), dense(keras, 2)])


@case(dialects=(KERAS2,))
def sequential_with_input_shape(keras: Keras) -> Any:
    return keras.Sequential([dense(keras, 3, input_shape=(4,)), dense(keras, 2)])


@case(dialects=(KERAS2,))
def sequential_with_input_dim(keras: Keras) -> Any:
    return keras.Sequential([dense(keras, 3, input_dim=4), dense(keras, 2)])


@case(dialects=(KERAS2,))
def sequential_with_batch_input_shape(keras: Keras) -> Any:
    return keras.Sequential([dense(keras, 3, batch_input_shape=(2, 4)), dense(keras, 2)])


@case()
def sequential_built_with_a_shape(keras: Keras) -> Any:
    model = keras.Sequential([dense(keras, 3, activation="relu"), dense(keras, 2)])
    model.build((None, 4))
    if not hasattr(keras, "ops"):
        model(keras.backend.zeros((1, 4)))
    return model


@case()
def sequential_built_by_calling(keras: Keras) -> Any:
    model = keras.Sequential([dense(keras, 3, activation="relu"), dense(keras, 2)])
    zeros = keras.ops.zeros if hasattr(keras, "ops") else keras.backend.zeros
    model(zeros((2, 4)))
    return model


@case()
def sequential_image_classifier(keras: Keras) -> Any:
    layers = [
        keras.Input((8, 8, 1)),
        layer(keras, "Conv2D", filters=3, kernel_size=3, activation="relu"),
        layer(keras, "BatchNormalization"),
        layer(keras, "MaxPooling2D"),
        layer(keras, "Flatten"),
        layer(keras, "Dropout", rate=0.5),
        dense(keras, 4, activation="softmax"),
    ]
    return keras.Sequential(layers, name="classifier")


@case()
def sequential_named_with_spaces(keras: Keras) -> Any:
    return keras.Sequential([keras.Input((4,)), dense(keras, 3)], name="my_best_model")


@case()
def compiled(keras: Keras) -> Any:
    model = keras.Sequential([keras.Input((4,)), dense(keras, 3), dense(keras, 1)])
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return model


@case()
def compiled_classifier(keras: Keras) -> Any:
    model = keras.Sequential([keras.Input((4,)), dense(keras, 3, activation="softmax")])
    optimizer = keras.optimizers.RMSprop(learning_rate=0.01)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=False)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
    return model


# --- Functional: inputs, outputs, sharing -----------------------------------------------------


@case()
def functional_chain(keras: Keras) -> Any:
    given = keras.Input((4,))
    return keras.Model(given, dense(keras, 2)(dense(keras, 3, activation="relu")(given)))


@case()
def two_inputs(keras: Keras) -> Any:
    left, right = keras.Input((3,), name="left"), keras.Input((4,), name="right")
    joined = layer(keras, "Concatenate")([left, dense(keras, 2)(right)])
    return keras.Model([left, right], dense(keras, 2)(joined))


@case()
def inputs_in_another_order(keras: Keras) -> Any:
    first, second = keras.Input((3,), name="zebra"), keras.Input((3,), name="ant")
    return keras.Model([second, first], layer(keras, "Concatenate")([first, second]))


@case()
def two_outputs(keras: Keras) -> Any:
    given = keras.Input((4,))
    hidden = dense(keras, 3, activation="relu")(given)
    return keras.Model(
        given, [dense(keras, 2, name="b")(hidden), dense(keras, 1, name="a")(hidden)]
    )


@case()
def two_inputs_two_outputs(keras: Keras) -> Any:
    left, right = keras.Input((3,)), keras.Input((3,))
    joined = layer(keras, "Add")([dense(keras, 3)(left), right])
    return keras.Model([left, right], [dense(keras, 2)(joined), joined])


@case()
def inputs_by_name(keras: Keras) -> Any:
    left, right = keras.Input((3,), name="left"), keras.Input((4,), name="right")
    joined = layer(keras, "Concatenate")([left, right])
    return keras.Model({"left": left, "right": right}, dense(keras, 2)(joined))


@case()
def single_input_in_a_list(keras: Keras) -> Any:
    given = keras.Input((4,))
    return keras.Model([given], [dense(keras, 2)(given)])


@case()
def shared_layer(keras: Keras) -> Any:
    left, right = keras.Input((4,)), keras.Input((4,))
    shared = dense(keras, 3, activation="tanh", name="shared")
    return keras.Model([left, right], layer(keras, "Concatenate")([shared(left), shared(right)]))


@case()
def layer_called_twice_in_a_row(keras: Keras) -> Any:
    given = keras.Input((4,))
    twice = dense(keras, 4, activation="tanh")
    return keras.Model(given, twice(twice(given)))


@case()
def both_calls_are_outputs(keras: Keras) -> Any:
    left, right = keras.Input((4,)), keras.Input((4,))
    shared = dense(keras, 3)
    return keras.Model([left, right], [shared(left), shared(right)])


@case()
def output_of_second_call_only(keras: Keras) -> Any:
    given = keras.Input((4,))
    shared = dense(keras, 4, activation="tanh")
    first = shared(given)
    second = shared(dense(keras, 4)(given))
    return keras.Model(given, layer(keras, "Add")([second, first]))


@case()
def layer_called_outside_of_the_model(keras: Keras) -> Any:
    """The layer's first call belongs to another graph, so the model has only its second node."""
    shared = dense(keras, 3)
    shared(keras.Input((4,)))
    given = keras.Input((4,))
    return keras.Model(given, dense(keras, 2)(shared(given)))


@case()
def part_of_a_bigger_graph(keras: Keras) -> Any:
    given = keras.Input((4,))
    hidden = dense(keras, 3, name="hidden")(given)
    whole = keras.Model(given, dense(keras, 2)(hidden))
    return keras.Model(whole.input, whole.get_layer("hidden").output)


@case()
def unused_branch(keras: Keras) -> Any:
    given = keras.Input((4,))
    hidden = dense(keras, 3)(given)
    dense(keras, 7, name="unused")(hidden)
    return keras.Model(given, dense(keras, 2)(hidden))


@case()
def output_is_an_input_too(keras: Keras) -> Any:
    given = keras.Input((4,))
    return keras.Model(given, [dense(keras, 2)(given), given])


@case()
def residual_blocks(keras: Keras) -> Any:
    given = keras.Input((6, 6, 2))
    flow = layer(keras, "Conv2D", filters=3, kernel_size=3, padding="same")(given)
    for _ in range(3):
        branch = layer(keras, "BatchNormalization")(flow)
        branch = layer(keras, "ReLU", max_value=6.0)(branch)
        branch = layer(keras, "Conv2D", filters=3, kernel_size=3, padding="same")(branch)
        flow = layer(keras, "Add")([flow, branch])
    pooled = layer(keras, "GlobalAveragePooling2D")(flow)
    return keras.Model(given, dense(keras, 2, activation="softmax")(pooled))


@case()
def fixed_batch_size(keras: Keras) -> Any:
    given = keras.Input((4,), batch_size=3)
    return keras.Model(given, dense(keras, 2)(given))


@case()
def three_outputs_of_one_layer(keras: Keras) -> Any:
    given = keras.Input((4, 2))
    sequence, hidden, cell = layer(
        keras, "LSTM", units=3, return_sequences=True, return_state=True
    )(given)
    joined = layer(keras, "Concatenate")([hidden, cell])
    pooled = layer(keras, "GlobalMaxPooling1D")(sequence)
    return keras.Model(given, layer(keras, "Add")([dense(keras, 3)(joined), pooled]))


@case()
def states_in_another_order(keras: Keras) -> Any:
    given = keras.Input((4, 2))
    sequence, hidden, cell = layer(keras, "LSTM", units=3, return_state=True)(given)
    return keras.Model(given, [cell, sequence, hidden])


@case()
def diamond_with_a_shared_layer(keras: Keras) -> Any:
    given = keras.Input((4,))
    shared = dense(keras, 4, activation="sigmoid")
    upper, lower = shared(given), dense(keras, 4)(given)
    joined = layer(keras, "Multiply")([upper, shared(lower)])
    return keras.Model(given, shared(joined))


@case(inputs=padded_sequences())
def masked_and_unmasked_branches(keras: Keras) -> Any:
    given = keras.Input((5, 2))
    masked = layer(keras, "LSTM", units=3)(layer(keras, "Masking")(given))
    plain = layer(keras, "LSTM", units=3)(given)
    return keras.Model(given, layer(keras, "Concatenate")([masked, plain]))
