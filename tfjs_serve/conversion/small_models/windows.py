"""Windows that move over the spatial axes of a tensor: their steps, and the zeros around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfjs_serve.conversion.model.shapes import Size
from tfjs_serve.conversion.small_models.arithmetic import UnknownShapeError

Edges = Sequence[Sequence[int]]
"""How many steps lie before and after a tensor, or are cut off there; a pair for each axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The windows of a convolution; one number for each spatial axis.

    Attributes
    ----------
    padding
        ``"valid"``, ``"same"`` or ``"causal"``.
    """

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: str

    @property
    def extent(self) -> tuple[int, ...]:
        """How many steps a window covers, those that it skips among them."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.size, self.dilation, strict=True))

    @property
    def is_dilated(self) -> bool:
        """Whether it skips steps; one of a single step does not, whatever its dilation."""
        return self.extent != self.size

    @property
    def is_strided(self) -> bool:
        """Whether it moves by more than one step at a time."""
        return max(self.strides) > 1

    def edges(self, sizes: Sequence[Size]) -> list[list[int]]:
        """Return the zeros that the padding stands for around a tensor of the given sizes.

        Raises
        ------
        UnknownShapeError
            They depend on a size that is not known.
        """
        return [
            padding_edges(self.padding, size, extent, stride)
            for size, extent, stride in zip(sizes, self.extent, self.strides, strict=True)
        ]


def padding_edges(padding: str, size: Size, extent: int, stride: int) -> list[int]:
    """Return the zeros before and after one axis (``padtype_to_pads`` in JAX; TensorFlow too)."""
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
