"""TimeDistributed."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.parity.cases.case import KERAS2, Case, Keras, Made, each, layer, layer_cases, made
from tests.parity.cases.inputs import Array, padded_sequences
from tests.parity.cases.wrapped import SEQUENCE, UNITS, cells, sequences

# --- What TensorFlow.js has --------------------------------------------------------------------


def time_distributed_model(keras: Keras) -> Any:
    image = keras.Input((4, 4, 1))
    features = layer(keras, "Flatten")(layer(keras, "Conv2D", filters=2, kernel_size=2)(image))
    inner = keras.Model(image, layer(keras, "Dense", units=3)(features), name="per_frame")
    frames = keras.Input((3, 4, 4, 1))
    return keras.Model(frames, keras.layers.TimeDistributed(inner)(frames))


def time_distributed_sequential(keras: Keras) -> Any:
    inner = keras.Sequential(
        [keras.Input((4,)), layer(keras, "Dense", units=3), layer(keras, "BatchNormalization")]
    )
    steps = keras.Input((3, 4))
    return keras.Model(steps, keras.layers.TimeDistributed(inner)(steps))


def time_distributed_over_sequences(keras: Keras) -> Any:
    layers = [
        keras.Input((3, 2)),
        layer(keras, "LSTM", units=3, return_sequences=True),
        layer(keras, "TimeDistributed", layer=made("layers.Dense", units=2, activation="softmax")),
    ]
    return keras.Sequential(layers)


EACH_STEP: dict[tuple[int, ...], list[Any]] = {
    (3, 4): [
        made("layers.Dense", units=2),
        made("layers.Dense", units=2, use_bias=False, activation="relu", name="inner"),
        made("layers.Activation", activation="softmax"),
        made("layers.Dropout", rate=0.5),
        made("layers.BatchNormalization"),
    ],
    (2, 5, 4, 2): [
        made("layers.Conv2D", filters=3, kernel_size=3, padding="same"),
        made("layers.MaxPooling2D", pool_size=2),
        made("layers.Flatten"),
        made("layers.GlobalAveragePooling2D"),
    ],
    (2, 3, 4): [sequences("LSTM"), made("layers.Bidirectional", layer=sequences("LSTM"))],
}


# --- What it lacks, or gets wrong ---------------------------------------------------------------


def padded_documents(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return documents of sentences of words: zeros end each sentence, and each document."""
    documents = random.integers(1, 6, shape)
    for index, document in enumerate(documents):
        document[len(document) - index :] = 0
        for number, sentence in enumerate(document):
            sentence[len(sentence) - number % 3 - index :] = 0
    return documents.astype(dtype)


def hierarchy(inner: Made, *, outer: str = "LSTM") -> Any:
    """Return the builder of a model that reads words, then sentences."""

    def build(keras: Keras) -> Any:
        given = keras.Input((3, 4), dtype="int32")
        words = layer(keras, "Embedding", input_dim=6, output_dim=2, mask_zero=True)(given)
        sentences = layer(keras, "TimeDistributed", layer=inner)(words)
        return keras.Model(given, layer(keras, outer, **UNITS)(sentences))

    return build


def masked_steps(inner: Made) -> Any:
    """Return the builder of a model with a mask over the steps of each step."""

    def build(keras: Keras) -> Any:
        given = keras.Input((5, 3, 2))
        flow = layer(keras, "Masking")(given)
        return keras.Model(given, layer(keras, "TimeDistributed", layer=inner)(flow))

    return build


def masked_dense(keras: Keras) -> Any:
    """The mask passes the wrapper, and the layer inside ignores it."""
    layers = [
        keras.Input((5, 2)),
        layer(keras, "Masking"),
        layer(keras, "TimeDistributed", layer=made("layers.Dense", units=3, activation="relu")),
        layer(keras, "GRU", **UNITS),
    ]
    return keras.Sequential(layers)


def two_lengths(keras: Keras) -> Any:
    shared = layer(keras, "TimeDistributed", layer=made("layers.Dense", units=2))
    inputs = [keras.Input((3, 4)), keras.Input((5, 4))]
    return keras.Model(inputs, [shared(given) for given in inputs])


