"""How inputs, outputs and calls may be spelled: dicts, lists, repetition, explicit arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.parity.cases.case import KERAS2, Case, Keras, dense, layer, made
from tests.parity.cases.models.nesting import small_functional, small_sequential

CASES: list[Case] = []


def case(**options: Any) -> Callable[[Callable[[Keras], Any]], Callable[[Keras], Any]]:
    """Put the decorated builder into the table, under its name."""

    def register(build: Callable[[Keras], Any]) -> Callable[[Keras], Any]:
        CASES.append(Case(id=f"structure-{build.__name__}", build=build, **options))
        return build

    return register


def two_headed(keras: Keras, first: str, second: str) -> Any:
    """Return a nested model whose inputs and outputs cannot be mistaken for each other."""
    left, right = keras.Input((3,), name=first), keras.Input((4,), name=second)
    joined = layer(keras, "Concatenate")([left, right])
    outputs = [dense(keras, 2, name="x")(joined), dense(keras, 3, name="y")(joined)]
    return keras.Model([left, right], outputs, name="pair")


@case()
def inputs_in_a_dict_out_of_order(keras: Keras) -> Any:
    left, right = keras.Input((3,), name="zebra"), keras.Input((4,), name="ant")
    joined = layer(keras, "Concatenate")([left, right])
    return keras.Model({"zebra": left, "ant": right}, dense(keras, 2)(joined))


@case()
def outputs_in_a_dict(keras: Keras) -> Any:
    given = keras.Input((4,))
    outputs = {"zebra": dense(keras, 2)(given), "ant": dense(keras, 3)(given)}
    return keras.Model(given, outputs)


@case()
def outputs_in_nested_lists(keras: Keras) -> Any:
    given = keras.Input((4,))
    heads = [dense(keras, units)(given) for units in (1, 2, 3)]
    return keras.Model(given, [[heads[0], heads[1]], heads[2]])


@case()
def nested_model_called_with_a_dict(keras: Keras) -> Any:
    left, right = keras.Input((3,), name="zebra"), keras.Input((4,), name="ant")
    joined = layer(keras, "Concatenate")([left, right])
    inner = keras.Model({"zebra": left, "ant": right}, dense(keras, 2)(joined), name="inner")
    first, second = keras.Input((4,)), keras.Input((3,))
    return keras.Model([first, second], inner({"ant": first, "zebra": second}))


@case()
def nested_model_of_the_same_tensor_twice(keras: Keras) -> Any:
    left, right = keras.Input((4,)), keras.Input((4,))
    joined = layer(keras, "Concatenate")([left, dense(keras, 3)(right)])
    inner = keras.Model([left, right], dense(keras, 2)(joined), name="inner")
    given = keras.Input((4,))
    return keras.Model(given, inner([given, given]))


@case()
def nested_pair_called_twice(keras: Keras) -> Any:
    pair = two_headed(keras, "b", "a")
    inputs = [keras.Input((3,)), keras.Input((4,)), keras.Input((3,))]
    x, y = pair([inputs[0], inputs[1]])
    _, z = pair([inputs[2], inputs[1]])
    return keras.Model(inputs, [y, dense(keras, 1)(z), x])


@case()
def called_with_training_false(keras: Keras) -> Any:
    """As the guide on transfer learning calls the frozen base."""
    base = small_sequential(keras, "base")
    base.trainable = False
    given = keras.Input((4,))
    hidden = layer(keras, "Dropout", rate=0.2)(base(given, training=False))
    return keras.Model(given, dense(keras, 2)(hidden))


@case()
def normalization_called_with_training_false(keras: Keras) -> Any:
    given = keras.Input((4,))
    hidden = layer(keras, "BatchNormalization")(given, training=False)
    return keras.Model(given, dense(keras, 2)(hidden))


@case()
def layer_shared_with_a_nested_model(keras: Keras) -> Any:
    shared = dense(keras, 4, activation="tanh", name="shared")
    inside = keras.Input((4,))
    inner = keras.Model(inside, dense(keras, 4)(shared(inside)), name="inner")
    given = keras.Input((4,))
    return keras.Model(given, shared(inner(given)))


@case()
def model_nested_in_two_nested_models(keras: Keras) -> Any:
    common = small_functional(keras, "common")
    towers = []
    for name in ("left", "right"):
        given = keras.Input((4,))
        towers.append(keras.Model(given, dense(keras, 3)(common(given)), name=name))
    given = keras.Input((4,))
    return keras.Model(given, layer(keras, "Add")([tower(given) for tower in towers]))


@case()
def recurrent_layer_called_twice(keras: Keras) -> Any:
    left, right = keras.Input((4, 2)), keras.Input((3, 2))
    shared = layer(keras, "LSTM", units=3)
    return keras.Model([left, right], layer(keras, "Add")([shared(left), shared(right)]))


@case()
def wrapper_called_twice(keras: Keras) -> Any:
    left, right = keras.Input((4, 2)), keras.Input((4, 2))
    shared = layer(keras, "Bidirectional", layer=made("layers.LSTM", units=3))
    return keras.Model([left, right], layer(keras, "Add")([shared(left), shared(right)]))


@case()
def wrappers_in_wrappers(keras: Keras) -> Any:
    inner = made("layers.TimeDistributed", layer=made("layers.Dense", units=2))
    given = keras.Input((2, 3, 4))
    return keras.Model(given, layer(keras, "TimeDistributed", layer=inner)(given))


@case()
def frozen_wrapper_in_nested_model(keras: Keras) -> Any:
    layers = [
        keras.Input((4, 2)),
        layer(keras, "Dense", units=3),
        layer(keras, "Bidirectional", layer=made("layers.LSTM", units=3), name="both"),
        layer(keras, "BatchNormalization"),
    ]
    inner = keras.Sequential(layers, name="inner")
    inner.get_layer("both").trainable = False
    given = keras.Input((4, 2))
    return keras.Model(given, dense(keras, 2)(inner(given)))


@case()
def frozen_time_distributed_normalization(keras: Keras) -> Any:
    layers = [
        keras.Input((3, 4)),
        layer(keras, "TimeDistributed", layer=made("layers.BatchNormalization"), name="steps"),
        layer(keras, "TimeDistributed", layer=made("layers.Dense", units=3)),
    ]
    inner = keras.Sequential(layers, name="inner")
    given = keras.Input((3, 4))
    return keras.Model(given, layer(keras, "Flatten")(inner(given)))


@case()
def nested_model_frozen_but_for_one_layer(keras: Keras) -> Any:
    base = small_sequential(keras, "base")
    base.trainable = False
    base.get_layer("inner_out").trainable = True
    given = keras.Input((4,))
    return keras.Model(given, dense(keras, 2)(base(given)))


@case()
def three_deep_with_frozen_middle(keras: Keras) -> Any:
    innermost = small_sequential(keras, "innermost")
    layers = [keras.Input((4,)), dense(keras, 4, name="before"), innermost]
    middle = keras.Sequential([*layers, dense(keras, 4, name="after")], name="middle")
    middle.get_layer("innermost").trainable = False
    middle.get_layer("after").trainable = False
    given = keras.Input((4,))
    return keras.Model(given, dense(keras, 2)(middle(given)))


@case()
def unknown_axes_throughout(keras: Keras) -> Any:
    given = keras.Input((None, 4))
    flow = layer(keras, "PReLU", shared_axes=[1])(given)
    flow = layer(keras, "TimeDistributed", layer=made("layers.Dense", units=4))(flow)
    flow = layer(keras, "Concatenate", axis=1)([flow, given])
    flow = layer(keras, "Reshape", target_shape=(-1, 2))(flow)
    return keras.Model(given, dense(keras, 3)(flow))


@case(dialects=(KERAS2,))
def unused_input(keras: Keras) -> Any:
    given, unused = keras.Input((4,), name="given"), keras.Input((3,), name="unused")
    return keras.Model([given, unused], dense(keras, 2)(given))


@case()
def identity(keras: Keras) -> Any:
    given = keras.Input((4,))
    return keras.Model(given, layer(keras, "Activation", activation="linear")(given))
