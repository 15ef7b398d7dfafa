"""Masks on their way through a model: TF.js hands them on otherwise than Keras.

Its executor never takes a mask back once a layer has had one
(``tfjs-layers/src/engine/executor.ts``), so a later layer may see a mask that Keras stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.parity.cases.case import Build, Case, Keras, layer
from tests.parity.cases.inputs import padded_sequences, padded_tokens

CASES: list[Case] = []
WORDS = 7


def case(**options: Any) -> Callable[[Build], Build]:
    """Put the decorated builder into the table, under its name."""

    def register(build: Build) -> Build:
        options.setdefault("inputs", padded_sequences())
        CASES.append(Case(id=f"mask-{getattr(build, '__name__', '')}", build=build, **options))
        return build

    return register


def lstm(keras: Keras, **arguments: Any) -> Any:
    return layer(keras, "LSTM", units=3, **arguments)


def words(keras: Keras, given: Any) -> Any:
    return layer(keras, "Embedding", input_dim=WORDS, output_dim=2, mask_zero=True)(given)


def chain(*between: tuple[str, dict[str, Any]]) -> Build:
    """Return the builder of Masking, the given layers, LSTM as a Sequential."""

    def build(keras: Keras) -> Any:
        layers = [keras.Input((5, 2)), layer(keras, "Masking")]
        layers += [layer(keras, name, **arguments) for name, arguments in between]
        return keras.Sequential([*layers, lstm(keras)])

    return build


HANDED_ON: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "tanh"},
    "AlphaDropout": {"rate": 0.2},
    "BatchNormalization": {},
    "Dense": {"units": 3},
    "Dropout": {"rate": 0.2},
    "ELU": {},
    "GaussianDropout": {"rate": 0.2},
    "GaussianNoise": {"stddev": 0.2},
    "LayerNormalization": {},
    "LeakyReLU": {},
    "PReLU": {},
    "ReLU": {},
    "SpatialDropout1D": {"rate": 0.2},
}
CASES += [
    Case(id=f"mask-through-{name}", build=chain((name, arguments)), inputs=padded_sequences())
    for name, arguments in HANDED_ON.items()
]
HANDED_ON_IN_KERAS3: dict[str, dict[str, Any]] = {
    "Identity": {},
    "Normalization": {"mean": 1.0, "variance": 2.0, "axis": None},
    "Rescaling": {"scale": 0.5},
}
"""Layers that hand the mask on in Keras 3 only."""
CASES += [
    Case(id=f"mask-at-{name}", build=chain((name, arguments)), inputs=padded_sequences())
    for name, arguments in HANDED_ON_IN_KERAS3.items()
]
CASES += [
    Case(
        id="mask-through-three",
        build=chain(("Dense", {"units": 4}), ("LeakyReLU", {}), ("Dropout", {"rate": 0.1})),
        inputs=padded_sequences(),
    ),
]


@case()
def functional(keras: Keras) -> Any:
    given = keras.Input((5, 2))
    return keras.Model(given, lstm(keras)(layer(keras, "Masking")(given)))


@case(inputs=padded_tokens(WORDS))
def text_classifier(keras: Keras) -> Any:
    given = keras.Input((6,), dtype="int32")
    sequence = lstm(keras, return_sequences=True)(words(keras, given))
    hidden = layer(keras, "Dropout", rate=0.3)(lstm(keras)(sequence))
    return keras.Model(given, layer(keras, "Dense", units=2, activation="softmax")(hidden))


@case(inputs=padded_tokens(WORDS))
def token_tagger(keras: Keras) -> Any:
    layers = [
        keras.Input((6,), dtype="int32"),
        layer(keras, "Embedding", input_dim=WORDS, output_dim=2, mask_zero=True),
        lstm(keras, return_sequences=True),
        layer(keras, "TimeDistributed", layer=layer(keras, "Dense", units=2)),
    ]
    return keras.Sequential(layers)


@case()
def enters_nested_model(keras: Keras) -> Any:
    inner = keras.Sequential(
        [keras.Input((5, 2)), lstm(keras, return_sequences=True), lstm(keras)], name="inner"
    )
    return keras.Sequential([keras.Input((5, 2)), layer(keras, "Masking"), inner])


@case()
def made_in_nested_model(keras: Keras) -> Any:
    inner = keras.Sequential(
        [keras.Input((5, 2)), layer(keras, "Masking"), lstm(keras)], name="inner"
    )
    return keras.Sequential([keras.Input((5, 2)), inner, layer(keras, "Dense", units=2)])


@case()
def of_the_output(keras: Keras) -> Any:
    layers = [keras.Input((5, 2)), layer(keras, "Masking"), layer(keras, "Dense", units=2)]
    return keras.Sequential(layers)


@case()
def dropped_by_pooling(keras: Keras) -> Any:
    layers = [keras.Input((5, 2)), layer(keras, "Masking"), layer(keras, "GlobalMaxPooling1D")]
    return keras.Sequential(layers)


@case()
def dropped_by_flatten(keras: Keras) -> Any:
    layers = [keras.Input((5, 2)), layer(keras, "Masking"), layer(keras, "Flatten")]
    return keras.Sequential([*layers, layer(keras, "Dense", units=2)])


@case()
def unmasked_branch_last(keras: Keras) -> Any:
    masked, plain = keras.Input((5, 2), name="a"), keras.Input((5, 2), name="b")
    outputs = [lstm(keras)(layer(keras, "Masking")(masked)), lstm(keras)(plain)]
    return keras.Model([masked, plain], layer(keras, "Concatenate")(outputs))


@case()
def one_input_two_branches(keras: Keras) -> Any:
    given = keras.Input((5, 2))
    outputs = [lstm(keras)(layer(keras, "Masking")(given)), lstm(keras)(given)]
    return keras.Model(given, layer(keras, "Concatenate")(outputs))


@case()
def bidirectional(keras: Keras) -> Any:
    wrapper = layer(keras, "Bidirectional", layer=lstm(keras))
    return keras.Sequential([keras.Input((5, 2)), layer(keras, "Masking"), wrapper])


@case()
def stateful(keras: Keras) -> Any:
    given = keras.Input((5, 2), batch_size=2)
    return keras.Sequential([given, layer(keras, "Masking"), lstm(keras, stateful=True)])


@case()
def of_stacked_cells(keras: Keras) -> Any:
    cells = [layer(keras, "LSTMCell", units=3), layer(keras, "SimpleRNNCell", units=2)]
    layers = [keras.Input((5, 2)), layer(keras, "Masking"), keras.layers.RNN(cells)]
    return keras.Sequential(layers)
