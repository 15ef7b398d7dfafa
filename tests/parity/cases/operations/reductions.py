"""Functions that reduce axes: sums, extremes, statistics."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.functions import Function, of_truths, operations
from tests.parity.cases.inputs import with_infinities, with_nan

_NAMES = ("sum", "prod", "mean", "max", "min", "std", "var", "logsumexp", "median")
_NAN = (
    *("nansum", "nanmean", "nanmax", "nanmin", "nanstd", "nanvar", "nanprod", "nanmedian"),
    *("nanargmax", "nanargmin"),
)


def _over(name: str, axis: object, keepdims: bool = False) -> Function:
    return lambda ops, x: getattr(ops, name)(x, axis=axis, keepdims=keepdims)


def over_axes(*names: str) -> dict[str, Function]:
    """Return each reduction over several choices of axes."""
    choices: dict[str, tuple[object, bool]] = {
        "last": (-1, False),
        "last-kept": (-1, True),
        "middle": (1, False),
        "two": ((1, 2), False),
        "two-kept": ((1, 2), True),
        "apart": ((1, 3), False),
        "rest": ((1, 2, 3), False),
        "batch": (0, False),
        "all": (None, False),
        "all-kept": (None, True),
    }
    return {
        f"{name}-{label}": _over(name, *choice)
        for name in names
        for label, choice in choices.items()
    }


WHOLE: dict[str, Function] = {
    "mean": lambda ops, x, y: ops.mean(x, axis=1) + ops.sum(y, axis=1),
}
TRUTHS: dict[str, Function] = {
    "sum": lambda ops, x, y: ops.sum(x, axis=1) + ops.sum(y, axis=1),
    "mean": lambda ops, x, y: ops.mean(x, axis=1) + ops.mean(y, axis=1),
}
WITH_NAN: dict[str, Function] = {
    **{name: _over(name, 1) for name in _NAN},
    "nanquantile": lambda ops, x: ops.nanquantile(x, 0.3, axis=1),
    "nanpercentile": lambda ops, x: ops.nanpercentile(x, 30, axis=1, keepdims=True),
}
STATISTICS: dict[str, Function] = {
    "amax": lambda ops, x: ops.amax(x, axis=1),
    "amin": lambda ops, x: ops.amin(x, axis=-1, keepdims=True),
    "max-initial": lambda ops, x: ops.max(x, axis=1, initial=0.7),
    "min-initial": lambda ops, x: ops.min(x, axis=1, initial=-0.7),
    "any": lambda ops, x: ops.any(x > 0.5, axis=1),
    "any-float": lambda ops, x: ops.any(x, axis=-1),
    "all": lambda ops, x: ops.all(x > -0.5, axis=(1, 2), keepdims=True),
    "count_nonzero": lambda ops, x: ops.count_nonzero(ops.round(x), axis=1),
    "average": lambda ops, x: ops.average(x, axis=1),
    "average-weights": lambda ops, x: ops.average(
        x, axis=2, weights=np.array([1.0, 2.0, 3.0], "float32")
    ),
    "ptp": lambda ops, x: ops.ptp(x, axis=1),
    "quantile": lambda ops, x: ops.quantile(x, 0.3, axis=1),
    "quantile-several": lambda ops, x: ops.quantile(x, [0.1, 0.5, 0.9], axis=(1, 2)),
    "percentile-lower": lambda ops, x: ops.percentile(x, 30, axis=1, method="lower"),
    "quantile-nearest": lambda ops, x: ops.quantile(x, 0.3, axis=1, method="nearest"),
    "quantile-kept": lambda ops, x: ops.quantile(x, 0.7, axis=-1, keepdims=True),
    "moments": lambda ops, x: ops.moments(x, axes=[1, 2]),
    "moments-kept": lambda ops, x: ops.moments(x, axes=[-1], keepdims=True),
    "trapezoid": lambda ops, x: ops.trapezoid(x, dx=0.5, axis=1),
}
FREE: dict[str, Function] = {
    "mean": lambda ops, x: ops.mean(x, axis=(1, 2)),
    "mean-kept": lambda ops, x: ops.mean(x, axis=(1, 2), keepdims=True),
    "sum": lambda ops, x: ops.sum(x, axis=1),
}
SEGMENTS: dict[str, Function] = {
    "segment_sum": lambda ops, x: ops.segment_sum(ops.cast(x, "float32")[0], x[0], 6),
    "segment_prod": lambda ops, x: ops.segment_prod(ops.cast(x, "float32")[0], x[0], 6),
}
EMPTY_SEGMENTS: dict[str, Function] = {
    "segment_min": lambda ops, x: ops.segment_min(ops.cast(x, "float32")[0], x[0], 6),
    "segment_max": lambda ops, x: ops.segment_max(ops.cast(x, "float32"), x[:, 0], 5),
}
POSITIONS: dict[str, Function] = {
    "argmax": lambda ops, x: ops.argmax(x, axis=-1),
    "argmax-kept": lambda ops, x: ops.argmax(x, axis=1, keepdims=True),
    "argmin": lambda ops, x: ops.argmin(x, axis=1),
    "argmax-flat": lambda ops, x: ops.argmax(x),
}

CASES = [
    *operations("reduce", over_axes(*_NAMES), (2, 3, 4)),
    *operations("nan", WITH_NAN, (9, 4), inputs=with_nan),
    *operations("few", {"nanquantile": WITH_NAN["nanquantile"]}, (2, 9), inputs=with_nan),
    *operations(
        "infinite", {k: _over(k, -1) for k in ("max", "min")}, (4,), inputs=with_infinities
    ),
    *operations("whole", WHOLE, (3, 4), (3, 4), dtype="int32"),
    *operations("truths", of_truths(TRUTHS), (3, 4), (3, 4)),
    *operations("statistics", STATISTICS, (2, 3, 4)),
    *operations("free-shape", FREE, (None, None, 3)),
    *operations("free-time", {"sum": FREE["sum"]}, (None, 3)),
    *operations("indices", SEGMENTS, (3,), dtype="int32"),
    *operations("indices", EMPTY_SEGMENTS, (3,), dtype="int32", by_tensorflow=True),
    *operations("order", POSITIONS, (3, 4)),
]
