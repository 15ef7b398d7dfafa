"""How each weight is stored: decided for all of them first, then carried out block by block.

Some decisions need the values (a range for quantization, a check that int64 fits int32). Those
weights are read twice, the first time only to find their extent, so that all problems of a model
are known before anything is written and memory use stays flat.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.errors import ConversionError, ConversionProblem, KerasFileError
from tfjs_serve.facts.weight_error import WeightError
from tfjs_serve.layers_model.deviation import Deviation, error_of
from tfjs_serve.layers_model.dtypes import (
    DTYPE_RULES,
    FLOAT32,
    INT32,
    STORED_DTYPES,
    DtypeRule,
    fits,
    to_stored,
)
from tfjs_serve.layers_model.model import Json, LayersWeight, PlacedSource
from tfjs_serve.layers_model.quantization import (
    Extent,
    Quantization,
    choose_quantization,
    stored_item_bytes,
)
from tfjs_serve.settings import MIB, Variant

BLOCK_BYTES = 1 * MIB
"""How much of a weight is in memory at a time."""

CountBytes = Callable[[int], None]
"""Called with the number of bytes read from the source since the last call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightEncoding:
    """How one weight is stored.

    Attributes
    ----------
    deviation
        How far the stored values are from those of the weight; known once they were all yielded.
    """

    weight: LayersWeight
    rule: DtypeRule
    quantization: Quantization | None = None
    deviation: Deviation = field(default_factory=Deviation, compare=False)

    @property
    def layer(self) -> str:
        """The layer of the outermost model that it belongs to."""
        return self.weight.layer

    @property
    def size_bytes(self) -> int:
        """Size of the weight in the shards."""
        stored = self.quantization.item_bytes if self.quantization else None
        return _count(self.weight) * (stored or STORED_DTYPES[self.rule.target].itemsize)

    @property
    def start(self) -> int | None:
        """Where in the model file the stored bytes lie; ``None`` if they have to be computed."""
        source = self.weight.source
        place = source.place if isinstance(source, PlacedSource) else None
        is_stored_so = self.quantization is None and source.dtype == self.rule.target
        return place[0] if place and is_stored_so and place[1] == self.size_bytes else None

    def to_json(self) -> Json:
        """Return the weight's entry in the manifest."""
        shape = [int(size) for size in self.weight.source.shape]
        entry: Json = {"name": self.weight.name, "shape": shape, "dtype": self.rule.target}
        if self.quantization:
            entry["quantization"] = self.quantization.to_json()
        if self.weight.group:
            entry["group"] = self.weight.group
        return entry

    def stored_blocks(self, count_bytes: CountBytes) -> Iterator[npt.NDArray[Any]]:
        """Yield the weight's values as they lie in the shards.

        Raises
        ------
        KerasFileError
            If the source yields more or fewer values than its shape says.
        """
        for block in read_blocks(self.weight, self.rule, count_bytes):
            if self.quantization:
                stored = self.quantization.to_stored(block)
                self.deviation.add(block, self.quantization.decoded(stored))
                yield stored
            else:
                yield to_stored(block, self.rule.target)


def is_surveyed(rule: DtypeRule, variant: Variant) -> bool:
    """Return whether the values decide how a weight is stored, so that it is read twice."""
    return rule.may_overflow or (variant.is_quantized and rule.target == FLOAT32)


def work_bytes(weights: Sequence[LayersWeight], variant: Variant) -> int:
    """Return how many bytes are read from the sources while `weights` are written."""
    rules = ((weight, DTYPE_RULES.get(weight.source.dtype)) for weight in weights)
    return sum(
        _count(weight) * rule.item_bytes * (2 if is_surveyed(rule, _own(weight, variant)) else 1)
        for weight, rule in rules
        if rule
    )


def size_bytes(weights: Sequence[LayersWeight], variant: Variant) -> int:
    """Return the size of `weights` in a variant, as it is unless some cannot be quantized."""
    rules = ((weight, DTYPE_RULES.get(weight.source.dtype)) for weight in weights)
    return sum(_count(weight) * _item_bytes(rule.target, variant) for weight, rule in rules if rule)


def error_of_all(encodings: Sequence[WeightEncoding], variant: Variant) -> WeightError | None:
    """Return how far weights that were written are from the full ones, if they are quantized."""
    if not variant.is_quantized:
        return None
    count = sum(_count(encoding.weight) for encoding in encodings)
    return error_of((encoding.deviation for encoding in encodings), count)


