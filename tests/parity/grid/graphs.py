"""Named shapes of graphs, each in several variants."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.parity.cases.case import BOTH, KERAS3, Keras

WIDTH = 4
ODD_NAMES = (
    *("a.b", "with space", "it's", 'quo"te', "vars", "layers", "constructor", "some_key_name"),
    *("dense", "dense_1", "ümlaut", "per%cent", "back\\slash", "a:b", "#", "batch_input_shape"),
    *("0", "__proto__", "Weights", "true", "x" * 60, "class_name", "config", "toString"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A function that builds a model with whichever Keras it is handed."""

    name: str
    build: Callable[[Keras], Any]
    dialects: tuple[str, ...] = BOTH


def dense(keras: Keras, tensor: Any, **arguments: Any) -> Any:
    return keras.layers.Dense(WIDTH, activation="tanh", **arguments)(tensor)


# --- Arrangements of inputs and outputs -------------------------------------------------------

Arrange = Callable[[list[Any]], Any]
INPUTS: Mapping[str, Arrange] = {
    "list": list,
    "dict": lambda tensors: {f"in_{i}": t for i, t in enumerate(tensors)},
    "dict_backwards": lambda tensors: {f"in_{9 - i}": t for i, t in enumerate(tensors)},
}
OUTPUTS: Mapping[str, Arrange] = {
    "single": lambda tensors: tensors[0],
    "list": list,
    "listed": lambda tensors: tensors[:1],
    "dict": lambda tensors: {f"out_{i}": t for i, t in enumerate(tensors)},
    "dict_backwards": lambda tensors: {f"out_{9 - i}": t for i, t in enumerate(tensors)},
    "nested": lambda tensors: [tensors[0], tensors[1:]],
    "dict_of_lists": lambda tensors: {"b": list(tensors), "a": tensors[0]},
    "same_twice": lambda tensors: [tensors[0], tensors[0]],
    "swapped": lambda tensors: tensors[::-1],
}


def arranged(inputs: str, outputs: str) -> Callable[[Keras], Any]:
    """Return the function that builds a model with its inputs and outputs so arranged."""

    def build(keras: Keras) -> Any:
        given = [keras.Input((WIDTH,), name=f"in_{i}") for i in range(2)]
        if inputs == "dict_backwards":
            given = [keras.Input((WIDTH,), name=f"in_{9 - i}") for i in range(2)]
        mixed = keras.layers.Concatenate()([dense(keras, tensor) for tensor in given])
        results = [dense(keras, mixed), dense(keras, mixed)]
        return keras.Model(INPUTS[inputs](given), OUTPUTS[outputs](results))

    return build


def output_is_input(arrange: str) -> Callable[[Keras], Any]:
    """Return the function that builds a model that returns its own input."""

    def build(keras: Keras) -> Any:
        given = keras.Input((WIDTH,))
        return keras.Model(given, OUTPUTS[arrange]([given, dense(keras, given), given]))

    return build


# --- Layers called in several places ----------------------------------------------------------


def shared(keras: Keras) -> list[Any]:
    """Return layers that are worth being called twice, of several translations."""
    layers = keras.layers
    return [
        layers.Dense(WIDTH),
        layers.BatchNormalization(),
        layers.LayerNormalization(),
        layers.Activation("gelu"),
        layers.UnitNormalization(),
        keras.Sequential([layers.Dense(3), layers.Dense(WIDTH, activation="silu")]),
    ]


def called(kind: int, how: str) -> Callable[[Keras], Any]:
    """Return the function that builds a model with a layer called several times."""

    def build(keras: Keras) -> Any:
        first, second = keras.Input((WIDTH,)), keras.Input((WIDTH,))
        layer = shared(keras)[kind]
        layer(keras.Input((WIDTH,)))  # its first node belongs to no model
        if how == "later_node":
            return keras.Model([first, second], [layer(first), dense(keras, second)])
        if how == "chain":
            return keras.Model([first, second], layer(layer(layer(first))) + layer(second))
        inner = keras.Model(first, layer(first))
        return keras.Model(second, [layer(inner(second)), inner(layer(inner(second)))])

    return build


def nested(depth: int, kind: str) -> Callable[[Keras], Any]:
    """Return the function that builds a model in a model in a model, their layers named alike."""

    def build(keras: Keras) -> Any:
        model = None
        for level in range(depth):
            parts = [keras.layers.Dense(WIDTH, name="same", activation="tanh")]
            parts += [model] if model is not None else []
            if kind == "sequential" or (kind == "mixed" and level % 2):
                model = keras.Sequential([keras.Input((WIDTH,)), *parts], name=f"level_{level}")
                continue
            given = tensor = keras.Input((WIDTH,))
            for part in parts:
                tensor = part(tensor)
            model = keras.Model(given, tensor, name=f"level_{level}")
        return model

    return build


def nested_with_several(outputs: str) -> Callable[[Keras], Any]:
    """Return the function that builds a model around one with two inputs and outputs."""

    def build(keras: Keras) -> Any:
        inner = arranged("list", outputs)(keras)
        one, two = keras.Input((WIDTH,)), keras.Input((WIDTH,))
        first, second = leaves(inner([one, two])), leaves(inner([two, one]))
        return keras.Model([one, two], [first[-1], dense(keras, second[0])])

    return build


def leaves(structure: Any) -> list[Any]:
    """Return the tensors of nested lists and dicts."""
    if isinstance(structure, dict):
        structure = [structure[key] for key in sorted(structure)]
    if isinstance(structure, (list, tuple)):
        return [leaf for part in structure for leaf in leaves(part)]
    return [structure]


# --- Sizes, names, operations -----------------------------------------------------------------


