"""Windows that move over the spatial axes of a tensor: their steps, and the zeros around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfjs_serve.conversion.model.shapes import Size
from tfjs_serve.conversion.small_models.arithmetic import UnknownShapeError

Edges = Sequence[Sequence[int]]
"""How many steps are added, or cut off, before and after; a pair for each spatial axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The windows of a convolution or of pooling.

    Attributes
    ----------
    size, strides, dilation
        One number for each spatial axis.
    padding
        ``"valid"``, ``"same"`` or ``"causal"``.
    """

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: str

    @property
    def extent(self) -> tuple[int, ...]:
        """How many steps a window covers along each axis, including those that it skips."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.size, self.dilation, strict=True))

    @property
    def is_dilated(self) -> bool:
        """Whether windows skip steps. Those of a single step do not, whatever the dilation."""
        return self.extent != self.size

    @property
    def is_strided(self) -> bool:
        """Whether windows move by more than one step at a time."""
        return max(self.strides) > 1

    def edges(self, sizes: Sequence[Size]) -> list[list[int]]:
        """Return the numbers of zeros before and after each axis that the padding stands for.

        Parameters
        ----------
        sizes
            Spatial sizes of the tensor.

        Raises
        ------
        UnknownShapeError
            The numbers depend on a size that is not known.
        """
        return [
            padding_edges(self.padding, size, extent, stride)
            for size, extent, stride in zip(sizes, self.extent, self.strides, strict=True)
        ]


def padding_edges(padding: str, size: Size, extent: int, stride: int) -> list[int]:
    """Return how many zeros lie before and after one axis.

    ``padtype_to_pads`` in JAX does the same, and so does TensorFlow.

    Parameters
    ----------
    padding
        ``"valid"``, ``"same"`` or ``"causal"``.
    size
        Size of the axis; ``None`` if it is not known.
    extent
        How many steps a window covers.
    stride
        By how many steps windows move.

    Raises
    ------
    UnknownShapeError
        The numbers depend on the size, and it is not known.
    """
    if padding == "valid" or extent == 1 == stride:
        return [0, 0]
    if padding == "causal":
        return [extent - 1, 0]
    if stride == 1:
        total = extent - 1
    elif size is None:
        raise UnknownShapeError("a size of its input is not known")
    else:
        total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return [total // 2, total - total // 2]
