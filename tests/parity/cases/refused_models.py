"""Whole models that must be refused: wrappers, masks, calls, Python code, operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .case import BOTH, KERAS2, KERAS3, Build, Keras, Made, RefusedCase, layer, made
from .refused_layers import (
    ACTIVATION,
    ARGUMENT,
    CALL,
    CUSTOM,
    IMAGE,
    INPUT,
    LAYER,
    MASK,
    ROW,
    SERIES,
)

WEIGHTS = "weights-do-not-fit"
"""Arguments that bring weights of their own are noticed there too."""

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


@model(("m/normalize", LAYER))
def normalization(keras: Keras) -> Any:
    normalize = layer(keras, "Normalization", mean=[1.0] * 4, variance=[2.0] * 4, name="normalize")
    return keras.Sequential([keras.Input(ROW), normalize], name="m")


@model(("m/subtract", LAYER))
def subtract(keras: Keras) -> Any:
    left, right = keras.Input(ROW), keras.Input(ROW)
    return keras.Model(
        [left, right], layer(keras, "Subtract", name="subtract")([left, right]), name="m"
    )


# --- Wrappers and cells -----------------------------------------------------------------------


@model(("m/steps/conv", ARGUMENT))
def argument_inside_a_wrapper(keras: Keras) -> Any:
    inner = layer(keras, "DepthwiseConv2D", kernel_size=2, dilation_rate=2, name="conv")
    given = keras.Input((2, *IMAGE))
    steps = keras.layers.TimeDistributed(inner, name="steps")
    return keras.Model(given, steps(given), name="m")


@model(("m/steps/up", LAYER))
def unknown_layer_inside_a_wrapper(keras: Keras) -> Any:
    inner = layer(keras, "UpSampling1D", name="up")
    given = keras.Input((3, 5, 2))
    return keras.Model(given, keras.layers.TimeDistributed(inner, name="steps")(given), name="m")


# --- Masks ------------------------------------------------------------------------------------


@model(("m/average", MASK))
def masked_average(keras: Keras) -> Any:
    layers = [
        keras.Input((5,), dtype="int32"),
        layer(keras, "Embedding", input_dim=6, output_dim=3, mask_zero=True),
        layer(keras, "GlobalAveragePooling1D", name="average"),
    ]
    return keras.Sequential(layers, name="m")


def _then_recurrence(*stopping: Made) -> Build:
    """Return Masking, layers at which Keras stops the mask, and a layer that must not see it."""

    def build(keras: Keras) -> Any:
        layers = [keras.Input(SERIES), layer(keras, "Masking")]
        layers += [item.make(keras) for item in stopping]
        return keras.Sequential([*layers, layer(keras, "LSTM", units=3, name="late")], name="m")

    return build


model(("m/late", MASK), name="mask_stopped_by_convolution")(
    _then_recurrence(made("layers.Conv1D", filters=2, kernel_size=2, padding="same"))
)
# The usual autoencoder of sequences: its decoder must not see the encoder's mask.
model(("m/late", MASK), name="mask_stopped_by_recurrence")(
    _then_recurrence(made("layers.LSTM", units=3), made("layers.RepeatVector", n=5))
)
model(("m/late", MASK), name="mask_stopped_by_recurrence_other_length")(
    _then_recurrence(made("layers.LSTM", units=3), made("layers.RepeatVector", n=3))
)


@model(("m/plain", MASK))
def unmasked_branch_beside_a_masked_one(keras: Keras) -> Any:
    masked, plain = keras.Input(SERIES, name="a"), keras.Input(SERIES, name="b")
    outputs = [
        layer(keras, "LSTM", units=3, name="plain")(plain),
        layer(keras, "LSTM", units=3)(layer(keras, "Masking")(masked)),
    ]
    return keras.Model([masked, plain], layer(keras, "Concatenate")(outputs), name="m")


@model(("m/soft", MASK))
def softmax_after_masked_recurrence(keras: Keras) -> Any:
    layers = [
        keras.Input(SERIES),
        layer(keras, "Masking"),
        layer(keras, "LSTM", units=3),
        layer(keras, "Softmax", name="soft"),
    ]
    return keras.Sequential(layers, name="m")


def _merged(class_name: str, *, both_masked: bool) -> Build:
    """Return a merge of masked sequences: TF.js gives the merged mask a wrong shape."""

    def build(keras: Keras) -> Any:
        inputs = [keras.Input(SERIES), keras.Input(SERIES)]
        parts = [layer(keras, "Masking")(inputs[0]), inputs[1]]
        if both_masked:
            parts[1] = layer(keras, "Masking")(inputs[1])
        merged = layer(keras, class_name, name="merge")(parts)
        return keras.Model(inputs, layer(keras, "LSTM", units=3, name="late")(merged), name="m")

    return build


for _name in ("Add", "Multiply", "Concatenate"):
    for _both in (True, False):
        model(("m/late", MASK), name=f"mask-{_name}-both_masked_{_both}")(
            _merged(_name, both_masked=_both)
        )


# --- Calls ------------------------------------------------------------------------------------


@model(("m/lstm", MASK))
def called_with_a_mask(keras: Keras) -> Any:
    given, mask = keras.Input(SERIES), keras.Input((5,), dtype="bool")
    output = layer(keras, "LSTM", units=2, name="lstm")(given, mask=mask)
    return keras.Model([given, mask], output, name="m")


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


# --- Operators on tensors -----------------------------------------------------------------------


@model(("m/add", LAYER), dialects=(KERAS3,))
def sum_of_tensors(keras: Keras) -> Any:
    left, right = keras.Input(ROW), keras.Input(ROW)
    return keras.Model([left, right], left + right, name="m")


@model(("m/multiply", LAYER), dialects=(KERAS3,))
def tensor_times_number(keras: Keras) -> Any:
    given = keras.Input(ROW)
    return keras.Model(given, given * 2.0, name="m")


@model(("m/tf.math.multiply", LAYER), dialects=(KERAS2,))
def tensor_times_number_keras2(keras: Keras) -> Any:
    given = keras.Input(ROW)
    return keras.Model(given, given * 2.0, name="m")


@model(("m/mean", LAYER), dialects=(KERAS3,))
def mean_of_tensor(keras: Keras) -> Any:
    given = keras.Input(ROW)
    return keras.Model(given, keras.ops.mean(given, axis=1, keepdims=True), name="m")


@model(("m/get_item", LAYER), dialects=(KERAS3,))
def slice_of_tensor(keras: Keras) -> Any:
    given = keras.Input(ROW)
    return keras.Model(given, given[:, 1:], name="m")


# --- All at once ----------------------------------------------------------------------------------


@model(
    ("m/block/gru", ARGUMENT),
    ("m/block/inner/slope", ARGUMENT),
    ("m/act", ACTIVATION),
    ("m/soft", ARGUMENT),
)
def many_problems_in_nested_models(keras: Keras) -> Any:
    inner = keras.Sequential(
        [keras.Input((3,)), layer(keras, "ReLU", negative_slope=0.2, name="slope")], name="inner"
    )
    layers = [keras.Input(SERIES), layer(keras, "GRU", units=3, name="gru"), inner]
    block = keras.Sequential(layers, name="block")
    given = keras.Input(SERIES)
    flow = layer(keras, "RepeatVector", n=4)(block(given))
    flow = layer(keras, "Activation", activation="exponential", name="act")(flow)
    return keras.Model(given, layer(keras, "Softmax", axis=1, name="soft")(flow), name="m")


@model(("m/a", LAYER), ("m/b", LAYER), ("m/double", CUSTOM))
def many_unknown_layers(keras: Keras) -> Any:
    layers = [
        keras.Input(SERIES),
        layer(keras, "UpSampling1D", name="a"),
        layer(keras, "Cropping1D", name="b"),
        keras.layers.Lambda(lambda x: x + 1, name="double", output_shape=(8, 3)),
    ]
    return keras.Sequential(layers, name="m")


# --- Further shapes of graphs -------------------------------------------------------------------


@model(("m", "unsupported-graph"))
def same_output_twice(keras: Keras) -> Any:
    given = keras.Input(ROW)
    output = layer(keras, "Dense", units=2)(given)
    return keras.Model(given, [output, output], name="m")


@model(("m/add", "unsupported-graph"), dialects=(KERAS3,))
def constant_in_a_call(keras: Keras) -> Any:
    given = keras.Input(ROW)
    constant = keras.ops.ones((1, 4)) if hasattr(keras, "ops") else keras.backend.ones((1, 4))
    return keras.Model(given, layer(keras, "Add", name="add")([given, constant]), name="m")


@model(("m/join", CALL), dialects=(KERAS2,))
def concatenation_of_one(keras: Keras) -> Any:
    given = keras.Input(ROW)
    return keras.Model(given, layer(keras, "Concatenate", name="join")([given]), name="m")


@model(("m/given", ARGUMENT), hints=("dense",), dialects=(KERAS2,))
def sparse_input(keras: Keras) -> Any:
    given = keras.Input(ROW, sparse=True, name="given")
    return keras.Model(given, layer(keras, "Dense", units=2)(given), name="m")


@model(("m/it", ARGUMENT), ("m/it", WEIGHTS), dialects=(KERAS2,))
def renormalization(keras: Keras) -> Any:
    layers = [keras.Input(ROW), layer(keras, "BatchNormalization", renorm=True, name="it")]
    return keras.Sequential(layers, name="m")


@model(("m/it", ACTIVATION), dialects=(KERAS2,))
def layer_as_an_activation(keras: Keras) -> Any:
    slope = keras.layers.LeakyReLU(0.2)
    layers = [keras.Input(ROW), layer(keras, "Dense", units=2, activation=slope, name="it")]
    return keras.Sequential(layers, name="m")


@model(("m/steps/double", CUSTOM))
def lambda_at_each_step(keras: Keras) -> Any:
    double = keras.layers.Lambda(lambda x: x * 2, name="double", output_shape=(3,))
    given = keras.Input(SERIES)
    return keras.Model(given, keras.layers.TimeDistributed(double, name="steps")(given), name="m")


@model(("m/soft", "unsupported-layer"), ("m/join", "unsupported-layer"), dialects=(KERAS3,))
def operations_named_as_layers(keras: Keras) -> Any:
    """``keras.ops`` have classes called like layers, with other arguments."""
    left, right = keras.Input(SERIES), keras.Input(SERIES)
    joined = keras.src.ops.numpy.Concatenate(axis=1, name="join")([left, right])
    softened = keras.src.ops.nn.Softmax(axis=1, name="soft")(joined)
    return keras.Model([left, right], softened, name="m")


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


# --- Inputs that TF.js cannot predict from ------------------------------------------------------


def _of_shape(shape: tuple[int, ...]) -> Build:
    def build(keras: Keras) -> Any:
        given = keras.Input(shape, name="given")
        return keras.Model(given, layer(keras, "Activation", activation="tanh")(given), name="m")

    return build


for _shape in ((), (1, 1, 1, 1, 1, 2)):
    model(("m/given", INPUT), dialects=(KERAS3,), name=f"input_of_{len(_shape) + 1}_axes")(
        _of_shape(_shape)
    )