def chain(length: int) -> Callable[[Keras], Any]:
    """Return the function that builds a model of many layers."""

    def build(keras: Keras) -> Any:
        given = tensor = keras.Input((WIDTH,))
        for index in range(length):
            tensor = dense(keras, tensor, trainable=index % 3 > 0)
            tensor = keras.layers.Add()([tensor, given]) if index % 10 == 9 else tensor
        return keras.Model(given, tensor)

    return build


def images(*, frozen: bool) -> Callable[[Keras], Any]:
    """Return the function that builds a network for images of any size."""

    def build(keras: Keras) -> Any:
        layers = keras.layers
        given = keras.Input((None, None, 3))
        tensor = layers.Conv2D(WIDTH, 3, padding="same", use_bias=False)(given)
        tensor = layers.ReLU(6.0)(layers.BatchNormalization()(tensor))
        tensor = layers.UpSampling2D()(layers.MaxPooling2D(padding="same")(tensor))
        model = keras.Model(given, layers.GlobalAveragePooling2D()(tensor))
        model.trainable = not frozen
        return model

    return build


def scalars(keras: Keras) -> Any:
    """Inputs that are one number each."""
    one, two = keras.Input(()), keras.Input(())
    total = keras.layers.Add()([one, two])
    return keras.Model([one, two], [total, keras.layers.Reshape((1,))(one)])


def fixed_batch(keras: Keras) -> Any:
    given = keras.Input((3, WIDTH), batch_size=2)
    return keras.Model(given, keras.layers.GRU(3, stateful=True)(given))


def without_weights(keras: Keras) -> Any:
    given = keras.Input((WIDTH,))
    return keras.Model(given, keras.layers.Activation("relu")(given))


def unused_branches(keras: Keras) -> Any:
    given = keras.Input((WIDTH,))
    used, unused = dense(keras, given), dense(keras, given)
    dense(keras, unused)
    sequence, state = keras.layers.GRU(3, return_sequences=True, return_state=True)(
        keras.layers.Reshape((2, 2))(used)
    )
    del sequence
    return keras.Model(given, state)


def not_in_training(keras: Keras) -> Any:
    """Calls that say ``training=False``."""
    given = keras.Input((WIDTH,))
    tensor = keras.layers.BatchNormalization()(dense(keras, given), training=False)
    return keras.Model(given, keras.layers.Dropout(0.5)(tensor, training=False))


def computed(keras: Keras) -> Any:
    """Operators between tensors, numbers and arrays."""
    given = keras.Input((3, WIDTH))
    tensor = (given * 2.0 + 1.0) / 3.0 - dense(keras, given)
    last = tensor[:, -1, :2]
    return keras.Model(given, [tensor**2.0, -last, abs(tensor)[:, 1:], 1.0 / (1.0 + last * last)])


def keras_operations(keras: Keras) -> Any:
    """Functions of ``keras.ops``."""
    ops, given = keras.ops, keras.Input((3, WIDTH))
    mean = ops.mean(given, axis=-1, keepdims=True)
    centred = given - mean
    deviation = ops.sqrt(ops.sum(ops.square(centred), axis=-1, keepdims=True) + 1e-3)
    mixed = ops.matmul(centred / deviation, ops.transpose(given, (0, 2, 1)))
    stacked = ops.stack([ops.softmax(mixed), ops.maximum(mixed, 0.1)], axis=1)
    parts = ops.split(ops.reshape(stacked, (-1, 6, 3)), 3, axis=1)
    return keras.Model(given, [parts[0], ops.concatenate(parts[1:], axis=-1)])


def named(*names: str) -> Callable[[Keras], Any]:
    """Return the function that builds a model whose layers have the names."""

    def build(keras: Keras) -> Any:
        given = tensor = keras.Input((WIDTH,))
        for name in names:
            tensor = dense(keras, tensor, name=name)
        inner = keras.Sequential(
            [keras.Input((WIDTH,)), keras.layers.Dense(2, name=names[0])], name=f"{names[-1]}_"
        )
        return keras.Model(given, inner(tensor), name=names[0])

    return build


def shapes() -> Iterator[Graph]:
    """Yield the named shapes."""
    for inputs, outputs in itertools.product(INPUTS, OUTPUTS):
        yield Graph(name=f"arranged-{inputs}-{outputs}", build=arranged(inputs, outputs))
    for arrange in ("single", "list", "swapped", "dict", "same_twice"):
        yield Graph(name=f"output_is_input-{arrange}", build=output_is_input(arrange))
    for kind, how in itertools.product(range(6), ("later_node", "chain", "nested")):
        yield Graph(name=f"shared-{kind}-{how}", build=called(kind, how))
    for depth, sort in itertools.product((2, 3, 4), ("sequential", "functional", "mixed")):
        yield Graph(name=f"nested-{depth}-{sort}", build=nested(depth, sort))
    for arrange in ("list", "dict", "same_twice", "nested"):
        yield Graph(name=f"nested_with_several-{arrange}", build=nested_with_several(arrange))
    for length in (1, 40, 310):
        yield Graph(name=f"chain-{length}", build=chain(length))
    for frozen in (False, True):
        yield Graph(name=f"images-{frozen}", build=images(frozen=frozen))
    for name in ODD_NAMES:
        yield Graph(name=f"named-{name}", build=named(name))
    yield Graph(name="named-slashes", build=named("a/b", "b/a/c"), dialects=BOTH[:1])
    yield Graph(name="named-all", build=named(*ODD_NAMES))
    for build in (
        *(scalars, fixed_batch, without_weights, unused_branches, not_in_training, computed),
    ):
        yield Graph(name=build.__name__, build=build)
    yield Graph(name="keras_operations", build=keras_operations, dialects=(KERAS3,))
