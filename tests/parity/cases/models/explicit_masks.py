"""Masks that TensorFlow.js would lose or mix up: the graph computes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.parity.cases.case import BOTH, KERAS3, Build, Case, Keras, layer
from tests.parity.cases.inputs import Array, numbers, padded_sequences, padded_tokens

TOKENS = 7


def _embedded(keras: Keras, masked: bool = True) -> tuple[Any, Any]:
    tokens = keras.Input((5,))
    return tokens, layer(keras, "Embedding", input_dim=TOKENS, output_dim=4, mask_zero=masked)(
        tokens
    )


def _attention(class_name: str, query: bool, value: bool, **arguments: Any) -> Build:
    def build(keras: Keras) -> Any:
        (left, query_), (right, value_) = _embedded(keras, query), _embedded(keras, value)
        attention = layer(keras, class_name, **arguments)
        several = (query_, value_) if class_name == "MultiHeadAttention" else ([query_, value_],)
        return keras.Model([left, right], attention(*several))

    return build


def _self_attention(keras: Keras) -> Any:
    tokens, embedded = _embedded(keras)
    attended = layer(keras, "MultiHeadAttention", num_heads=2, key_dim=3)(embedded, embedded)
    summed = layer(keras, "Add")([attended, embedded])
    return keras.Model(tokens, layer(keras, "LayerNormalization")(summed))


def _scores_of_attention(keras: Keras) -> Any:
    tokens, embedded = _embedded(keras)
    attention = layer(keras, "MultiHeadAttention", num_heads=2, key_dim=3)
    return keras.Model(tokens, attention(embedded, embedded, return_attention_scores=True))


def _mask_into_a_model(keras: Keras) -> Any:
    given = keras.Input((5, 4))
    inner = keras.Model(given, layer(keras, "GRU", units=3)(given))
    tokens, embedded = _embedded(keras)
    return keras.Model(tokens, inner(embedded))


def _mask_out_of_a_model(keras: Keras) -> Any:
    inner = keras.Model(*_embedded(keras))
    tokens = keras.Input((5,))
    return keras.Model(tokens, layer(keras, "LSTM", units=3)(inner(tokens)))


def _mask_through_lowered_layers(keras: Keras) -> Any:
    tokens, embedded = _embedded(keras)
    active = layer(keras, "Activation", activation="hard_swish")(embedded)
    return keras.Model(tokens, layer(keras, "LSTM", units=3)(active))


def _both_directions(keras: Keras) -> Any:
    both = layer(keras, "Bidirectional", layer=layer(keras, "LSTM", units=3, return_sequences=True))
    return keras.Sequential(
        [
            keras.Input((5,)),
            layer(keras, "Embedding", input_dim=TOKENS, output_dim=4, mask_zero=True),
            both,
            layer(keras, "GlobalAveragePooling1D"),
            layer(keras, "Dense", units=2),
        ]
    )


def _masked_and_not(keras: Keras) -> Any:
    given = keras.Input((5, 2))
    average = layer(keras, "GlobalAveragePooling1D")
    masked = layer(keras, "Masking")(given)
    return keras.Model(given, [average(given), average(masked)])


def _averaged(*, by_position: bool) -> Build:
    """Return the builder of a mean of the steps that a second input marks."""

    def build(keras: Keras) -> Any:
        given, mask = keras.Input((5, 2)), keras.Input((5,), dtype="bool")
        average = layer(keras, "GlobalAveragePooling1D")
        found = average(given, mask) if by_position else average(given, mask=mask)
        return keras.Model([given, mask], found)

    return build


def _named_first_arguments(keras: Keras) -> Any:
    given = keras.Input((5, 2))
    dense = layer(keras, "Dense", units=3, activation="relu")(inputs=given)
    recurrent = layer(keras, "LSTM", units=3, return_sequences=True)(sequences=dense)
    attend = layer(keras, "MultiHeadAttention", num_heads=2, key_dim=3)
    attended = attend(value=recurrent, query=dense)
    scaled = layer(keras, "RMSNormalization")(x=attended)
    return keras.Model(given, layer(keras, "Add")(inputs=[scaled, recurrent]))


def _states_by_position(keras: Keras) -> Any:
    given, state = keras.Input((5, 2)), keras.Input((3,))
    mask = keras.Input((5,), dtype="bool")
    recurrent = layer(keras, "GRU", units=3)
    return keras.Model([given, state, mask], recurrent(given, state, mask))


def _joined_in_time(keras: Keras) -> Any:
    (left, one), (right, other) = _embedded(keras), _embedded(keras)
    joined = layer(keras, "Concatenate", axis=1)([one, other])
    return keras.Model([left, right], layer(keras, "LSTM", units=3)(joined))


def _merged(class_name: str, *masked: bool, width: int = 4) -> Build:
    """Return the builder of a merge of tensors that have masks of their own, or none."""

    def build(keras: Keras) -> Any:
        inputs, tensors = zip(*(_embedded(keras, mask) for mask in masked), strict=True)
        # What is masked is not zero, so a merge that leaves it out shows.
        moved = [layer(keras, "Dense", units=4)(tensors[0]), *tensors[1:]]
        moved[-1] = layer(keras, "Dense", units=width)(moved[-1])
        return keras.Model(list(inputs), layer(keras, class_name)(moved))

    return build


def _merged_with_itself(class_name: str) -> Build:
    def build(keras: Keras) -> Any:
        tokens, embedded = _embedded(keras)
        gate = layer(keras, "Dense", units=4, activation="sigmoid")(embedded)
        merged = layer(keras, class_name)([embedded, gate])
        return keras.Model(tokens, [merged, layer(keras, "LSTM", units=3)(merged)])

    return build


def _merged_twice(class_name: str) -> Build:
    """Return the builder of a merge that is called with masks, and without."""

    def build(keras: Keras) -> Any:
        tokens, embedded = _embedded(keras)
        given = keras.Input((5, 4))
        shared = layer(keras, class_name)
        outputs = [shared([given, given]), shared([embedded, given])]
        return keras.Model([tokens, given], outputs)

    return build


def _row_and_sequence(class_name: str) -> Build:
    """Return the builder of a merge of ranks 2 and 3."""

    def build(keras: Keras) -> Any:
        tokens, embedded = _embedded(keras)
        row = keras.Input((4,))
        return keras.Model([row, tokens], layer(keras, class_name)([row, embedded]))

    return build


MERGES = ("Maximum", "Minimum", "Multiply")


def _of_tokens(*builds: Callable[[Keras], Any]) -> list[Case]:
    return [
        Case(id=f"mask{build.__name__}", build=build, inputs=padded_tokens(TOKENS))
        for build in builds
    ]


def _marked(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers, or which steps count: the first one always does."""
    if dtype != "bool":
        return numbers(random, shape, dtype)
    mask = random.integers(0, 2, shape) > 0
    mask[:, 0] = True
    return mask


