"""The tables of parity cases, one file per family as in tfjs-layers' ``src/layers``."""

from __future__ import annotations

from . import (
    advanced_activations,
    convolutional,
    convolutional_depthwise,
    convolutional_recurrent,
    core,
    dtypes,
    embeddings,
    executor,
    graphs,
    masks,
    merge,
    naming,
    nesting,
    noise,
    normalization,
    padding,
    pooling,
    preprocessing,
    recurrent,
    refused_layers,
    refused_models,
    structures,
    wrappers,
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
    dtypes,
    masks,
    executor,
)

ALL_CASES: tuple[Case, ...] = tuple(case for family in FAMILIES for case in family.CASES)
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
