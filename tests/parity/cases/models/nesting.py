"""Models in models: order of weights, names, sharing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.parity.cases.case import Case, Keras, dense, layer

CASES: list[Case] = []


def case(**options: Any) -> Callable[[Callable[[Keras], Any]], Callable[[Keras], Any]]:
    """Put the decorated builder into the table, under its name."""

    def register(build: Callable[[Keras], Any]) -> Callable[[Keras], Any]:
        CASES.append(Case(id=f"nested-{build.__name__}", build=build, **options))
        return build

    return register


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
