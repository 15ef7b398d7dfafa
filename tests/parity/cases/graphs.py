"""Shapes of whole models: sharing, nesting, names, depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .case import KERAS2, KERAS3, Case, Keras, layer, padded_sequences

CASES: list[Case] = []


def case(**options: Any) -> Callable[[Callable[[Keras], Any]], Callable[[Keras], Any]]:
    """Put the decorated builder into the table, under its name."""

    def register(build: Callable[[Keras], Any]) -> Callable[[Keras], Any]:
        CASES.append(Case(id=f"graph-{build.__name__}", build=build, **options))
        return build

    return register


def dense(keras: Keras, units: int, **arguments: Any) -> Any:
    return layer(keras, "Dense", units=units, **arguments)


def small_functional(keras: Keras, name: str, *, inner: str = "inner") -> Any:
    given = keras.Input((4,), name=f"{inner}_input")
    hidden = dense(keras, 5, activation="tanh", name=inner)(given)
    return keras.Model(given, dense(keras, 4, name=f"{inner}_out")(hidden), name=name)


def small_sequential(keras: Keras, name: str, *, inner: str = "inner") -> Any:
    layers = [
        keras.Input((4,)),
        dense(keras, 5, activation="tanh", name=inner),
        layer(keras, "BatchNormalization", name=f"{inner}_norm"),
        dense(keras, 4, name=f"{inner}_out"),
    ]
    return keras.Sequential(layers, name=name)


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


# --- Nesting ----------------------------------------------------------------------------------


@case()
def functional_in_functional(keras: Keras) -> Any:
    given = keras.Input((4,))
    return keras.Model(given, dense(keras, 2)(small_functional(keras, "block")(given)))


@case()
def sequential_in_functional(keras: Keras) -> Any:
    given = keras.Input((4,))
    return keras.Model(given, dense(keras, 2)(small_sequential(keras, "block")(given)))


@case()
def functional_in_sequential(keras: Keras) -> Any:
    layers = [keras.Input((4,)), small_functional(keras, "block"), dense(keras, 2)]
    return keras.Sequential(layers)


@case()
def functional_first_in_sequential(keras: Keras) -> Any:
    model = keras.Sequential([small_functional(keras, "block"), dense(keras, 2)])
    model.build((None, 4))
    return model


@case()
def sequential_in_sequential(keras: Keras) -> Any:
    layers = [keras.Input((4,)), dense(keras, 4), small_sequential(keras, "block"), dense(keras, 2)]
    return keras.Sequential(layers)


@case()
def three_deep(keras: Keras) -> Any:
    given = keras.Input((4,))
    inner = small_functional(keras, "innermost")
    middle = keras.Sequential([keras.Input((4,)), inner, dense(keras, 4)], name="middle")
    return keras.Model(given, dense(keras, 2)(middle(given)))


@case()
def same_layer_names_in_two_nested_models(keras: Keras) -> Any:
    given = keras.Input((4,))
    first = small_functional(keras, "first", inner="same")
    second = small_functional(keras, "second", inner="same")
    return keras.Model(given, second(first(given)))


@case()
def same_layer_name_inside_and_outside(keras: Keras) -> Any:
    given = keras.Input((4,))
    block = small_sequential(keras, "block", inner="same")
    return keras.Model(given, dense(keras, 2, name="same")(block(given)))


@case()
def nested_model_called_twice(keras: Keras) -> Any:
    left, right = keras.Input((4,)), keras.Input((4,))
    tower = small_functional(keras, "tower")
    joined = layer(keras, "Concatenate")([tower(left), tower(right)])
    return keras.Model([left, right], dense(keras, 2)(joined))


@case()
def nested_sequential_called_twice(keras: Keras) -> Any:
    given = keras.Input((4,))
    tower = small_sequential(keras, "tower")
    return keras.Model(given, tower(tower(given)))


@case()
def nested_model_with_two_inputs_and_outputs(keras: Keras) -> Any:
    left, right = keras.Input((3,), name="l"), keras.Input((4,), name="r")
    joined = layer(keras, "Concatenate")([left, right])
    outputs = [dense(keras, 2, name="x")(joined), dense(keras, 3, name="y")(joined)]
    inner = keras.Model([left, right], outputs, name="pair")
    first, second = keras.Input((4,)), keras.Input((3,))
    x, y = inner([second, first])
    return keras.Model([first, second], [dense(keras, 2)(y), x])


@case()
def frozen_layer_in_nested_model(keras: Keras) -> Any:
    """Keras writes the weights of a nested model trainable ones first, so freezing reorders."""
    given = keras.Input((4,))
    block = small_functional(keras, "block")
    block.get_layer("inner").trainable = False
    return keras.Model(given, dense(keras, 2)(block(given)))


@case()
def frozen_layer_in_nested_sequential(keras: Keras) -> Any:
    layers = [
        keras.Input((4,)),
        dense(keras, 4, name="first"),
        layer(keras, "BatchNormalization", name="norm"),
        dense(keras, 4, name="second"),
    ]
    block = keras.Sequential(layers, name="block")
    block.get_layer("first").trainable = False
    given = keras.Input((4,))
    return keras.Model(given, dense(keras, 2)(block(given)))


@case()
def frozen_nested_model(keras: Keras) -> Any:
    block = small_sequential(keras, "base")
    block.trainable = False
    given = keras.Input((4,))
    return keras.Model(given, dense(keras, 2)(block(given)))


@case()
def frozen_batch_normalization_in_nested_model(keras: Keras) -> Any:
    block = small_sequential(keras, "block")
    block.get_layer("inner_norm").trainable = False
    return keras.Sequential([keras.Input((4,)), block, dense(keras, 2)])


@case()
def two_batch_normalizations_in_nested_model(keras: Keras) -> Any:
    """Statistics are not trainable: they come after all trainable weights of the nested model."""
    layers = [
        keras.Input((4,)),
        layer(keras, "BatchNormalization"),
        dense(keras, 4),
        layer(keras, "BatchNormalization"),
        dense(keras, 4),
    ]
    given = keras.Input((4,))
    return keras.Model(given, dense(keras, 2)(keras.Sequential(layers, name="block")(given)))


@case()
def transfer_learning(keras: Keras) -> Any:
    image = keras.Input((8, 8, 3), name="pixels")
    flow = layer(keras, "Conv2D", filters=3, kernel_size=3, name="conv", use_bias=False)(image)
    flow = layer(keras, "BatchNormalization", name="bn")(flow)
    flow = layer(keras, "DepthwiseConv2D", kernel_size=3, padding="same", name="dw")(flow)
    flow = layer(keras, "BatchNormalization", name="bn_2")(flow)
    base = keras.Model(image, layer(keras, "ReLU", max_value=6.0)(flow), name="mobilenet_like")
    base.trainable = False
    given = keras.Input((8, 8, 3))
    flow = layer(keras, "Rescaling", scale=1 / 127.5, offset=-1.0)(given)
    flow = layer(keras, "GlobalAveragePooling2D")(base(flow))
    flow = layer(keras, "Dropout", rate=0.2)(flow)
    return keras.Model(given, dense(keras, 2, activation="softmax")(flow))


@case()
def nested_recurrent_model(keras: Keras) -> Any:
    inner = keras.Sequential(
        [
            keras.Input((4, 2)),
            layer(keras, "LSTM", units=3, return_sequences=True),
            layer(keras, "GRU", units=3, reset_after=False),
        ],
        name="encoder",
    )
    inner.layers[0].trainable = False
    given = keras.Input((4, 2))
    return keras.Model(given, dense(keras, 2)(inner(given)))


@case()
def nested_wrappers(keras: Keras) -> Any:
    lstm = layer(keras, "LSTM", units=3, return_sequences=True)
    inner = keras.Sequential(
        [
            keras.Input((4, 2)),
            layer(keras, "Bidirectional", layer=lstm),
            layer(keras, "TimeDistributed", layer=dense(keras, 2)),
        ],
        name="encoder",
    )
    given = keras.Input((4, 2))
    return keras.Model(given, layer(keras, "GlobalAveragePooling1D")(inner(given)))


@case()
def nested_model_is_the_output(keras: Keras) -> Any:
    given = keras.Input((4,))
    return keras.Model(given, small_functional(keras, "head")(dense(keras, 4)(given)))


@case()
def nested_model_built_before_the_outer_one(keras: Keras) -> Any:
    """The nested model's own call is its first node, so the outer model uses another one."""
    inner = small_functional(keras, "block")
    keras.Model(inner.input, dense(keras, 9)(inner.output))
    given = keras.Input((4,))
    inner(given)
    return keras.Model(given, dense(keras, 2)(inner(dense(keras, 4)(given))))


@case()
def layer_shared_between_nested_models(keras: Keras) -> Any:
    shared = dense(keras, 4, activation="tanh", name="shared")
    towers = []
    for name in ("left_tower", "right_tower"):
        given = keras.Input((4,))
        towers.append(keras.Model(given, dense(keras, 3)(shared(given)), name=name))
    left, right = keras.Input((4,)), keras.Input((4,))
    return keras.Model([left, right], layer(keras, "Add")([towers[0](left), towers[1](right)]))


# --- Names and sizes ----------------------------------------------------------------------------


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
