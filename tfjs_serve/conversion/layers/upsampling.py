"""UpSampling1D, 2D and 3D (``tfjs-layers/src/layers/convolutional.ts`` has only 2D)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from tfjs_serve.conversion.layers.image_resizing import CUBIC_WEIGHTS, NOT_ROUNDED, ROUNDS_SINCE
from tfjs_serve.conversion.model.facts import TensorFact
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.shapes import (
    Shape,
    channels_of,
    of_each,
    pair,
    spatial,
    with_channels,
)
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule
from tfjs_serve.conversion.rules.traits import Traits
from tfjs_serve.conversion.small_models.arithmetic import Lowering, Tensor, UnknownShapeError
from tfjs_serve.conversion.small_models.integers import all_integers, kept
from tfjs_serve.conversion.small_models.interpolation import METHODS, resizing_matrix
from tfjs_serve.conversion.small_models.or_companion import lower_or_companion
from tfjs_serve.conversion.small_models.resampling import LARGEST_MATRIX, resampled, stretched
from tfjs_serve.conversion.small_models.spatial import (
    pooled,
    repeated,
    with_first_channels,
    with_last_channels,
)
from tfjs_serve.conversion.small_models.windows import Windows

_TRAINING = {1: "", 2: "`nearest`, `bilinear`", 3: "what is lowered"}
_LONGEST = 1 << 13
"""The longest axis that fits into a browser's largest texture."""


def _enlarged(rank: int, config: Mapping[str, Json], shape: Shape) -> Shape:
    factors = pair(config.get("size", 2), rank)
    sizes = spatial(config, shape, lambda axis, size: size * factors[axis])
    return with_channels(config, shape, sizes, channels_of(config, shape))


