"""Numbers as categories (``tfjs-layers/src/layers/preprocessing/category_encoding.ts``).

TF.js's own CategoryEncoding is not used, because it changes the shape of the layer before it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from tfjs_serve.conversion.layers.shared.vocabulary import output_mode
from tfjs_serve.conversion.model.facts import TensorFact
from tfjs_serve.conversion.model.layers import Json, KerasLayer, Variable
from tfjs_serve.conversion.model.shapes import Shape, Shapes
from tfjs_serve.conversion.model.sources import values
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models import one_hot
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion
from tfjs_serve.layers_model.model import TensorSource

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf", "binary", "tf-idf")


def encoded_shape(mode: str, shape: Shape, depth: int | None) -> Shape:
    """Return the shape of encoded categories (``compute_output_shape`` of Keras 3)."""
    if mode == "int":
        return shape
    if mode == "one_hot" and (shape[-1] != 1 or len(shape) == 1):
        return (*shape, depth)
    return (*shape[:-1], depth)


def _since_3_4(layer: KerasLayer) -> bool:
    """Whether an encoding is that of Keras 3.4 and later, or of Keras 2.

    Before, in Keras 3, one-hot encoding leaves an axis of size 1 where it is, and several hot
    categories are those along the last axis, not the second (``numerical_utils.py``; the numpy
    backend, which few models come from, is different again).
    """
    return not (3,) <= layer.version < (3, 4)


def _encoded_shape(layer: KerasLayer, default: str, shape: Shape, depth: int | None) -> Shape:
    mode = output_mode(layer.config, default)
    if mode == "one_hot" and not _since_3_4(layer):
        return (*shape, depth)
    return encoded_shape(mode, shape, depth)


def integer_output(layer: KerasLayer, _inputs: Sequence[TensorFact]) -> tuple[str, ...]:
    """Return the dtype of the output: indices are integers, all encodings are floats."""
    default = "multi_hot" if layer.class_name == "CategoryEncoding" else "int"
    return ("int64" if output_mode(layer.config, default) == "int" else "float32",)


def encoding(context: LayerContext, default: str) -> str:
    """Return the output mode; a sparse output is computed as a dense one."""
    read = context.read
    read.ignore("sparse")
    mode = output_mode(context.layer.config, default)
    read.choice("output_mode", default, MODES, "Use one of Keras's modes.")
    return mode


def _tokens(layer: KerasLayer) -> int:
    config = layer.config
    return int(config.get("num_tokens") or config["max_tokens"])


def _category_shape(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    return (_encoded_shape(layer, "multi_hot", inputs[0], _tokens(layer)),)


@rule(
    "CategoryEncoding",
    outcome=Outcome.LOWERED,
    shape=_category_shape,
    traits=Traits(dtypes=integer_output, any_dtype=True),
    support=Support(
        lowered="inputs of integers: Dense, Minimum and GlobalMaxPooling1D or a sum",
        companion="inputs of floats, of more than two axes, of unknown length with `count`",
    ),
)
def category_encoding(context: LayerContext) -> TfjsLayer:
    """Puts ones, or counts, into the columns of the categories that a sample has."""
    read = context.read
    mode, depth = encoding(context, "multi_hot"), _tokens(context.layer)
    read.ignore("num_tokens", "max_tokens")
    weighted = context.keywords.take("count_weights") is not None
    has_integers = all(call[0].is_integer for call in context.calls)

    def lower(low: Lowering) -> Tensor:
        x, weights = low.inputs[0], low.inputs[1] if weighted else None
        columns = one_hot.columns(low, one_hot.as_column(low, x), range(depth))
        if mode == "one_hot" and not _since_3_4(context.layer):
            return low.reshape(columns, (*x.shape[1:], depth))
        return one_hot.encoded(low, columns, x.shape, mode, weights)

    arguments = {"mode": _page_mode(context.layer, mode, several=False), "depth": depth}
    if not has_integers or depth > one_hot.MOST_COLUMNS:
        return context.companion("CategoryEncoding", arguments)
    return lower_or_companion(context, lower, "CategoryEncoding", arguments)


def _page_mode(layer: KerasLayer, mode: str, *, several: bool) -> str:
    """Return the name of the mode in ``categories.js``.

    Parameters
    ----------
    several
        Whether the layer takes several hot categories along another axis before Keras 3.4.
    """
    if not _since_3_4(layer):
        if mode == "one_hot":
            return "onehotofeach"
        if mode == "multi_hot" and several:
            return "multihotoflast"
    return mode_name(mode)


def mode_name(mode: str) -> str:
    """Return the mode without underscores, so that TF.js's camel case does not change it."""
    return mode.replace("_", "")


# --- Discretization -------------------------------------------------------------------------------


def _summary(config: Mapping[str, Json]) -> tuple[Variable, ...]:
    """Return the weight in which Keras 2 saves what it has learned; Keras 3 saves boundaries."""
    given = config.get("bin_boundaries") is not None
    return () if given else (Variable(name="summary", trainable=False),)


