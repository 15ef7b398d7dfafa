"""Activations that are layers."""

from __future__ import annotations

from tests.parity.cases.case import KERAS2, KERAS3, Case, each, grid, layer_cases, made

SLOPES = grid(max_value=[None, 1.5], negative_slope=[0.0, 0.3], threshold=[0.0, 0.4])


# --- What TensorFlow.js has --------------------------------------------------------------------


def prelu() -> list[Case]:
    arguments = each(
        shared_axes=[[1], [2], [1, 2]],
        alpha_initializer=["ones", made("initializers.Constant", value=0.25)],
        alpha_regularizer=["l2"],
        alpha_constraint=["non_neg"],
    )
    return [
        *layer_cases("PReLU", (3, 4), [{}, *arguments]),
        *layer_cases("PReLU", (4,), label="rank2"),
        *layer_cases("PReLU", (2, 3, 4), [{}, *each(shared_axes=[[1, 2]])], label="rank4"),
        *layer_cases("PReLU", (2, 3, 4), each(shared_axes=[[-1], [-2]]), dialects=(KERAS3,)),
    ]


NATIVE = [
    *layer_cases("ReLU", (3, 4), [{}, *each(max_value=[6.0, 0.5], negative_slope=[0.0])]),
    *layer_cases("ReLU", (3, 4), [{"max_value": 1.0, "negative_slope": 0.0, "threshold": 0.0}]),
    *layer_cases("LeakyReLU", (3, 4)),
    *layer_cases("LeakyReLU", (3, 4), each(alpha=[0.1, 0.0]), dialects=(KERAS2,)),
    *layer_cases("LeakyReLU", (3, 4), each(negative_slope=[0.1, 0.0]), dialects=(KERAS3,)),
    *prelu(),
    *layer_cases("ELU", (3, 4), [{}, {"alpha": 1.0}]),
    *layer_cases("ThresholdedReLU", (3, 4), [{}, {"theta": 0.3}], dialects=(KERAS2,)),
    *layer_cases("Softmax", (3, 4), [{}, *each(axis=[-1, 2])]),
    *layer_cases("Softmax", (4,), label="rank2"),
]


# --- What it lacks, or gets wrong ---------------------------------------------------------------

LOWERED = [
    *layer_cases("ReLU", (3, 4), SLOPES, label="grid"),
    *layer_cases("ReLU", (None, 4), SLOPES[-1:], label="free"),
    *layer_cases("ELU", (3, 4), each(alpha=[0.5, 2.0, 0.0]), label="alpha"),
    *layer_cases("ELU", (None,), each(alpha=[0.5]), label="free"),
    *layer_cases("Softmax", (3, 4), each(axis=[1, -2, (1, 2), (-1, -2)]), label="axis"),
    *layer_cases("Softmax", (3, 4), each(axis=[[1], [-1]]), label="listed"),
    *layer_cases("Softmax", (2, 3, 4), each(axis=[1, 2, (1, 3), (1, 2, 3)]), label="rank4"),
    *layer_cases("Softmax", (None, None, 4), each(axis=[1, 2, -1, (1, 2)]), label="free"),
    *layer_cases("PReLU", (None, 4), each(shared_axes=[[1], [1, 2]]), label="free"),
    *layer_cases("PReLU", (None, None, 4), each(shared_axes=[[1, 2]]), label="free-image"),
    *layer_cases("PReLU", (2, 3, 2, 4), each(shared_axes=[[1, 2, 3], [2]]), label="rank5"),
]

CASES = [*NATIVE, *LOWERED]