CASES: tuple[Case, ...] = (
    *(
        Case(id=f"call-{label}", build=build, inputs=_marked, dialects=dialects)
        for label, build, dialects in (
            ("mask_by_name", _averaged(by_position=False), BOTH),
            ("mask_by_position", _averaged(by_position=True), (KERAS3,)),
            ("states_by_position", _states_by_position, (KERAS3,)),
            ("first_argument_by_name", _named_first_arguments, (KERAS3,)),
        )
    ),
    *_of_tokens(
        _self_attention,
        _scores_of_attention,
        _mask_into_a_model,
        _mask_out_of_a_model,
        _both_directions,
        _joined_in_time,
    ),
    Case(
        id="mask_through_lowered_layers",
        build=_mask_through_lowered_layers,
        inputs=padded_tokens(TOKENS),
        dialects=(KERAS3,),
    ),
    *(
        Case(
            id=f"mask-merged-{class_name}-{name}",
            build=build(class_name),
            inputs=padded_tokens(TOKENS),
        )
        for class_name in MERGES
        for name, build in {
            "both": lambda kind: _merged(kind, True, True),
            "first": lambda kind: _merged(kind, True, False),
            "second": lambda kind: _merged(kind, False, True),
            "three": lambda kind: _merged(kind, True, False, True),
            "broadcast": lambda kind: _merged(kind, True, True, width=1),
            "itself": _merged_with_itself,
            "twice": _merged_twice,
            "ranks": _row_and_sequence,
        }.items()
    ),
    Case(id="mask_of_the_second_call", build=_masked_and_not, inputs=padded_sequences()),
    *(
        Case(
            id=f"mask-{class_name}-query_{query}-value_{value}",
            build=_attention(class_name, query, value, **arguments),
            inputs=padded_tokens(TOKENS),
        )
        for class_name, arguments in (
            ("Attention", {"use_scale": True}),
            ("AdditiveAttention", {}),
            ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}),
        )
        for query, value in ((True, False), (False, True), (True, True))
    ),
)