def _up_sampling(rank: int) -> None:
    @rule(
        f"UpSampling{rank}D",
        shape=of_each(partial(_enlarged, rank)),
        outcome=Outcome.NATIVE if rank == 2 else Outcome.LOWERED,
        traits=Traits(dtypes=_dtypes, rank=rank + 2),
        support=Support(
            lowered=_LOWERED[rank], companion=_COMPANION[rank], training=_TRAINING[rank]
        ),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        read = context.read
        factors = read.integers("size", rank, 2)
        data_format = read.text("data_format", "channels_last")
        method = _method(context.layer)
        read.ignore("interpolation")
        if method not in METHODS:
            read.unsupported("interpolation", method, f"Use one of {', '.join(METHODS)}.")
        _check_sizes(context, method, data_format)
        # By a power of two, the weights are whole steps.
        if (
            method == "bicubic"
            and context.layer.generation >= 3
            and any(n & (n - 1) for n in factors)
        ):
            context.warn(CUBIC_WEIGHTS)
        rounds = _rounds(context, method, factors)
        exact = all(map(repeats_exactly, factors)) and not rounds
        if rank == 2 and method == "nearest" and exact:
            config = {"size": factors, "data_format": data_format, "interpolation": "nearest"}
            return context.native("UpSampling2D", config)

        def lower(low: Lowering) -> Tensor:
            if not exact:
                raise UnknownShapeError("TensorFlow.js repeats steps inexactly, and never rounds")
            x = with_last_channels(low, low.inputs[0], data_format, rank)
            y = _interpolated(low, x, factors, method, context.layer.generation)
            return with_first_channels(low, y, data_format, rank)

        arguments = {
            "factors": factors,
            "channels_first": data_format == "channels_first",
            "method": method,
            "in_float32": context.layer.generation < 3,
            "rounds": rounds,
        }
        return lower_or_companion(context, lower, "UpSampling", arguments)


def _check_sizes(context: LayerContext, method: str, data_format: str) -> None:
    """Refuse what the first releases of Keras 3 compute: sizes from the wrong axes."""
    is_wrong = (3,) <= context.layer.version < (3, 2)
    if is_wrong and method != "nearest" and data_format == "channels_first":
        context.problem(
            "unsupported-argument",
            "Keras 3.0 and 3.1 interpolate images with channels first to a wrong size.",
            "Save the model with Keras 3.2 or later, or use interpolation='nearest'.",
        )


def _method(layer: KerasLayer) -> str:
    """Return the interpolation; TensorFlow's "area" is the same as "nearest" when enlarging."""
    method = str(layer.config.get("interpolation") or "nearest").lower()
    return "nearest" if method == "area" else method


def _dtypes(layer: KerasLayer, inputs: Sequence[TensorFact]) -> tuple[str, ...]:
    """Return the dtype; if Keras 3 interpolates between integers, it rounds, unlike Keras 2."""
    keeps = layer.generation >= 3 or layer.config.get("interpolation") in (None, "nearest")
    return kept(layer, inputs) if keeps else ("float32",)


def _rounds(context: LayerContext, method: str, factors: Sequence[int]) -> bool:
    """Whether Keras rounds; report it where the companion would not round in the same way."""
    rounds = method != "nearest" and context.layer.generation >= 3 and all_integers(context)
    if rounds and context.layer.version < ROUNDS_SINCE:
        context.warn(NOT_ROUNDED)
        return False
    if rounds and not _rounds_alike(method, factors):
        context.no_integers()
    return rounds


def _rounds_alike(method: str, factors: Sequence[int]) -> bool:
    """Whether numbers in the middle between two integers are rounded as in Keras.

    If a factor is a power of two, the weights are exact; if it is odd, no number is in the middle.
    """
    return method == "bilinear" and all(
        factor % 2 or factor & (factor - 1) == 0 for factor in factors
    )


_LOWERED = {
    1: "Concatenate, Reshape",
    2: "bilinear: UpSampling2D and AveragePooling2D; other interpolations: Dense",
    3: "UpSampling2D",
}
_COMPANION = {
    1: "",
    2: "bicubic, lanczos and the like for large images or an unknown height or width; "
    "interpolation between integers, which Keras 3 rounds",
    3: "several unknown sizes",
}


def repeats_exactly(factor: int) -> bool:
    """Whether TF.js finds the pixel to repeat although it multiplies by the rounded inverse.

    For a few factors, such as 41, the inverse is rounded down. Then the first pixel of each group
    is that of the group before (``resize_nearest_neighbor_gpu.ts``; in JavaScript, 49 is such a
    factor).
    """
    indices = np.arange(0, _LONGEST, factor)
    found = [np.floor(indices.astype(kind) * kind(1 / factor)) for kind in (np.float32, np.float64)]
    return all(np.array_equal(one, indices // factor) for one in found)


def _interpolated(
    low: Lowering, x: Tensor, factors: Sequence[int], method: str, generation: int
) -> Tensor:
    if method == "nearest":
        return repeated(low, x, factors)
    if method == "bilinear":
        return _bilinear(low, x, factors)
    resample = partial(resizing_matrix, method, generation=generation)
    maps = []
    for size, factor in zip(x.shape[1:3], factors, strict=True):
        if size is None or size * size * factor > LARGEST_MATRIX:
            raise UnknownShapeError("a size of its input is not known")
        maps.append(stretched(size, size * factor, resample))
    return resampled(low, x, (1, 2), maps)


def _bilinear(low: Lowering, x: Tensor, factors: Sequence[int]) -> Tensor:
    """Return an image with new pixels between the centres of the old ones.

    A new pixel is the average of repeated pixels in a window as long as the factor. An even window
    has no centre, so it is replaced by a mean of the next smaller and the next larger one. Pooling
    leaves out what is outside of the image, which has the effect of clamping to its edge.
    """
    y = repeated(low, x, factors)
    for axis, factor in enumerate(factors):
        if factor % 2:
            y = _averaged(low, y, axis, factor)
            continue
        wide, narrow = _averaged(low, y, axis, factor + 1), _averaged(low, y, axis, factor - 1)
        share = (factor + 1) / (2 * factor)
        y = low.add(low.rescale(wide, share), low.rescale(narrow, 1 - share))
    return y


def _averaged(low: Lowering, image: Tensor, axis: int, size: int) -> Tensor:
    if size == 1:
        return image
    window = (size, 1) if axis == 0 else (1, size)
    one = (1, 1)
    return pooled(
        low, "Average", image, Windows(size=window, strides=one, dilation=one, padding="same")
    )


for _rank in (1, 2, 3):
    _up_sampling(_rank)
