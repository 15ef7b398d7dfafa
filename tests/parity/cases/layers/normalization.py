"""BatchNormalization and LayerNormalization."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import (
    KERAS2,
    KERAS3,
    Case,
    Keras,
    case_id,
    each,
    grid,
    layer,
    layer_cases,
    made,
)

Shape = tuple[int | None, ...]
CLOSE: dict[str, Any] = {
    "tolerance": 1e-4,
    "reason": "numbers that lie close together lose digits when they are normalized",
}
PARTS = grid(center=[True, False], scale=[True, False])


# --- What TensorFlow.js has --------------------------------------------------------------------


def native_batch_normalization() -> list[Case]:
    singles = each(
        epsilon=[1e-5, 0.1],
        momentum=[0.5],
        axis=[-1, 2],
        trainable=[False],
        beta_initializer=["ones"],
        gamma_initializer=[made("initializers.RandomUniform", minval=0.5, maxval=1.5)],
        moving_mean_initializer=["ones"],
        moving_variance_initializer=[made("initializers.Constant", value=2.0)],
        beta_regularizer=["l2"],
        gamma_regularizer=[made("regularizers.L1", l1=0.01)],
        beta_constraint=["non_neg"],
        gamma_constraint=[made("constraints.MaxNorm", max_value=2.0)],
    )
    return [
        *layer_cases("BatchNormalization", (4, 3), [{}, *PARTS, *singles]),
        *layer_cases("BatchNormalization", (5,), [{}, {"axis": 1}], label="rank2"),
        *layer_cases("BatchNormalization", (4, 5, 3), [{}, *PARTS, {"axis": 3}], label="rank4"),
    ]


def native_layer_normalization() -> list[Case]:
    singles = each(
        axis=[-1, 2, 1, (1, 2)],
        epsilon=[1e-5, 0.1],
        trainable=[False],
        beta_initializer=["ones"],
        gamma_regularizer=["l2"],
    )
    name = "LayerNormalization"
    return [
        *layer_cases(name, (4, 3), [{}, *PARTS, *singles], **CLOSE),
        *layer_cases(name, (4, 3), [{"axis": [-1]}], label="listed", **CLOSE),
        *layer_cases(name, (5,), [{}], label="rank2", **CLOSE),
        *layer_cases(name, (2, 3, 4), each(axis=[-1, (2, 3)]), label="rank4", **CLOSE),
    ]


# --- What it lacks, or gets wrong ---------------------------------------------------------------


def batch_normalization() -> list[Case]:
    name = "BatchNormalization"
    tail: dict[str, Any] = {"base": {"epsilon": 0.01}}
    return [
        *layer_cases(name, (4, 3), [{"axis": 1}, {"axis": -2}], label="rank3", **tail),
        *layer_cases(name, (4, 5, 3), each(axis=[1, 2, -2, -3]), label="rank4", **tail),
        *layer_cases(name, (4, 3), PARTS, base={"axis": 1}, label="parts"),
        *layer_cases(name, (2, 3, 4, 2), each(axis=[-1, 1, 4, 3]), label="rank5", **tail),
        *layer_cases(name, (2, 3, 2, 2, 3), each(axis=[-1, 2]), label="rank6", dialects=(KERAS3,)),
        *layer_cases(name, (None, 3), [{"axis": -1}], label="free"),
        *layer_cases(name, (3, None), [{"axis": 1}], label="free-first"),
        *layer_cases(name, (3, None, None), [{"axis": 1}], label="free-image"),
        *layer_cases(name, (None, 2, 2, 3), [{}, {"axis": 2}], label="free-volume"),
        *layer_cases(name, (None, None, 2, 3), PARTS, label="freer-volume"),
        *layer_cases(name, (4, 3), each(axis=[[1, 2], [2]]), label="several", dialects=(KERAS2,)),
        *layer_cases(
            name, (2, 4, 3), each(axis=[[1, 3], [2, 3]]), label="several", dialects=(KERAS2,)
        ),
        *layer_cases(name, (4, 3), [{"renorm": True}], label="renorm"),
        *layer_cases(name, (3,), [{"synchronized": True}], label="sync", dialects=(KERAS2,)),
    ]


def trained(keras: Keras, shape: Shape = (4, 3), frozen: bool = False, **arguments: Any) -> Any:
    """Normalize by the batch, although the model only predicts."""
    given = keras.Input(shape)
    normal = layer(keras, "BatchNormalization", epsilon=0.1, trainable=not frozen, **arguments)
    return keras.Model(given, normal(given, training=True))


def called_for_training() -> list[Case]:
    variants: list[dict[str, Any]] = [
        {},
        {"axis": 1},
        {"shape": (3,)},
        {"shape": (2, 3, 4)},
        {"shape": (2, 3, 4), "axis": 1},
        {"center": False},
        {"scale": False},
        {"frozen": True},
    ]
    return [
        Case(
            id=case_id("BatchNormalization.training", variant),
            build=lambda keras, variant=variant: trained(keras, **variant),
        )
        for variant in variants
    ]


def layer_normalization() -> list[Case]:
    name = "LayerNormalization"
    return [
        *layer_cases(
            name,
            (2, 3, 2, 4),
            [{}, *each(axis=[1, 2, (1, 2), (2, 4), (3, 4), -2]), *PARTS],
            label="rank5",
            **CLOSE,
        ),
        *layer_cases(name, (3, 4), each(axis=[(2, 1), (-1, 1), (1, -1)]), label="order", **CLOSE),
        *layer_cases(name, (None, 2, 2, 4), [{}, {"axis": (3, 4)}], label="free", **CLOSE),
        *layer_cases(name, (None, None, 2, 4), [{}, *PARTS], label="freer", **CLOSE),
        *layer_cases(name, (None, None, 4), [{}], label="free-image", **CLOSE),
        *layer_cases(
            name,
            (3, 4),
            [{}, *each(axis=[1, (1, 2)]), {"center": False}, {"scale": False}],
            base={"rms_scaling": True},
            label="rms",
            dialects=(KERAS3,),
            **CLOSE,
        ),
    ]


CASES = [
    *native_batch_normalization(),
    *native_layer_normalization(),
    *batch_normalization(),
    *called_for_training(),
    *layer_normalization(),
]
