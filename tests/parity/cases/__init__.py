"""The tables of parity cases, one file per family as in tfjs-layers' ``src/layers``."""

from __future__ import annotations

from . import (
    activations,
    advanced_activations,
    attention,
    attention_masks,
    audio,
    categories,
    convolutional,
    convolutional_depthwise,
    convolutional_depthwise_lowered,
    convolutional_lowered,
    convolutional_recurrent,
    core,
    core_lowered,
    dtypes,
    einsum,
    embeddings,
    executor,
    explicit_masks,
    files,
    graphs,
    image_augmentation,
    masks,
    merge,
    merge_lowered,
    naming,
    nesting,
    noise,
    normalization,
    normalization_lowered,
    operations_elementwise,
    operations_images,
    operations_reductions,
    operations_shaping,
    operations_tensorflow,
    padding,
    pooling,
    pooling_lowered,
    preprocessing,
    preprocessing_lowered,
    products,
    recurrent,
    recurrent_companion,
    refused_layers,
    refused_models,
    structures,
    tensors,
    whole_numbers,
    wrappers,
    wrappers_companion,
)
from .case import KERAS2, KERAS3, Case, RefusedCase

FAMILIES = (
    core,
    advanced_activations,
    convolutional,
    convolutional_depthwise,
    convolutional_recurrent,
    embeddings,
    merge,
    noise,
    normalization,
    padding,
    pooling,
    preprocessing,
    recurrent,
    wrappers,
    graphs,
    nesting,
    naming,
    structures,
    tensors,
    dtypes,
    masks,
    executor,
    activations,
    attention,
    attention_masks,
    audio,
    categories,
    convolutional_depthwise_lowered,
    convolutional_lowered,
    core_lowered,
    einsum,
    explicit_masks,
    files,
    image_augmentation,
    merge_lowered,
    normalization_lowered,
    operations_elementwise,
    operations_images,
    operations_reductions,
    operations_shaping,
    operations_tensorflow,
    pooling_lowered,
    preprocessing_lowered,
    products,
    recurrent_companion,
    whole_numbers,
    wrappers_companion,
)

ONE_IN = {
    pooling_lowered: 5,
    convolutional_lowered: 3,
    convolutional_depthwise_lowered: 3,
    einsum: 2,
    attention: 2,
}
"""Tables of so many combinations that every run takes a part of them only; the grid has more."""

ALL_CASES: tuple[Case, ...] = tuple(
    case for family in FAMILIES for case in family.CASES[:: ONE_IN.get(family, 1)]
)
REFUSED_CASES: tuple[RefusedCase, ...] = (
    *refused_layers.CASES,
    *refused_models.CASES,
    *executor.REFUSED,
)


def cases_of(dialect: str) -> list[Case]:
    """Return the cases that a dialect can build."""
    return [case for case in ALL_CASES if dialect in case.dialects]


def refused_cases_of(dialect: str) -> list[RefusedCase]:
    """Return the cases that a dialect can build and that must be refused."""
    return [case for case in REFUSED_CASES if dialect in case.dialects]


__all__ = [
    "ALL_CASES",
    "KERAS2",
    "KERAS3",
    "REFUSED_CASES",
    "Case",
    "RefusedCase",
    "cases_of",
    "refused_cases_of",
]
