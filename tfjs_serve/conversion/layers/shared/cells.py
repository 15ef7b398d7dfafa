"""What a recurrent cell computes, in TF.js's terms and in those of the companion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.sources import Array, computed_source
from tfjs_serve.conversion.rules.context import LayerContext
from tfjs_serve.conversion.rules.initializers import parameter, parameters
from tfjs_serve.conversion.small_models.activations import (
    companion_activation,
    is_hard_sigmoid,
    native_activation,
)
from tfjs_serve.layers_model.model import TensorSource

_GATE_SCALES = {
    "gru": (5 / 6, 5 / 6, 1),  # update, reset, candidate
    "lstm": (5 / 6, 5 / 6, 1, 5 / 6),  # input, forget, candidate, output
}
"""For each gate, the factor of its part of the weights' last axis; see :func:`_with_hard_gates`."""


NO_DROPOUT: Mapping[str, Json] = {"dropout": 0.0, "recurrent_dropout": 0.0}
"""What TF.js's cells get: its RNN uses the dropout mask of a cell's first call for all calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell in TF.js's terms and in those of the companion.

    Attributes
    ----------
    native
        The configuration of TF.js's cell; ``None`` if it has none that computes the same.
    weights
        The weights of TF.js's cell by Keras's names.
    arguments
        What ``browser/layers/cells.js`` reads.
    has_losses
        Whether it has regularizers or constraints, which the companion leaves out.
    """

    native: dict[str, Json] | None
    weights: Mapping[str, TensorSource]
    arguments: dict[str, Json]
    has_losses: bool

    def with_native(self, **further: Json) -> Cell:
        """Return the cell with further arguments of TF.js's cell."""
        return self if self.native is None else replace(self, native={**self.native, **further})


def read_cell(
    context: LayerContext, kind: str, defaults: Mapping[str, str], size: str = "units"
) -> Cell:
    """Read the arguments that all cells share.

    Parameters
    ----------
    kind
        The companion's cell: ``"simple_rnn"``, ``"lstm"`` or ``"gru"``.
    defaults
        The default activations by the names of their arguments.
    size
        Name of the argument that holds the number of outputs.
    """
    read, generation = context.read, context.layer.generation
    read.ignore("seed", "implementation", "enable_caching_device")
    values = {key: read.take(key, default) for key, default in defaults.items()}
    rates = {rate: read.number(rate, 0.0) for rate in NO_DROPOUT}
    gate = values.get("recurrent_activation")
    is_hard = native_activation(gate, generation) is None and is_hard_sigmoid(gate, generation)
    native = {
        size: read.integer(size),
        **{key: native_activation(value, generation) for key, value in values.items()},
        **({"recurrent_activation": "hard_sigmoid"} if is_hard else {}),
        "use_bias": read.boolean("use_bias", True),
        **rates,
        **parameters(context, "kernel", "bias"),
        **parameter(context, "recurrent_kernel", "recurrent"),
    }
    functions = {key: companion_activation(value, generation) for key, value in values.items()}
    is_native = all(native[key] is not None for key in values)
    return Cell(
        native=native if is_native else None,
        weights=_with_hard_gates(context, kind) if is_hard else context.weights,
        arguments={"kind": kind, "prefix": "", **functions, **rates},
        has_losses=any(key.endswith(("_regularizer", "_constraint")) for key in native),
    )


def _with_hard_gates(context: LayerContext, kind: str) -> dict[str, TensorSource]:
    """Return weights with which TF.js's ``hard_sigmoid`` of the gates is that of Keras 3.

    Keras 3 computes ``clip(x / 6 + 0.5, 0, 1)``; TF.js, like Keras 2, computes
    ``clip(0.2 x + 0.5, 0, 1)``. With 5/6 of `x`, which is linear in the weights, they are the same.
    """
    return {
        name: computed_source(partial(_scaled_gates, kind=kind), source, shape=source.shape)
        for name, source in context.weights.items()
    }


def _scaled_gates(weight: Array, *, kind: str) -> Array:
    scales = np.array(_GATE_SCALES[kind], np.float64)
    return weight * np.repeat(scales, weight.shape[-1] // len(scales))