def several_inputs(keras: Keras) -> Any:
    left, right = keras.Input((3, 4)), keras.Input((3, 4))
    joined = layer(keras, "TimeDistributed", layer=made("layers.Concatenate"))([left, right])
    return keras.Model([left, right], joined)


def model_of_two_inputs(keras: Keras) -> Any:
    one, other = keras.Input((4,)), keras.Input((2,))
    parts = [layer(keras, "Dense", units=3)(one), layer(keras, "Dense", units=3)(other)]
    inner = keras.Model([one, other], layer(keras, "Add")(parts))
    left, right = keras.Input((3, 4)), keras.Input((3, 2))
    return keras.Model([left, right], keras.layers.TimeDistributed(inner)([left, right]))


def stateful_step(inner: Made) -> Any:
    def build(keras: Keras) -> Any:
        given = keras.Input((3, 4, 2), batch_size=2)
        return keras.Model(given, layer(keras, "TimeDistributed", layer=inner)(given))

    return build


def decoder_at_each_step(keras: Keras) -> Any:
    given = keras.Input(SEQUENCE)
    _, *states = layer(keras, "LSTM", return_state=True, **UNITS)(given)
    inner = keras.Model(given, layer(keras, "LSTM", **UNITS)(given, initial_state=states))
    steps = keras.Input((3, *SEQUENCE))
    return keras.Model(steps, keras.layers.TimeDistributed(inner)(steps))


RECURRENT: dict[str, Made] = {
    "GRU": sequences("GRU"),
    "GRU-sequences": sequences("GRU", return_sequences=True),
    "Bidirectional": made("layers.Bidirectional", layer=sequences("GRU")),
    "RNN": cells("LSTM", "GRU"),
    "ConvLSTM1D": made("layers.ConvLSTM1D", filters=2, kernel_size=1),
}

CASES = [
    *(
        case
        for shape, inner in EACH_STEP.items()
        for case in layer_cases("TimeDistributed", shape, each(layer=inner))
    ),
    Case(id="TimeDistributed-functional", build=time_distributed_model),
    Case(id="TimeDistributed-sequential", build=time_distributed_sequential),
    Case(id="TimeDistributed-after-LSTM", build=time_distributed_over_sequences),
    *(
        case
        for name, inner in RECURRENT.items()
        for case in layer_cases(
            "TimeDistributed",
            (3, 4, 2) if name != "ConvLSTM1D" else (2, 3, 4, 2),
            [{"layer": inner}],
            label=name,
        )
    ),
    *(
        Case(
            id=f"TimeDistributed.hierarchy-{name}", build=hierarchy(inner), inputs=padded_documents
        )
        for name, inner in RECURRENT.items()
        if name in ("GRU", "Bidirectional", "RNN")
    ),
    *(
        Case(
            id=f"TimeDistributed.masked-{name}",
            build=masked_steps(inner),
            inputs=padded_sequences(),
        )
        for name, inner in {
            "LSTM": sequences("LSTM"),
            "GRU": sequences("GRU", return_sequences=True),
            "average": made("layers.GlobalAveragePooling1D"),
        }.items()
    ),
    Case(id="TimeDistributed.masked-Dense", build=masked_dense, inputs=padded_sequences()),
    Case(id="TimeDistributed.two-lengths", build=two_lengths),
    Case(id="TimeDistributed.several-inputs", build=several_inputs, dialects=(KERAS2,)),
    Case(id="TimeDistributed.model-of-two-inputs", build=model_of_two_inputs, dialects=(KERAS2,)),
    *(
        Case(id=f"TimeDistributed.stateful-{name}", build=stateful_step(inner))
        for name, inner in {
            "LSTM": sequences("LSTM", stateful=True),
            "GRU": sequences("GRU", stateful=True, return_sequences=True),
        }.items()
    ),
    Case(id="TimeDistributed.decoder", build=decoder_at_each_step),
]
