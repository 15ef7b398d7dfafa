"""Restores the tables of quantized embeddings to floats.

Source: ``embedding.py`` and ``reversible_embedding.py`` in ``keras/src/layers/core``.
"""

from __future__ import annotations

from dataclasses import dataclass

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.sources import Array, Weights, computed_source
from tfjs_serve.conversion.stored import quantized_weights as numbers
from tfjs_serve.conversion.stored.quantized_kernels import Mode
from tfjs_serve.layers_model.model import TensorSource


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizedEmbedding:
    """The tables of one quantized layer.

    Attributes
    ----------
    saved
        The layer as the file has it.
    weights
        Its weights by the names in the file.
    mode
        How it is quantized.
    """

    saved: KerasLayer
    weights: Weights
    mode: Mode

    def tables(self) -> dict[str, TensorSource]:
        """Return the weights as floats, by the names that the rules know."""
        found = {"embeddings": self._embeddings()}
        if "reverse_embeddings" in self.weights:
            found["reverse_embeddings"] = self._reverse_embeddings()
        return found

    @property
    def _width(self) -> int:
        return int(self.saved.config["output_dim"])

    def _embeddings(self) -> TensorSource:
        """Return the table ``(input_dim, output_dim)``; each row has a scale, or one per group."""
        table, scale = self.weights["embeddings"], self.weights["embeddings_scale"]
        if self.mode.name == "int8":
            return numbers.divided(table, scale, (table.shape[0], 1))
        width = self._width
        shape = (table.shape[0], width)
        if not self.mode.is_grouped:
            return computed_source(
                lambda packed, s: numbers.unpacked(packed, -1, width, True) / s[:, None],
                table,
                scale,
                shape=shape,
            )
        zero, groups = self.weights["embeddings_zero"], self.weights["g_idx"]

        def compute(packed: Array, s: Array, z: Array, g: Array) -> Array:
            return numbers.of_groups(numbers.unpacked(packed, -1, width, True), s, z, g, axis=-1)

        return computed_source(compute, table, scale, zero, groups, shape=shape)

    def _reverse_embeddings(self) -> TensorSource:
        """Return the table ``(output_dim, input_dim)`` of a layer with two of them."""
        table = self.weights["reverse_embeddings"]
        scale = self.weights["reverse_embeddings_scale"]
        if self.mode.name == "int8":
            return numbers.divided(table, scale, (1, table.shape[1]))
        width = self._width
        shape = (width, table.shape[1])
        if not self.mode.is_grouped:
            return computed_source(
                lambda packed, s: numbers.unpacked(packed, 0, width, True) / s[None, :],
                table,
                scale,
                shape=shape,
            )
        zero, groups = self.weights["reverse_embeddings_zero"], self.weights["g_idx"]

        def compute(packed: Array, s: Array, z: Array, g: Array) -> Array:
            return numbers.of_groups(numbers.unpacked(packed, 0, width, True), s, z, g, axis=0)

        return computed_source(compute, table, scale, zero, groups, shape=shape)
