"""The two programs that parity tests drive: the real server and the real TensorFlow.js.

A test saves a model, drops it into the served folder, and lets TensorFlow.js load it from there::

    def test_dense(served, node_tf, tmp_path):
        model.save(tmp_path / "dense.h5")
        expected = [np.asarray(model(x, training=False))]
        assert_same_predictions(served, node_tf, tmp_path / "dense.h5", [x], expected)

Both programs live as long as the test session (one pair per xdist worker), so a case pays for
neither's start. Nothing here knows Keras.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .node import Array, LoaderHungError, NodeTf, NodeTfError, Prediction
from .server import Response, ServedModels

__all__ = [
    "Array",
    "LoaderHungError",
    "NodeTf",
    "NodeTfError",
    "Prediction",
    "Response",
    "ServedModels",
    "assert_same_predictions",
    "compare",
    "difference",
]

DEFAULT_RTOL = 1e-5


def difference(expected: Array, actual: Array, rtol: float = DEFAULT_RTOL) -> str | None:
    """Say how `actual` differs from `expected`, or ``None`` if it is the same.

    Floats are the same when no element is off by more than `rtol` times the largest magnitude
    in `expected`: float32 sums taken in another order lose digits relative to their largest
    terms, not to a result that happens to be near zero. Infinities and NaN must be the same ones
    in the same places; integers and booleans must be equal.
    """
    if expected.shape != actual.shape:
        return f"shape {actual.shape} instead of {expected.shape}"
    if expected.dtype.kind != "f":
        return None if np.array_equal(expected, actual) else f"{actual} instead of {expected}"
    finite = np.isfinite(expected)
    if not np.array_equal(expected[~finite], actual[~finite], equal_nan=True):
        return "other infinities or NaN"
    wanted, got = expected[finite].astype(np.float64), actual[finite].astype(np.float64)
    scale = np.abs(wanted).max(initial=0.0)
    error = np.abs(got - wanted).max(initial=0.0)
    if error <= rtol * scale:  # false for NaN too
        return None
    return f"off by {error:.3g}, allowed are {rtol:g} of {scale:.3g}"


def compare(expected: Sequence[Array], actual: Sequence[Array], rtol: float = DEFAULT_RTOL) -> None:
    """Assert that two lists of outputs are the same; see :func:`difference` for what that means."""
    assert len(expected) == len(actual), f"{len(actual)} outputs instead of {len(expected)}"
    pairs = enumerate(zip(expected, actual, strict=True))
    problems = [
        f"output {index}: {problem}"
        for index, (wanted, got) in pairs
        if (problem := difference(np.asarray(wanted), got, rtol)) is not None
    ]
    assert not problems, "; ".join(problems)


def assert_same_predictions(
    served: ServedModels,
    node_tf: NodeTf,
    path: Path,
    inputs: Sequence[npt.ArrayLike],
    expected: Sequence[Array],
    *,
    rtol: float = DEFAULT_RTOL,
) -> Prediction:
    """Serve the model file at `path`, predict with TensorFlow.js, and compare with `expected`."""
    url = served.add(path)
    try:
        prediction = node_tf.predict(url, inputs)
    except NodeTfError as error:
        answer = served.get(url)
        told = answer.body.decode(errors="replace")[:2000]
        message = f"{error}\nThe server answers {url} with {answer.status}: {told}"
        raise AssertionError(message) from error
    compare(expected, prediction.outputs, rtol)
    return prediction
