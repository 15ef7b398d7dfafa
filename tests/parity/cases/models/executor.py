"""What happens between layers in TF.js: states, and arguments that calls share.

Inside of a nested model all calls get one object of arguments, which keeps masks and initial
states; a layer runs once for each of its outputs (``tfjs-layers/src/engine/executor.ts``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.parity.cases.case import KERAS3, Build, Case, Keras, layer
from tests.parity.cases.inputs import InputMaker, numbers, padded_sequences

CASES: list[Case] = []


def case(inputs: InputMaker = numbers) -> Callable[[Build], Build]:
    """Put the decorated builder into the table, under its name."""

    def register(build: Build) -> Build:
        identifier = f"executor-{getattr(build, '__name__', '')}"
        CASES.append(Case(id=identifier, build=build, inputs=inputs, dialects=(KERAS3,)))
        return build

    return register


def lstm(keras: Keras, name: str, **arguments: Any) -> Any:
    return layer(keras, "LSTM", units=3, name=name, **arguments)


def encoder_decoder(keras: Keras, *after: Any) -> Any:
    """Return a model whose decoder starts where its encoder ends, and further layers."""
    source, target = keras.Input((4, 2)), keras.Input((3, 2))
    _, *states = lstm(keras, "encoder", return_state=True)(source)
    flow = lstm(keras, "decoder", return_sequences=True)(target, initial_state=states)
    for further in after:
        flow = further(flow)
    return keras.Model([source, target], flow, name="inner")


def nested(keras: Keras, inner: Any) -> Any:
    inputs = [keras.Input(tuple(tensor.shape[1:])) for tensor in inner.inputs]
    outputs = inner(inputs if len(inputs) > 1 else inputs[0])
    return keras.Model(inputs, outputs, name="m")


# --- Initial states ---------------------------------------------------------------------------


@case()
def recurrence_after_a_decoder(keras: Keras) -> Any:
    return encoder_decoder(keras, lstm(keras, "late"))


@case()
def both_directions_after_a_decoder(keras: Keras) -> Any:
    return encoder_decoder(keras, keras.layers.Bidirectional(lstm(keras, "late")))


@case()
def encoder_and_decoder_in_a_nested_model(keras: Keras) -> Any:
    return nested(keras, encoder_decoder(keras))


@case()
def nested_encoder_and_decoder_called_twice(keras: Keras) -> Any:
    inner = encoder_decoder(keras)
    source, target = keras.Input((4, 2)), keras.Input((3, 2))
    other = layer(keras, "Dense", units=2)(target)
    return keras.Model([source, target], [inner([source, target]), inner([source, other])])


@case()
def one_step_of_a_decoder(keras: Keras) -> Any:
    step, *states = keras.Input((1, 2)), keras.Input((3,)), keras.Input((3,))
    options = {"return_sequences": True, "return_state": True}
    output, *after = lstm(keras, "decoder", **options)(step, initial_state=states)
    return keras.Model([step, *states], [layer(keras, "Dense", units=2)(output), *after])


@case()
def with_and_without_initial_state(keras: Keras) -> Any:
    given, *states = keras.Input((4, 2)), keras.Input((3,)), keras.Input((3,))
    shared = lstm(keras, "shared")
    outputs = [shared(given), shared(given, initial_state=states)]
    return keras.Model([given, *states], outputs)


@case()
def recurrence_after_a_nested_decoder(keras: Keras) -> Any:
    return nested(keras, encoder_decoder(keras, lstm(keras, "late")))


@case()
def both_directions_after_a_nested_decoder(keras: Keras) -> Any:
    both = keras.layers.Bidirectional(lstm(keras, "directions"), name="late")
    return nested(keras, encoder_decoder(keras, both))


@case()
def nested_decoder_with_states(keras: Keras) -> Any:
    """In a nested model, its three outputs would run it three times with one initial state."""
    given, *states = keras.Input((4, 2)), keras.Input((3,)), keras.Input((3,))
    outputs = lstm(keras, "step", return_state=True)(given, initial_state=states)
    return nested(keras, keras.Model([given, *states], outputs, name="inner"))


@case()
def decoder_at_each_step(keras: Keras) -> Any:
    given = keras.Input((4, 2))
    _, *states = lstm(keras, "encoder", return_state=True)(given)
    inner = keras.Model(given, lstm(keras, "decoder")(given, initial_state=states), name="inner")
    steps = keras.Input((3, 4, 2))
    return keras.Model(steps, keras.layers.TimeDistributed(inner, name="steps")(steps), name="m")


@case()
def initial_state_of_stacked_cells(keras: Keras) -> Any:
    """TF.js takes the states of the last cell first."""
    given, *states = keras.Input((4, 2)), keras.Input((3,)), keras.Input((3,))
    cells = [layer(keras, "SimpleRNNCell", units=3) for _ in range(2)]
    stack = keras.layers.RNN(cells, name="stack")
    return keras.Model([given, *states], stack(given, initial_state=states), name="m")


@case()
def initial_state_of_images(keras: Keras) -> Any:
    options = {"filters": 2, "kernel_size": 2, "padding": "same"}
    given = keras.Input((3, 5, 5, 1))
    _, *states = layer(keras, "ConvLSTM2D", return_state=True, **options)(given)
    decoder = layer(keras, "ConvLSTM2D", name="decoder", **options)
    return keras.Model(given, decoder(given, initial_state=states), name="m")


# --- Stateful layers --------------------------------------------------------------------------


@case()
def stateful_layer_in_a_nested_model(keras: Keras) -> Any:
    inner = keras.Input((4, 2), batch_size=2)
    model = keras.Model(inner, lstm(keras, "inner", stateful=True)(inner), name="inner")
    given = keras.Input((4, 2), batch_size=2)
    return keras.Model(given, layer(keras, "Dense", units=2)(model(given)))


@case()
def states_of_a_stateful_layer(keras: Keras) -> Any:
    given = keras.Input((4, 2), batch_size=2)
    outputs = lstm(keras, "it", stateful=True, return_state=True)(given)
    return keras.Model(given, outputs, name="m")


@case()
def stateful_layer_called_twice(keras: Keras) -> Any:
    left, right_ = keras.Input((4, 2), batch_size=2), keras.Input((4, 2), batch_size=2)
    shared = lstm(keras, "it", stateful=True)
    return keras.Model([left, right_], [shared(left), shared(right_)], name="m")


@case()
def stateful_layer_called_twice_with_one_input(keras: Keras) -> Any:
    given = keras.Input((4, 2), batch_size=2)
    shared = lstm(keras, "it", stateful=True, return_state=True)
    return keras.Model(given, [*shared(given), *shared(given)], name="m")


@case()
def stateful_layer_in_a_nested_model_called_twice(keras: Keras) -> Any:
    inside = keras.Input((4, 2), batch_size=2)
    inner = keras.Model(inside, lstm(keras, "it", stateful=True)(inside), name="inner")
    given = keras.Input((4, 2), batch_size=2)
    return keras.Model(given, [inner(given), inner(given)], name="m")


@case()
def stateful_layer_with_initial_state(keras: Keras) -> Any:
    given, *states = (keras.Input(shape, batch_size=2) for shape in ((4, 2), (3,), (3,)))
    output = lstm(keras, "it", stateful=True)(given, initial_state=states)
    return keras.Model([given, *states], output, name="m")


# --- Outputs that are one tensor ----------------------------------------------------------------


@case()
def output_and_state_used_apart(keras: Keras) -> Any:
    given = keras.Input((4, 2))
    outputs = lstm(keras, "it", return_state=True)(given)
    return keras.Model(given, [layer(keras, "Dense", units=2)(one) for one in outputs], name="m")


@case()
def outputs_and_states_of_both_directions_used_apart(keras: Keras) -> Any:
    given = keras.Input((4, 2))
    inner = lstm(keras, "inner", return_state=True)
    outputs = layer(keras, "Bidirectional", layer=inner, merge_mode=None)(given)
    return keras.Model(given, [layer(keras, "Dense", units=2)(one) for one in outputs], name="m")


@case()
def output_and_state_returned(keras: Keras) -> Any:
    given = keras.Input((4, 2))
    return keras.Model(given, lstm(keras, "it", return_state=True)(given), name="m")


# --- Masks ------------------------------------------------------------------------------------


@case(padded_sequences())
def mask_within_a_nested_model(keras: Keras) -> Any:
    given = keras.Input((5, 2))
    recurrent = lstm(keras, "inner")(layer(keras, "Masking")(given))
    inner = keras.Model(given, layer(keras, "Dense", units=2)(recurrent), name="inner")
    return nested(keras, inner)


@case()
def recurrences_at_each_step(keras: Keras) -> Any:
    given = keras.Input((4, 2))
    flow = lstm(keras, "second")(lstm(keras, "first", return_sequences=True)(given))
    steps = keras.Input((3, 4, 2))
    inner = keras.Model(given, flow, name="inner")
    return keras.Model(steps, keras.layers.TimeDistributed(inner)(steps))


@case(padded_sequences())
def mask_left_by_a_model_in_a_nested_model(keras: Keras) -> Any:
    layers = [keras.Input((4, 2)), layer(keras, "Masking"), lstm(keras, "early")]
    innermost = keras.Sequential([*layers, layer(keras, "RepeatVector", n=4)], name="innermost")
    middle = [keras.Input((4, 2)), innermost, lstm(keras, "late")]
    return keras.Sequential(
        [keras.Input((4, 2)), keras.Sequential(middle, name="middle")], name="m"
    )


@case(padded_sequences())
def mask_left_by_the_step_before(keras: Keras) -> Any:
    given = keras.Input((4, 2))
    repeated = layer(keras, "RepeatVector", n=4)(lstm(keras, "early")(given))
    late = lstm(keras, "late")(layer(keras, "Masking")(repeated))
    steps = keras.Input((3, 4, 2))
    inner = keras.Model(given, late, name="inner")
    return keras.Model(steps, keras.layers.TimeDistributed(inner, name="steps")(steps), name="m")


@case(padded_sequences())
def mask_of_the_second_call(keras: Keras) -> Any:
    given = keras.Input((4, 2))
    average = layer(keras, "GlobalAveragePooling1D", name="average")
    masked = layer(keras, "Masking")(given)
    return keras.Model(given, [average(given), average(masked)], name="m")
