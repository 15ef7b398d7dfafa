"""Layers of tfjs-layers' ``src/layers/normalization.ts``."""

from __future__ import annotations

from typing import Any

from .case import Case, each, grid, layer_cases, made


def batch_normalization() -> list[Case]:
    parts = grid(center=[True, False], scale=[True, False])
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
        *layer_cases("BatchNormalization", (4, 3), [{}, *parts, *singles]),
        *layer_cases("BatchNormalization", (5,), [{}, {"axis": 1}], label="rank2"),
        *layer_cases("BatchNormalization", (4, 5, 3), [{}, *parts, {"axis": 3}], label="rank4"),
    ]


def layer_normalization() -> list[Case]:
    parts = grid(center=[True, False], scale=[True, False])
    singles = each(
        axis=[-1, 2, 1, (1, 2)],
        epsilon=[1e-5, 0.1],
        trainable=[False],
        beta_initializer=["ones"],
        gamma_regularizer=["l2"],
    )
    reason = "three or four numbers that lie close together lose digits when they are normalized"
    options: dict[str, Any] = {"tolerance": 1e-4, "reason": reason}
    name = "LayerNormalization"
    return [
        *layer_cases(name, (4, 3), [{}, *parts, *singles], **options),
        *layer_cases(name, (4, 3), [{"axis": [-1]}], label="listed", **options),
        *layer_cases(name, (5,), [{}], label="rank2", **options),
        *layer_cases(name, (2, 3, 4), each(axis=[-1, (2, 3)]), label="rank4", **options),
    ]


CASES = [*batch_normalization(), *layer_normalization()]
