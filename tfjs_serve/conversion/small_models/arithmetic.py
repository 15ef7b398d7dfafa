"""What lowerings are written with: arithmetic of tensors in a small model.

Exact to the rounding of float32, and differentiable, as TF.js's own layers are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import broadcast, known_product
from tfjs_serve.conversion.model.sources import Array, constant, reshaped_source
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.small_models.small_model import (
    SmallModel,
    Tensor,
    UnknownShapeError,
    common_shapes,
)
from tfjs_serve.layers_model.model import ArraySource, TensorSource

__all__ = [
    "Lowering",
    "Tensor",
    "UnknownShapeError",
    "common_shapes",
    "known_sizes",
    "lower_or_companion",
]


class Lowering(SmallModel):
    """A small model under construction, with arithmetic; shapes count the batch axis."""

    def rescale(self, x: Tensor, scale: float, offset: float = 0.0) -> Tensor:
        """Return ``x * scale + offset``."""
        return self.layer("Rescaling", {"scale": scale, "offset": offset}, x, shape=x.shape)

    def activation(self, x: Tensor, name: str) -> Tensor:
        """Return one of TF.js's own activations of `x`."""
        return self.layer("Activation", {"activation": name}, x, shape=x.shape)

    def clip(self, x: Tensor, low: float, high: float) -> Tensor:
        """Return `x` limited to ``low..high``, either of which may be infinite."""
        if high <= low:
            return self.rescale(x, 0.0, high)
        if low <= 0 <= high:
            # Shifting x to begin at zero would round numbers that are small beside `low`.
            above = self._limited(x, high)
            return (
                self.subtract(above, self._limited(self.rescale(x, -1.0), -low)) if low else above
            )
        if low > 0:
            return self.rescale(self._limited(self.rescale(x, 1.0, -low), high - low), 1.0, low)
        below = self._limited(self.rescale(x, -1.0, high), high - low)
        return self.rescale(below, -1.0, high)

    def _limited(self, x: Tensor, most: float) -> Tensor:
        """Return `x` limited to ``0..most``."""
        config = {} if math.isinf(most) else {"max_value": most}
        return self.layer("ReLU", config, x, shape=x.shape)

    def add(self, *tensors: Tensor) -> Tensor:
        """Return the sum, broadcast."""
        return self._merged("Add", tensors)

    def multiply(self, *tensors: Tensor) -> Tensor:
        """Return the product, broadcast."""
        return self._merged("Multiply", tensors)

    def subtract(self, left: Tensor, right: Tensor) -> Tensor:
        """Return ``left - right``, broadcast."""
        return self.add(left, self.rescale(right, -1.0))

    def merge(self, class_name: str, *tensors: Tensor) -> Tensor:
        """Return ``Maximum``, ``Minimum`` or ``Average`` of the tensors, broadcast."""
        return self._merged(class_name, tensors)

    def _merged(self, class_name: str, tensors: Sequence[Tensor]) -> Tensor:
        rank = max(len(tensor.shape) for tensor in tensors)
        # TF.js takes the first axis after the batch for the missing one, Keras the last ones.
        full = [
            self.reshape(x, (*(1,) * (rank - len(x.shape)), *x.shape[1:]))
            if len(x.shape) < rank
            else x
            for x in tensors
        ]
        shape = broadcast([tensor.shape for tensor in full])
        return self.layer(class_name, {}, *full, shape=shape)

    def concatenate(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        """Join tensors of equal rank along `axis`, which counts the batch axis."""
        if len(tensors) == 1:
            return tensors[0]
        axis %= len(tensors[0].shape)
        return self.layer("Concatenate", {"axis": axis}, *tensors)

    def reshape(self, x: Tensor, target: Sequence[int | None]) -> Tensor:
        """Return `x` with other axes after the batch axis; one of them may be unknown.

        Raises
        ------
        UnknownShapeError
            More than one is unknown.
        """
        unknown = [index for index, size in enumerate(target) if size in (None, -1)]
        if len(unknown) > 1:
            raise UnknownShapeError("several sizes are not known")
        shape: list[int | None] = [None if size == -1 else size for size in target]
        total = known_product(x.shape[1:])
        if unknown and total is not None:
            rest = known_product([size for size in shape if size is not None])
            shape[unknown[0]] = total // rest if rest else 0
        written = [-1 if size is None else size for size in shape]
        full = (x.shape[0], *shape)
        return self.layer("Reshape", {"target_shape": written}, x, shape=full)

    def permute(self, x: Tensor, order: Sequence[int]) -> Tensor:
        """Return `x` with its axes in another order; `order` counts the batch axis as 0."""
        shape = tuple(x.shape[axis] for axis in order)
        return self.layer("Permute", {"dims": list(order[1:])}, x, shape=shape)

    def slice(self, x: Tensor, axis: int, start: int, length: int) -> Tensor:
        """Return `length` steps of `x` along `axis` (not the batch axis) from `start` on."""
        axis %= len(x.shape)
        size = _known(x.shape[axis])
        if (start, length) == (0, size):
            return x
        before, after = known_product(x.shape[1:axis]), known_product(x.shape[axis + 1 :])
        flat = self.reshape(x, (before, size, after))
        cut = self.cropped(flat, start, length)
        return self.reshape(cut, (*x.shape[1:axis], length, *x.shape[axis + 1 :]))

    def cropped(self, x: Tensor, start: int, length: int) -> Tensor:
        """Return `length` steps from `start` on of the third of four axes."""
        crop = [[0, 0], [start, _known(x.shape[2]) - start - length]]
        return self.layer("Cropping2D", {"cropping": crop, "data_format": "channels_last"}, x)

    def dense(self, x: Tensor, kernel: Array, bias: Array | None = None) -> Tensor:
        """Return the product of the last axis with a constant matrix."""
        config: dict[str, Json] = {"units": kernel.shape[1], "use_bias": bias is not None}
        weights = {"kernel": constant(kernel)}
        if bias is not None:
            weights["bias"] = constant(bias)
        return self.layer("Dense", config, x, weights=weights, trainable=False)

    def affine(
        self,
        x: Tensor,
        scale: TensorSource | None,
        offset: TensorSource | None,
        *,
        trainable: bool | None = None,
    ) -> Tensor:
        """Return ``x * scale + offset`` with one number of each for each step of the last axis.

        A depthwise convolution of one pixel, because TF.js's BatchNormalization would normalize
        by the batch while it is trained. Works for any rank of two or more.
        """
        channels = _known(x.shape[-1])
        image = x if len(x.shape) == 4 else self.reshape(x, (None, 1, channels))
        kernel = scale or ArraySource(np.ones(channels, np.float32))
        weights: dict[str, TensorSource] = {
            "depthwise_kernel": reshaped_source(kernel, (1, 1, channels, 1))
        }
        if offset is not None:
            weights["bias"] = reshaped_source(offset, (channels,))
        config = {"kernel_size": [1, 1], "use_bias": offset is not None, "padding": "valid"}
        done = self.layer(
            "DepthwiseConv2D",
            config,
            image,
            weights=weights,
            trainable=trainable,
            shape=image.shape,
        )
        return done if image is x else self.reshape(done, x.shape[1:])


def lower_or_companion(
    context: LayerContext,
    lower: Callable[[Lowering], Tensor | Sequence[Tensor]],
    class_name: str,
    arguments: Mapping[str, Json],
) -> TfjsLayer:
    """Return the small model that `lower` builds, or a companion where sizes are not known.

    Parameters
    ----------
    lower
        Gets an empty small model and returns its output or outputs.
    class_name, arguments
        Of the companion; see ``LayerContext.companion``.
    """
    try:
        lowering = Lowering(context)
        made = lower(lowering)
    except UnknownShapeError:
        return context.companion(class_name, arguments)
    return lowering.model(*([made] if isinstance(made, Tensor) else made))


def _known(size: int | None) -> int:
    if size is None:
        raise UnknownShapeError("a size of its input is not known")
    return size


def known_sizes(sizes: Sequence[int | None]) -> tuple[int, ...]:
    """Return sizes that must all be known.

    Raises
    ------
    UnknownShapeError
        One is not.
    """
    return tuple(map(_known, sizes))
