"""Makes the record of a model while it is converted."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.sources import Array, LayerWeights, values
from tfjs_serve.conversion.record.model import Record
from tfjs_serve.conversion.record.solving import (
    Solution,
    UnsolvedError,
    is_handed_on,
    is_nearly,
    made_of,
)
from tfjs_serve.conversion.spelling.keras1.structure import modern_structure
from tfjs_serve.conversion.spelling.unnamed_models import with_names
from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files import KerasModel
from tfjs_serve.layers_model.model import LayersWeight, TensorSource

_MOST_TRIED = 1 << 16
"""Larger weights that rules compute are arranged otherwise, which can always be undone."""
_MOST_KEPT = 1 << 14
"""How many numbers a variable may have that is kept in the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What is recorded of a conversion.

    Attributes
    ----------
    spelled
        The model as the configuration alone tells it.
    model
        The same as the rules know it.
    weights
        The variables of `model`.
    written
        The weights of the page, made of these.
    custom_layers
        Classes that the page registers itself.
    """

    file: KerasModel
    spelled: KerasLayer
    model: KerasLayer
    weights: LayerWeights
    written: Sequence[LayersWeight]
    custom_layers: Collection[str]


def record_of(conversion: Conversion, *, with_training: bool) -> Record | None:
    """Return the record of a model; ``None`` if it would not tell all."""
    before = {layer.path: layer for layer in conversion.spelled.walk()}
    layers = list(conversion.model.walk())
    if before.keys() != {layer.path for layer in layers}:
        return None
    file, weights = conversion.file, conversion.weights
    changed = {layer.path: _changes(before[layer.path], layer) for layer in layers}
    training = file.training if with_training else None
    return Record(
        generation=max(file.dialect.generation, 2),
        keras_version=file.keras_version,
        config=_config(file),
        changed={path: changes for path, changes in changed.items() if changes},
        variables={
            path: {name: (source.shape, source.dtype) for name, source in variables.items()}
            for path, variables in weights.items()
            if variables
        },
        values=_kept(weights, conversion.written),
        custom_layers=tuple(sorted(conversion.custom_layers)),
        training=training.settings if training is not None else None,
    )


def _config(file: KerasModel) -> Mapping[str, Json]:
    """Return the configuration without what is recorded elsewhere, with names for all models."""
    config = {key: value for key, value in file.config.items() if key != "compile_config"}
    if file.dialect.generation < 2:
        config = modern_structure(config)
    return with_names(config, tuple(file.weights)) if file.dialect.generation < 3 else config


def _changes(before: KerasLayer, after: KerasLayer) -> dict[str, Json]:
    changes: dict[str, Json] = {}
    if before.class_name != after.class_name:
        changes["class_name"] = after.class_name
    if before.config != after.config:
        changes["config"] = dict(after.config)
    if before.dtype != after.dtype:
        changes["dtype"] = after.dtype
    return changes


def _kept(weights: LayerWeights, written: Iterable[LayersWeight]) -> dict[str, dict[str, bytes]]:
    """Return the variables that the page's weights do not tell, as far as they are small."""
    known = {id(source): source for named in weights.values() for source in named.values()}
    told = _told(known, written)
    return {
        path: kept
        for path, named in weights.items()
        if (
            kept := {
                name: _bytes(source)
                for name, source in named.items()
                if id(source) not in told and math.prod(source.shape) <= _MOST_KEPT
            }
        )
    }


def _told(known: Mapping[int, TensorSource], written: Iterable[LayersWeight]) -> set[int]:
    """Return the variables, by ``id``, that can be told from the weights of the page."""
    told: set[int] = set()
    tried: set[int] = set()
    solution = Solution(known)
    for weight in written:
        found = made_of(weight.source, known)
        count = sum(math.prod(one.shape) for one in found.values())
        if count > _MOST_TRIED or is_handed_on(weight.source, found):
            told |= found.keys()
        elif _learns(solution, weight.source):
            tried |= found.keys()
    for key in tried - told:
        value = solution.value(known[key])
        if value is not None and is_nearly(_values(known[key]), value):
            told.add(key)
    return told


def _learns(solution: Solution, source: TensorSource) -> bool:
    try:
        solution.learn(source, _values(source))
    except (UnsolvedError, KerasFileError, ArithmeticError, LookupError, TypeError, ValueError):
        return False
    return True


def _values(source: TensorSource) -> Array:
    with np.errstate(all="ignore"):
        return values(source)


def _bytes(source: TensorSource) -> bytes:
    array = values(source)
    return array.astype(array.dtype.newbyteorder("<")).tobytes()