def plan_encodings(
    weights: Sequence[LayersWeight],
    variant: Variant,
    count_bytes: CountBytes,
    *,
    known_problems: Sequence[ConversionProblem] = (),
) -> tuple[WeightEncoding, ...]:
    """Decide how each weight is stored.

    Raises
    ------
    ConversionError
        With all problems, `known_problems` first: dtypes that TF.js does not have, values that
        do not fit, a name given twice.
    """
    problems = [*known_problems, *_duplicate_problems(weights)]
    outcomes = [_plan(weight, _own(weight, variant), count_bytes) for weight in weights]
    problems.extend(outcome for outcome in outcomes if isinstance(outcome, ConversionProblem))
    if problems:
        raise ConversionError("the model cannot be written for TensorFlow.js", problems)
    return tuple(outcome for outcome in outcomes if isinstance(outcome, WeightEncoding))


def read_blocks(
    weight: LayersWeight, rule: DtypeRule, count_bytes: CountBytes
) -> Iterator[npt.NDArray[Any]]:
    """Yield the source's blocks, and check their total size against the shape.

    Raises
    ------
    KerasFileError
        The source yields more or fewer values than its shape says.
    """
    expected, seen = _count(weight), 0
    for block in weight.source.blocks(BLOCK_BYTES):
        seen += block.size
        if seen > expected:
            break
        yield block
        count_bytes(block.size * rule.item_bytes)
    if seen != expected:
        raise KerasFileError(
            f"the weight {weight.name!r} does not hold the {expected} values of its shape",
            hint="save the model again",
        )


def survey(blocks: Iterator[npt.NDArray[Any]]) -> tuple[float, float, bool]:
    """Return minimum and maximum of the finite values, and whether all values are finite.

    Integers stay Python integers, so no digit is lost. Without values, returns (0, 0, True).
    """
    low, high, all_finite = math.inf, -math.inf, True
    for block in filter(np.size, blocks):
        extent = _extent(block)
        if not all(map(math.isfinite, extent)):  # NaN is the extent of whatever holds it
            all_finite, finite = False, block[np.isfinite(block)]
            if not finite.size:
                continue
            extent = _extent(finite)
        low, high = min(low, extent[0]), max(high, extent[1])
    return (low, high, all_finite) if low <= high else (0, 0, all_finite)


def _extent(values: npt.NDArray[Any]) -> tuple[float, float]:
    with np.errstate(invalid="ignore"):
        return values.min().item(), values.max().item()


def _plan(
    weight: LayersWeight, variant: Variant, count_bytes: CountBytes
) -> WeightEncoding | ConversionProblem:
    rule = DTYPE_RULES.get(weight.source.dtype)
    if rule is None:
        return _dtype_problem(weight)
    if not is_surveyed(rule, variant):
        return WeightEncoding(weight=weight, rule=rule)
    low, high, all_finite = survey(read_blocks(weight, rule, count_bytes))
    for value in (low, high):
        if not fits(value, rule.target):
            return _range_problem(weight, rule, value)
    if rule.target != FLOAT32:
        return WeightEncoding(weight=weight, rule=rule)
    extent = Extent(
        minimum=float(np.float32(low)), maximum=float(np.float32(high)), all_finite=all_finite
    )
    quantization = choose_quantization(variant, extent)
    return WeightEncoding(weight=weight, rule=rule, quantization=quantization)


def _own(weight: LayersWeight, variant: Variant) -> Variant:
    """Return how a weight is stored in a variant of its model."""
    return weight.variant or variant


def _item_bytes(dtype: str, variant: Variant) -> int:
    is_quantized = variant.is_quantized and dtype == FLOAT32
    return stored_item_bytes(variant) if is_quantized else STORED_DTYPES[dtype].itemsize


def _count(weight: LayersWeight) -> int:
    return math.prod(int(size) for size in weight.source.shape)


def _dtype_problem(weight: LayersWeight) -> ConversionProblem:
    return ConversionProblem(
        code="unsupported-dtype",
        layer_path=weight.name,
        class_name="weight",
        message=f"its dtype {weight.source.dtype} does not exist in TensorFlow.js.",
        hint="Use float32, int32 or bool in that layer and save the model again.",
    )


def _range_problem(weight: LayersWeight, rule: DtypeRule, value: float) -> ConversionProblem:
    bounds = "-2147483648 to 2147483647" if rule.target == INT32 else "about ±3.4e38"
    return ConversionProblem(
        code="weight-out-of-range",
        layer_path=weight.name,
        class_name="weight",
        message=f"its value {value} does not fit {rule.target} ({bounds}), which TensorFlow.js "
        f"has instead of {weight.source.dtype}.",
        hint="Scale that weight into the range and save the model again.",
    )


def _duplicate_problems(weights: Sequence[LayersWeight]) -> list[ConversionProblem]:
    counts = Counter(weight.name for weight in weights)
    return [
        ConversionProblem(
            code="duplicate-weight-name",
            layer_path=name,
            class_name="weight",
            message=f"{count} weights have this name, and TensorFlow.js would keep only one.",
            hint="Give the layers different names and save the model again.",
        )
        for name, count in counts.items()
        if count > 1
    ]
