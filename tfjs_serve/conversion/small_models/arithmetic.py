"""Arithmetic of tensors in a small model, which lowerings are written with.

The results are exact to the rounding of float32, and differentiable, as TF.js's own layers are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import broadcast, known_product
from tfjs_serve.conversion.model.sources import Array, constant, reshaped_source
from tfjs_serve.conversion.small_models.small_model import (
    SmallModel,
    Tensor,
    UnknownShapeError,
    common_shapes,
    known_size,
    known_sizes,
)
from tfjs_serve.layers_model.model import ArraySource, TensorSource

__all__ = [
    "Lowering",
    "Tensor",
    "UnknownShapeError",
    "common_shapes",
    "known_sizes",
]


class Lowering(SmallModel):
    """A small model under construction, with arithmetic.

    Shapes and axes count the batch axis.
    """

    def rescale(self, x: Tensor, scale: float, offset: float = 0.0) -> Tensor:
        """Return ``x * scale + offset``.

        Parameters
        ----------
        x
            A tensor of any shape.
        scale, offset
            The same for all numbers in `x`.
        """
        return self.layer("Rescaling", {"scale": scale, "offset": offset}, x, shape=x.shape)

    def activation(self, x: Tensor, name: str) -> Tensor:
        """Return an activation of `x` that TF.js computes, by TF.js's name."""
        return self.layer("Activation", {"activation": name}, x, shape=x.shape)

    def clip(self, x: Tensor, low: float, high: float) -> Tensor:
        """Return `x` limited to ``low..high``.

        Parameters
        ----------
        x
            A tensor of any shape.
        low, high
            The limits. Both may be infinite; if `high` is not above `low`, the result is `high`.
        """
        if high <= low:
            return self.rescale(x, 0.0, high)
        if low <= 0 <= high:
            # Shifting x to begin at zero would round numbers that are small in comparison to `low`.
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
        """Return the sum of the tensors, which are broadcast.

        Raises
        ------
        UnknownShapeError
            One has fewer axes than another, and several sizes that are not known.
        """
        return self._merged("Add", tensors)

    def multiply(self, *tensors: Tensor) -> Tensor:
        """Return the product of the tensors, broadcast; raises what :meth:`add` raises."""
        return self._merged("Multiply", tensors)

    def subtract(self, left: Tensor, right: Tensor) -> Tensor:
        """Return ``left - right``, broadcast; raises what :meth:`add` raises."""
        return self.add(left, self.rescale(right, -1.0))

    def merge(self, class_name: str, *tensors: Tensor) -> Tensor:
        """Return the ``Maximum``, ``Minimum`` or ``Average`` of the tensors, which are broadcast.

        Raises
        ------
        UnknownShapeError
            One has fewer axes than another, and several sizes that are not known.
        """
        return self._merged(class_name, tensors)

    def _merged(self, class_name: str, tensors: Sequence[Tensor]) -> Tensor:
        rank = max(len(tensor.shape) for tensor in tensors)
        # Tensors of fewer axes get theirs after the batch axis, so the layer gets one rank only.
        full = [
            self.reshape(x, (*(1,) * (rank - len(x.shape)), *x.shape[1:]))
            if len(x.shape) < rank
            else x
            for x in tensors
        ]
        shape = broadcast([tensor.shape for tensor in full])
        return self.layer(class_name, {}, *full, shape=shape)

    def concatenate(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        """Return tensors of equal rank joined along `axis`."""
        if len(tensors) == 1:
            return tensors[0]
        axis %= len(tensors[0].shape)
        return self.layer("Concatenate", {"axis": axis}, *tensors)

    def reshape(self, x: Tensor, target: Sequence[int | None]) -> Tensor:
        """Return `x` with other axes after the batch axis.

        Parameters
        ----------
        x
            A tensor of any shape.
        target
            The sizes without that of the batch axis. One may be ``None`` or -1: not known.

        Raises
        ------
        UnknownShapeError
            More than one size is not known.
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
        """Return `x` with its axes in another order, which begins with 0, the batch axis."""
        shape = tuple(x.shape[axis] for axis in order)
        return self.layer("Permute", {"dims": list(order[1:])}, x, shape=shape)

    def slice(self, x: Tensor, axis: int, start: int, length: int) -> Tensor:
        """Return some steps of `x` along one axis.

        Parameters
        ----------
        x
            A tensor of two or more axes.
        axis
            Any but the batch axis; may be negative.
        start, length
            The first step to keep, and how many.

        Raises
        ------
        UnknownShapeError
            The size along `axis` is not known, or several others are not.
        """
        axis %= len(x.shape)
        size = known_size(x.shape[axis])
        if (start, length) == (0, size):
            return x
        before, after = known_product(x.shape[1:axis]), known_product(x.shape[axis + 1 :])
        flat = self.reshape(x, (before, size, after))
        cut = self.cropped(flat, start, length)
        return self.reshape(cut, (*x.shape[1:axis], length, *x.shape[axis + 1 :]))

    def cropped(self, x: Tensor, start: int, length: int) -> Tensor:
        """Return some steps of a tensor of four axes along the third.

        Parameters
        ----------
        x
            A tensor of shape ``(batch, rows, steps, channels)``.
        start, length
            The first step to keep, and how many.

        Raises
        ------
        UnknownShapeError
            The number of steps is not known.
        """
        return self.crop_image(x, [[0, 0], [start, known_size(x.shape[2]) - start - length]])

    def crop_image(self, x: Tensor, edges: Sequence[Sequence[int]]) -> Tensor:
        """Return an image without its outermost rows and columns.

        Parameters
        ----------
        x
            A tensor of shape ``(batch, rows, columns, channels)``.
        edges
            How many rows are cut off before and after, and how many columns.
        """
        config = {"cropping": list(map(list, edges)), "data_format": "channels_last"}
        return self.layer("Cropping2D", config, x)

    def pad_image(self, x: Tensor, edges: Sequence[Sequence[int]]) -> Tensor:
        """Return an image with zeros around it.

        Parameters
        ----------
        x
            A tensor of shape ``(batch, rows, columns, channels)``.
        edges
            How many rows of zeros lie before and after, and how many columns.
        """
        config = {"padding": list(map(list, edges)), "data_format": "channels_last"}
        return self.layer("ZeroPadding2D", config, x)

    def dense(self, x: Tensor, kernel: Array, bias: Array | None = None) -> Tensor:
        """Return the product of the last axis with a constant matrix, which is not trained.

        Parameters
        ----------
        x
            A tensor of shape ``(batch, ..., inputs)``.
        kernel
            A matrix of shape ``(inputs, outputs)``.
        bias
            What is added to the product, of shape ``(outputs,)``.
        """
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
        """Return ``x * scale + offset``, with a scale and an offset for each channel.

        This is a depthwise convolution of one pixel, because TF.js's BatchNormalization would
        normalize by the batch while it is trained.

        Parameters
        ----------
        x
            A tensor of shape ``(batch, ..., channels)``, of two or more axes.
        scale, offset
            Weights of ``channels`` numbers. ``None`` stands for ones, and for zeros.
        trainable
            Whether they are trained. By default as the layer that is lowered.

        Raises
        ------
        UnknownShapeError
            The number of channels is not known, or several other sizes are not.
        ValueError
            A weight has another number of elements.
        """
        if scale is None and offset is not None and trainable is not False:
            # The ones would be trained, too; those that only zeros are multiplied by are not.
            nothing = self.rescale(x, 0.0)
            shift = self.affine(
                nothing, constant(np.ones(offset.shape)), offset, trainable=trainable
            )
            return self.add(x, shift)
        channels = known_size(x.shape[-1])
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
