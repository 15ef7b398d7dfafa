"""Attention with heads, which TensorFlow.js lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.parity.cases.case import (
    BOTH,
    KERAS3,
    Arguments,
    Build,
    Case,
    Keras,
    case_id,
    each,
    layer,
    one_in,
)
from tests.parity.cases.inputs import Array, numbers

Shape = tuple[int | None, ...]


def with_masks(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers, or a mask in which the first rows are all false."""
    if dtype != "bool":
        return numbers(random, shape, dtype)
    mask = random.integers(0, 2, shape) > 0
    mask[0, ..., :1, :] = False
    return mask


def attention(
    class_name: str,
    arguments: Arguments,
    shapes: Sequence[Shape],
    call: Mapping[str, Any] | None = None,
    mask: Shape | None = None,
) -> Build:
    """Return the builder of a model that attends from the first input to the others."""

    def build(keras: Keras) -> Any:
        inputs = [keras.Input(shape) for shape in shapes]
        query, value = inputs[0], inputs[min(1, len(inputs) - 1)]
        named = {"key": inputs[2]} if len(inputs) > 2 else {}
        if mask is not None:
            inputs.append(keras.Input(mask, dtype="bool"))
            named["attention_mask"] = inputs[-1]
        outputs = layer(keras, class_name, **arguments)(query, value, **named, **(call or {}))
        return keras.Model(inputs, outputs)

    return build


def heads(
    label: str,
    arguments: Arguments,
    shapes: Sequence[Shape] = ((4, 6),),
    call: Mapping[str, Any] | None = None,
    mask: Shape | None = None,
    dialects: tuple[str, ...] = BOTH,
    class_name: str = "MultiHeadAttention",
) -> Case:
    base = {"num_heads": 2, "key_dim": 3} if class_name == "MultiHeadAttention" else GROUPED
    build = attention(class_name, {**base, **arguments}, shapes, call, mask)
    name = case_id(f"{class_name}.{label}", arguments)
    return Case(id=name, build=build, inputs=with_masks, dialects=dialects)


GROUPED = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
SELF, CROSS, THREE = ((4, 6),), ((4, 6), (5, 7)), ((4, 6), (5, 7), (5, 8))
FREE = ((None, 6), (None, 7))
SCORES = {"return_attention_scores": True}
CAUSAL = {"use_causal_mask": True}
FIXED = np.tri(4, 5, 1) > 0

MULTI_HEAD = [
    heads("self", {}),
    *(
        heads("cross", arguments, CROSS)
        for arguments in each(
            num_heads=[1, 3, 17],
            key_dim=[1, 8],
            value_dim=[None, 5],
            dropout=[0.3],
            use_bias=[True, False],
            output_shape=[4, (5,), (2, 3)],
            attention_axes=[None, (1,)],
            kernel_regularizer=["l2"],
            bias_regularizer=["l1"],
            kernel_constraint=["non_neg"],
            trainable=[False],
        )
    ),
    heads("all", {"num_heads": 3, "value_dim": 4, "output_shape": 5, "use_bias": False}, THREE),
    heads("three", {}, THREE),
    heads("free", {}, FREE),
    heads("free", {"output_shape": (2, 3)}, FREE),
    heads("free-targets", {}, ((None, 6), (5, 6)), SCORES),
    heads("free-sources", {}, ((4, 6), (None, 6)), SCORES),
    heads("free-scores", {}, FREE, SCORES),
    heads("free-causal", {}, ((None, 6),), CAUSAL),
    heads("scores", {}, SELF, SCORES),
    heads("scores-of-three", {"value_dim": 2}, THREE, SCORES),
    heads("scores-of-many", {"num_heads": 17}, CROSS, SCORES),
    heads("not-training", {"dropout": 0.2}, CROSS, {"training": False}),
    heads("training", {}, CROSS, {"training": True}),
    heads("causal", {}, SELF, CAUSAL),
    heads("causal", {"dropout": 0.2}, CROSS, CAUSAL),
    heads("causal-from-longer", {}, ((5, 6), (3, 6)), CAUSAL),
    heads("causal-of-many", {"num_heads": 17}, CROSS, CAUSAL),
    heads("causal-scores", {}, CROSS, {**CAUSAL, **SCORES}),
    heads("mask", {}, CROSS, None, (4, 5)),
    heads("mask", {"dropout": 0.2}, CROSS, None, (4, 5)),
    heads("mask-of-three", {}, THREE, CAUSAL, (4, 5)),
    heads("mask-scores", {}, CROSS, SCORES, (4, 5)),
    heads("mask-broadcast", {}, CROSS, None, (1, 5)),
    heads("mask-of-heads", {}, CROSS, None, (2, 4, 5)),
    heads("mask-of-all-heads", {}, CROSS, SCORES, (1, 4, 5)),
    heads("mask-of-many", {"num_heads": 17}, CROSS, CAUSAL, (4, 5)),
    heads("mask-fixed", {}, CROSS, {"attention_mask": FIXED}),
    heads("mask-fixed-rank3", {}, CROSS, {"attention_mask": FIXED[None], **SCORES}),
    heads(
        "mask-fixed-numbers",
        {"dropout": 0.2},
        CROSS,
        {"attention_mask": 2.0 * FIXED},
        dialects=(KERAS3,),
    ),
    heads("mask-fixed-causal", {}, CROSS, {"attention_mask": FIXED, **CAUSAL}),
    heads("mask-fixed-row", {}, CROSS, {"attention_mask": FIXED[:1]}),
    heads("mask-fixed-of-heads", {}, CROSS, {"attention_mask": np.stack([FIXED, ~FIXED])[None]}),
    heads("mask-fixed-of-many", {"num_heads": 17}, CROSS, {"attention_mask": FIXED}),
    heads("mask-fixed-free", {}, FREE, {"attention_mask": np.tri(5) > 0}),
    heads("mask-free", {}, FREE, None, (None, None)),
    heads("rank4", {}, ((3, 2, 6),)),
    heads("rank4", {"output_shape": (2, 3)}, ((3, 2, 6), (2, 2, 5))),
    heads("rank4-scores", {}, ((3, 2, 6), (2, 2, 5)), SCORES),
    heads("rank4-free", {}, ((None, 2, 6),)),
    heads("rank4-both-free", {}, ((None, None, 6),)),
    heads("rank4", {"attention_axes": 1}, ((3, 2, 6), (4, 2, 5))),
    heads("rank4", {"attention_axes": (2,)}, ((3, 2, 6), (3, 4, 5)), SCORES),
    heads("rank4", {"attention_axes": (2, 1)}, ((3, 2, 6), (4, 5, 5)), SCORES),
    heads("rank4", {"attention_axes": 2, "value_dim": 5}, ((None, None, 6),)),
    heads("rank4-mask", {"attention_axes": 2}, ((3, 2, 6), (3, 4, 5)), None, (3, 1, 2, 4)),
    heads("rank4-mask", {}, ((3, 2, 6), (2, 2, 5)), None, (3, 2, 2, 2)),
    heads("rank5", {}, ((2, 3, 2, 4),)),
    heads("rank5", {"attention_axes": (2, 3)}, ((2, 3, 2, 4),)),
    heads("rank5", {"attention_axes": (1, 3)}, ((2, 3, 2, 4),), SCORES),
    *(
        heads(label, arguments, CROSS, call, mask, (KERAS3,))
        for arguments in each(use_gate=[True], sliding_window=[1, 2], seed=[3])
        for label, call, mask in [
            ("new", None, None),
            ("new-causal", CAUSAL, None),
            ("new-mask", SCORES, (4, 5)),
        ]
    ),
    heads(
        "new-all", {"use_gate": True, "num_heads": 17, "value_dim": 2}, CROSS, None, None, (KERAS3,)
    ),
    heads("new-window-free", {"sliding_window": 2}, FREE, None, None, (KERAS3,)),
]

