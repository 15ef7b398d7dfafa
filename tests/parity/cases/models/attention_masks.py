"""Masks that travel to attention layers, and on from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.parity.cases.case import KERAS3, Case, Keras, layer
from tests.parity.cases.inputs import padded_tokens

VOCABULARY = 9
Make = Callable[[Keras, list[Any]], Any]


def tokens_to(label: str, make: Make, count: int = 1, **options: Any) -> Case:
    """Return a model of embedded tokens, padded at their ends, from which `make` makes outputs."""

    def build(keras: Keras) -> Any:
        inputs = [keras.Input((6,), dtype="int32") for _ in range(count)]
        embedded = [
            layer(keras, "Embedding", input_dim=VOCABULARY, output_dim=4, mask_zero=True)(given)
            for given in inputs
        ]
        return keras.Model(inputs, make(keras, embedded))

    inputs = padded_tokens(VOCABULARY)
    return Case(id=f"attention-masks.{label}", build=build, inputs=inputs, **options)


def heads(keras: Keras, **arguments: Any) -> Any:
    return layer(keras, "MultiHeadAttention", **{"num_heads": 2, "key_dim": 3, **arguments})


def calling(
    arguments: Mapping[str, Any] | None = None, call: Mapping[str, Any] | None = None
) -> Make:
    """Return what attends from the first tensor to the last one, with the second as its key."""

    def make(keras: Keras, tensors: list[Any]) -> Any:
        named = {"key": tensors[1]} if len(tensors) > 2 else {}
        return heads(keras, **(arguments or {}))(tensors[0], tensors[-1], **named, **(call or {}))

    return make


def averaged(keras: Keras, x: Any) -> Any:
    return layer(keras, "GlobalAveragePooling1D")(x)


def transformer(keras: Keras, tensors: list[Any]) -> Any:
    (x,) = tensors
    for _ in range(2):
        added = layer(keras, "Add")([x, heads(keras)(x, x)])
        x = layer(keras, "LayerNormalization")(added)
        x = layer(keras, "Add")([x, layer(keras, "Dense", units=4, activation="relu")(x)])
    return averaged(keras, x)


def decoder(keras: Keras, tensors: list[Any]) -> Any:
    source, target = tensors
    for _ in range(2):
        target = heads(keras)(target, target, use_causal_mask=True)
        target = heads(keras)(target, source)
    return layer(keras, "LSTM", units=3)(target)


def listed(class_name: str, **call: Any) -> Make:
    def make(keras: Keras, tensors: list[Any]) -> Any:
        return layer(keras, class_name)(tensors, **call)

    return make


def grouped(keras: Keras, tensors: list[Any]) -> Any:
    sizes = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
    return averaged(keras, layer(keras, "GroupQueryAttention", **sizes)(*tensors))


def after(first: Make) -> Make:
    return lambda keras, tensors: averaged(keras, first(keras, tensors))


def one_sided(keras: Keras, tensors: list[Any]) -> Any:
    plain = layer(keras, "Conv1D", filters=4, kernel_size=1)(tensors[0])
    return [
        averaged(keras, heads(keras)(plain, tensors[1])),
        averaged(keras, heads(keras)(tensors[1], plain)),
        averaged(keras, layer(keras, "Attention")([plain, tensors[1]])),
        averaged(keras, layer(keras, "Attention")([tensors[1], plain])),
    ]


def given_to_list(keras: Keras, tensors: list[Any]) -> Any:
    plain = [layer(keras, "Conv1D", filters=4, kernel_size=1)(x) for x in tensors]
    masks = [keras.ops.not_equal(x[:, :, 0], 0.0) for x in tensors]
    return layer(keras, "Attention")(plain, mask=masks)


SCORES = {"return_attention_scores": True}
CAUSAL = {"use_causal_mask": True}

CASES = [
    tokens_to("self", calling()),
    tokens_to("self-dropout", calling({"dropout": 0.2})),
    tokens_to("self-many", calling({"num_heads": 17})),
    tokens_to("self-scores", calling(call=SCORES)),
    tokens_to("self-causal", calling(call=CAUSAL)),
    tokens_to("cross", calling(), 2),
    tokens_to("cross-many-dropout", calling({"num_heads": 17, "dropout": 0.1}), 2),
    tokens_to("three", calling(), 3),
    tokens_to("averaged", after(calling()), 2),
    tokens_to("transformer", transformer),
    tokens_to("decoder", decoder, 2),
    tokens_to("one-sided", one_sided, 2),
    tokens_to("grouped", grouped, 2, dialects=(KERAS3,)),
    *(
        tokens_to(f"{class_name}-{label}", make, count)
        for class_name in ("Attention", "AdditiveAttention")
        for label, make, count in [
            ("two", listed(class_name), 2),
            ("three", listed(class_name), 3),
            ("causal", listed(class_name, **CAUSAL), 2),
            ("scores", listed(class_name, **SCORES), 2),
            ("averaged", after(listed(class_name)), 2),
        ]
    ),
    tokens_to("given", given_to_list, 2, dialects=(KERAS3,)),
]