def _bins_shape(layer: KerasLayer, inputs: Shapes, _inner: tuple[Shapes, ...]) -> Shapes:
    mode, shape = output_mode(layer.config, "int"), inputs[0]
    boundaries = layer.config.get("bin_boundaries")
    depth = len(boundaries) + 1 if boundaries is not None else layer.config.get("num_bins")
    if mode == "multi_hot" and not _since_3_4(layer):
        return ((*shape[:-1], depth),)
    if mode in ("multi_hot", "count") and len(shape) > 1:
        return ((shape[0], *shape[2:], depth),)
    return (_encoded_shape(layer, "int", shape, depth),)


@rule(
    "Discretization",
    variables=_summary,
    outcome=Outcome.LOWERED,
    shape=_bins_shape,
    traits=Traits(dtypes=integer_output, any_dtype=True),
    support=Support(
        lowered="Dense and ReLU, which tell whether a number is at or above each boundary",
        companion="inputs of more than two axes, or of unknown length with `count`",
    ),
)
def discretization(context: LayerContext) -> TfjsLayer:
    """Counts the boundaries that are not above a number."""
    read = context.read
    read.ignore("epsilon", "num_bins", "bins")
    mode = encoding(context, "int")
    given = read.take("bin_boundaries")
    boundaries = _learned(context) if given is None else list(given)

    def lower(low: Lowering) -> Tensor:
        x = low.inputs[0]
        column = one_hot.as_column(low, x)
        if mode == "int":
            index = _binned(low, column, boundaries)
            return index if column is x else low.reshape(index, x.shape[1:])
        bins = _bins(low, column, boundaries)
        if mode == "one_hot" and not _since_3_4(context.layer):
            return low.reshape(bins, (*x.shape[1:], len(boundaries) + 1))
        return one_hot.encoded(low, bins, x.shape, mode, None)

    arguments = {
        "boundaries": [float(np.float32(boundary)) for boundary in boundaries],
        "mode": _page_mode(context.layer, mode, several=True),
        "depth": len(boundaries) + 1,
    }
    if not 0 < len(boundaries) <= one_hot.MOST_COLUMNS:
        return context.companion("Discretization", arguments)
    return lower_or_companion(context, lower, "Discretization", arguments)


def _learned(context: LayerContext) -> list[float]:
    """Return the boundaries, which Keras 2 computes from its summary when it loads a model."""
    source, count = context.weights.get("summary"), context.layer.config.get("num_bins")
    if source is None or not source.shape[1] or not count:
        context.problem(
            "bad-config", "It has not learned its boundaries.", "Call its adapt(), and save again."
        )
        return []
    return boundaries_of(source, int(count))


def boundaries_of(summary: TensorSource, bins: int) -> list[float]:
    """Return the boundaries of `bins` bins of equal weight.

    From ``get_bin_boundaries`` in ``tf_keras/src/layers/preprocessing/discretization.py``.

    Parameters
    ----------
    summary
        Shape ``(2, n)``: numbers in ascending order, and how many numbers each stands for.
    """
    numbers, weights = values(summary)
    share = 1.0 / bins
    if len(numbers) * share >= 1:
        ends = weights.cumsum()
        numbers = np.interp(share + np.arange(0.0, 1.0, share), ends / ends[-1], numbers)
    return [float(number) for number in numbers.astype(np.float32)[:-1]]


_STEEP = 1e30
"""The slope of a step from 0 to 1: different float32 numbers differ by more than 1e-30."""


def _steps(low: Lowering, column: Tensor, boundaries: Sequence[float]) -> Tensor:
    """Return 1 for each boundary that is not above the number, otherwise 0.

    What the number lacks is cut off at 1 before it is made large: TF.js's webgl backend computes
    NaN for the ReLU of -Infinity.
    """
    finite = np.isfinite(boundaries).astype(np.float64)
    places = np.where(finite, np.array(boundaries, np.float32), np.greater(boundaries, 0))
    lacking = one_hot.line(low, column, -finite, places.astype(np.float64))
    some = low.layer("ReLU", {"max_value": 1.0}, lacking, shape=lacking.shape)
    return low.layer("ReLU", {}, low.rescale(some, -_STEEP, 1.0), shape=some.shape)


def _binned(low: Lowering, column: Tensor, boundaries: Sequence[float]) -> Tensor:
    return low.dense(_steps(low, column, boundaries), np.ones((len(boundaries), 1)))


def _bins(low: Lowering, column: Tensor, boundaries: Sequence[float]) -> Tensor:
    """Return a column for each bin: 1 if its lower boundary is reached and its upper one is not."""
    reached = _steps(low, column, [-math.inf, *boundaries])
    return low.subtract(reached, _steps(low, column, [*boundaries, math.inf]))
