"""Losses as functions (``keras/src/ops/nn.py``)."""

from __future__ import annotations

from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.shapes import reduced
from tfjs_serve.conversion.operations.signatures import operation


@operation("binary_crossentropy")
def binary_crossentropy(target: Operand, output: Operand, /, from_logits: bool = False) -> Operand:
    """A loss for each element."""
    return Operand(shape=output.shape, dtype=output.dtype)


@operation("categorical_crossentropy", "sparse_categorical_crossentropy")
def categorical_crossentropy(
    target: Operand, output: Operand, /, from_logits: bool = False, axis: int = -1
) -> Operand:
    """A loss for each sample, from the classes along an axis."""
    return Operand(shape=reduced(output.shape, axis), dtype=output.dtype)
