"""Restores the kernels of quantized Dense and EinsumDense layers to floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.model.sources import Array, Weights, computed_source
from tfjs_serve.conversion.small_models.einsum import Equation, parsed
from tfjs_serve.conversion.stored import quantized_weights as numbers
from tfjs_serve.layers_model.model import TensorSource

_PACKED_BY_OUTPUTS = (3, 14)
"""Since this version, the two numbers in a byte are neighbours along the last axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How a layer is quantized.

    Attributes
    ----------
    name
        The method: ``"int8"``, ``"int4"``, ``"float8"``, ``"gptq"`` or ``"awq"``.
    is_grouped
        Whether each group of inputs has a scale and a zero of its own.
    is_packed
        Whether a byte has two numbers of gptq or awq: only those of four bits are packed.
    """

    name: str
    is_grouped: bool
    is_packed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedKernel:
    """The kernel of one quantized layer.

    Attributes
    ----------
    saved
        The layer as the file has it.
    weights
        Its weights by the names in the file.
    mode
        How it is quantized.
    shape
        Shape of its input, counting the batch axis; ``None`` if it is not known.
    """

    saved: KerasLayer
    weights: Weights
    mode: Mode
    shape: Shape | None

    def source(self) -> TensorSource:
        """Return the kernel as floats.

        Raises
        ------
        ValueError
            The shape of the input is not known, and the kernel cannot be restored without it.
        """
        kernel, scale = self.weights["kernel"], self.weights["kernel_scale"]
        if self.mode.name == "int8":
            return numbers.divided(kernel, scale, self._scale_shape(kernel.shape))
        if self.mode.name == "int4":
            return self._int4_kernel(kernel, scale)
        return self._transposed_kernel(kernel, scale)

    def _scale_shape(self, kernel_shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape in which scales fit the kernel; they have the shape of outputs."""
        if self.saved.class_name == "Dense":
            return (1, kernel_shape[-1])
        equation = self.equation()
        return tuple(
            size if axis in equation.output else 1
            for axis, size in zip(equation.kernel, kernel_shape, strict=True)
        )

    def equation(self) -> Equation:
        """Return the equation of an EinsumDense.

        Raises
        ------
        ValueError
            The shape of the input is not known, or it is no equation of EinsumDense.
        """
        if self.shape is None:
            raise ValueError("the shape of the input of a quantized layer is not known")
        return parsed(str(self.saved.config["equation"]), len(self.shape))

    def _int4_kernel(self, kernel: TensorSource, scale: TensorSource) -> TensorSource:
        shape = self._kernel_shape()
        if not self._is_packed_by_outputs(kernel, shape):
            return self._int4_kernel_by_inputs(kernel, scale, shape)
        rows, columns = kernel.shape[0], int(scale.shape[-1])
        target = shape or (rows, columns)
        sources = [kernel, scale]
        if self.mode.is_grouped:
            sources += [self.weights["kernel_zero"], self.weights["g_idx"]]

        def compute(packed: Array, s: Array, *rest: Array) -> Array:
            found = numbers.unpacked(packed, 1, columns, True)
            made = numbers.of_groups(found, s, *rest, axis=0) if rest else found / s.reshape(1, -1)
            return made.reshape(target)

        return computed_source(compute, *sources, shape=target)

    def _int4_kernel_by_inputs(
        self, kernel: TensorSource, scale: TensorSource, shape: tuple[int, ...] | None
    ) -> TensorSource:
        """Restore a kernel of Keras 3.11 to 3.13: bytes have two neighbours along a summed axis."""
        if shape is None:
            raise ValueError("the shape of the input of a quantized layer is not known")
        axis = next(
            index for index, (a, b) in enumerate(zip(kernel.shape, shape, strict=True)) if a != b
        )
        fits = self._scale_shape(shape)
        return computed_source(
            lambda packed, s: numbers.unpacked(packed, axis, shape[axis], True) / s.reshape(fits),
            kernel,
            scale,
            shape=shape,
        )

    def _is_packed_by_outputs(self, kernel: TensorSource, shape: tuple[int, ...] | None) -> bool:
        if self.saved.class_name == "Dense" and shape is not None and kernel.shape[0] != shape[0]:
            return False
        return self.saved.version >= _PACKED_BY_OUTPUTS

    def _kernel_shape(self) -> tuple[int, ...] | None:
        """Return the shape of the kernel before it was packed, if the input's shape tells it."""
        if self.shape is None:
            return None
        if self.saved.class_name == "Dense":
            sizes: list[int | None] = [self.shape[-1], int(self.saved.config["units"])]
        else:
            equation = self.equation()
            given = self.saved.config["output_shape"]
            known = dict(zip(equation.source, self.shape, strict=True))
            outputs = given if isinstance(given, list) else [given]
            ends = zip(reversed(equation.output), reversed(outputs), strict=False)
            known |= {axis: size for axis, size in ends if size is not None}
            sizes = [known.get(axis) for axis in equation.kernel]
        return tuple(size for size in sizes if size is not None) if None not in sizes else None

    def _transposed_kernel(self, kernel: TensorSource, scale: TensorSource) -> TensorSource:
        """gptq and awq save kernels with the outputs first, and in groups of inputs."""
        units, inputs = int(scale.shape[0]), kernel.shape[1]
        shape = self._kernel_shape() or (inputs, units)
        sources = [kernel, scale, self.weights["kernel_zero"], self.weights["g_idx"]]
        if self.mode.name == "awq":
            sources.append(self.weights["awq_scales"])

        def compute(saved: Array, s: Array, z: Array, g: Array, *awq: Array) -> Array:
            found = numbers.unpacked(saved, 0, units, False) if self.mode.is_packed else saved
            made = numbers.of_groups(found.astype(np.float32), s, z, g, axis=-1).T
            return np.asarray(made / awq[0][:, None] if awq else made).reshape(shape)

        return computed_source(compute, *sources, shape=shape)