GROUPED_QUERY = [
    heads(label, arguments, shapes, call, mask, (KERAS3,), "GroupQueryAttention")
    for label, arguments, shapes, call, mask in [
        ("self", {}, SELF, None, None),
        *(
            ("cross", arguments, ((4, 6), (5, 6)), None, None)
            for arguments in each(
                head_dim=[1, 8],
                num_query_heads=[2, 6, 18],
                num_key_value_heads=[1, 4],
                use_bias=[False],
                use_gate=[True],
                dropout=[0.2],
                sliding_window=[2],
            )
        ),
        ("three", {}, ((4, 6), (5, 6), (5, 8)), None, None),
        ("free", {"use_gate": True}, ((None, 6), (None, 6)), None, None),
        ("causal", {}, ((4, 6), (5, 6)), CAUSAL, None),
        ("causal-of-many", {"num_query_heads": 18, "use_gate": True}, SELF, CAUSAL, None),
        ("scores", {}, SELF, SCORES, None),
        ("scores-of-many", {"num_query_heads": 18}, SELF, SCORES, None),
        ("mask", {}, SELF, None, (4, 4)),
        ("mask", {"sliding_window": 2}, SELF, CAUSAL, (4, 4)),
        ("mask-of-heads", {}, SELF, None, (4, 4, 4)),
    ]
]


def fixed_mask(*lead: int, size: int = 4) -> Array:
    """Return a mask that is no input of the model: each target sees itself, and some others."""
    mask = np.tril(np.random.default_rng(len(lead)).integers(0, 2, size=(*lead, size, size)))
    return (mask + np.eye(size, dtype=mask.dtype)) > 0


CONSTANT_MASKS = [
    heads(
        f"constant-mask-{label}",
        arguments,
        [shape],
        {"attention_mask": mask, **call},
        dialects=(KERAS3,),
    )
    for label, shape, mask, call in (
        ("two", (4, 6), fixed_mask(), {}),
        ("three", (4, 6), fixed_mask(1), {}),
        ("batch", (4, 6), fixed_mask(2), {}),
        ("heads", (4, 6), fixed_mask(1, 2), {}),
        ("floats", (4, 6), fixed_mask(1).astype("float32"), {}),
        ("causal", (4, 6), fixed_mask(), CAUSAL),
        ("scores", (4, 6), fixed_mask(1), SCORES),
        ("free", (None, 6), fixed_mask(1, size=5), {}),
    )
    for arguments in ({}, {"dropout": 0.3})
]

CASES = one_in(2, [*MULTI_HEAD, *GROUPED_QUERY, *CONSTANT_MASKS])
