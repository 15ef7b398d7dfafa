"""Attention and AdditiveAttention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.parity.cases.case import (
    BOTH,
    KERAS3,
    Arguments,
    Case,
    Keras,
    case_id,
    each,
    layer,
    one_in,
)

Shape = tuple[int | None, ...]
SCORES = {"return_attention_scores": True}
CAUSAL = {"use_causal_mask": True}


def additive(
    class_name: str,
    label: str,
    arguments: Arguments,
    shapes: Sequence[Shape] = ((4, 6), (5, 6)),
    dialects: tuple[str, ...] = BOTH,
    **call: Any,
) -> Case:
    """Return a case of a layer that takes its inputs as a list."""

    def build(keras: Keras) -> Any:
        inputs = [keras.Input(shape) for shape in shapes]
        return keras.Model(inputs, layer(keras, class_name, **arguments)(inputs, **call))

    return Case(id=case_id(f"{class_name}.{label}", arguments), build=build, dialects=dialects)


def list_cases(class_name: str, variants: Sequence[Arguments]) -> list[Case]:
    free = ((None, 6), (None, 6))
    three = ((4, 6), (5, 8 if class_name == "Attention" else 6), (5, 6))
    rank4 = ((2, 4, 6), (2, 5, 6))
    return [
        case
        for arguments in variants
        for case in [
            additive(class_name, "two", arguments),
            additive(class_name, "three", arguments, three),
            additive(class_name, "free", arguments, free),
            additive(class_name, "free-targets", arguments, ((None, 6), (5, 6))),
            additive(class_name, "free-sources", arguments, ((4, 6), (None, 6))),
            additive(class_name, "rank4", arguments, rank4),
            additive(class_name, "scores", arguments, **SCORES),
            additive(class_name, "causal", arguments, **CAUSAL),
            additive(class_name, "causal-free", arguments, free, **CAUSAL),
            additive(class_name, "causal-scores", arguments, three, **CAUSAL, **SCORES),
        ]
    ]


SCORED = [
    *list_cases(
        "Attention",
        [
            {},
            {"use_scale": True},
            {"score_mode": "concat"},
            {"score_mode": "concat", "use_scale": True},
        ],
    ),
    *list_cases("AdditiveAttention", [{}, {"use_scale": False}]),
    *(
        additive(class_name, "more", arguments)
        for class_name in ("Attention", "AdditiveAttention")
        for arguments in each(dropout=[0.3], trainable=[False])
    ),
    additive("Attention", "seed", {"seed": 3}, dialects=(KERAS3,)),
    additive("Attention", "rank2", {"use_scale": True}, ((6,), (6,))),
]

CASES = one_in(2, SCORED)
