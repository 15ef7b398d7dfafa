"""The weights of a folder that TF.js can load: their values, read when they are needed.

The values are what ``decodeWeight`` in tfjs-core's ``io/io_utils.ts`` makes of the bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tfjs_serve.layers_model.dtypes import BOOL, FLOAT32, INT32, STORED_DTYPES
from tfjs_serve.layers_model.manifests import WeightEntry, shown_name
from tfjs_serve.layers_model.model import Json
from tfjs_serve.layers_model.tfjs_source import SourceFile, TfjsSource, read_part, refuse

_QUANTIZED: Final[dict[str, np.dtype[Any]]] = {
    "float16": np.dtype("<f2"),
    "uint16": np.dtype("<u2"),
    "uint8": np.dtype("|u1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What the stored number 0 of a quantized weight stands for, and the step."""

    minimum: float
    step: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TfjsWeight:
    """One weight; a :class:`~tfjs_serve.layers_model.model.TensorSource` if it has numbers.

    Attributes
    ----------
    entry
        What the manifest says of it.
    dtype
        That of its values in TF.js.
    scale
        ``None`` if it is not stored as unsigned integers that stand for others.
    files, offset
        Where its bytes lie: the files of its group, taken one after the other.
    """

    entry: WeightEntry
    dtype: str
    scale: Scale | None
    files: tuple[SourceFile, ...]
    offset: int
    size_bytes: int

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def shape(self) -> tuple[int, ...]:
        return self.entry.shape

    @property
    def group(self) -> str:
        """``"optimizer"`` for the state of an optimizer."""
        return str(self.entry.json.get("group") or "")

    @property
    def is_quantized(self) -> bool:
        """Whether it is stored in fewer bits."""
        return "quantization" in self.entry.json

    @property
    def has_numbers(self) -> bool:
        """Whether :meth:`blocks` can be called."""
        return self.dtype in STORED_DTYPES

    def stored_blocks(self, max_bytes: int) -> Iterator[bytes]:
        """Yield the bytes as they are stored, in pieces of at most `max_bytes`."""
        left, skip = self.size_bytes, self.offset
        for file in self.files:
            if not left:
                return
            if skip >= file.size_bytes:
                skip -= file.size_bytes
                continue
            size = min(left, file.size_bytes - skip)
            yield from read_part(file, skip, size, max_bytes)
            left, skip = left - size, 0

    def blocks(self, max_bytes: int) -> Iterator[npt.NDArray[Any]]:
        """Yield the values in C order as 1-D arrays of about `max_bytes` or less."""
        stored = _QUANTIZED[self.entry.stored_dtype] if self.is_quantized else self._stored
        # A piece may end within a number, where a file does.
        rest = b""
        for block in self.stored_blocks(max_bytes):
            data = rest + block
            whole = len(data) // stored.itemsize * stored.itemsize
            rest = data[whole:]
            if whole:
                yield self._decoded(np.frombuffer(data[:whole], stored))

    @property
    def _stored(self) -> np.dtype[Any]:
        return STORED_DTYPES[self.dtype]

    def _decoded(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if self.scale is None:
            if self.is_quantized:
                return block.astype(np.float32)
            return block.astype(np.bool_) if self.dtype == BOOL else block
        with np.errstate(over="ignore", invalid="ignore"):
            values = block.astype(np.float64) * self.scale.step + self.scale.minimum
            if self.dtype == INT32:  # Math.round in JavaScript: halves go up
                return np.floor(values + 0.5).astype(np.int32)
            return values.astype(np.float32)


def tfjs_weights(source: TfjsSource) -> tuple[TfjsWeight, ...]:
    """Return the weights of a model, in the order of its manifest.

    Raises
    ------
    TfjsFolderError
        One of them is a text, whose size only its bytes tell, or has a quantization that TF.js
        does not know.
    """
    found = []
    for group, files in zip(source.groups, source.files, strict=True):
        sizes = [_size_bytes(source, weight) for weight in group.weights]
        for entry, offset, size in zip(
            group.weights, accumulate(sizes, initial=0), sizes, strict=False
        ):
            found.append(_weight(source, entry, files, (offset, size)))
    return tuple(found)


def numeric_weights(source: TfjsSource) -> tuple[TfjsWeight, ...]:
    """Return the weights of a model that has nothing but real numbers in them.

    Raises
    ------
    TfjsFolderError
        As :func:`tfjs_weights` does, or one has complex numbers.
    """
    weights = tfjs_weights(source)
    for weight in weights:
        if not weight.has_numbers:
            refuse(
                source.shown,
                f"has a weight, {shown_name(weight.entry)}, of {weight.dtype[:40]}, which no "
                "layer of Keras has",
                "convert a layers model",
            )
    return weights


def _size_bytes(source: TfjsSource, entry: WeightEntry) -> int:
    if entry.size_bytes is None:
        refuse(
            source.shown,
            f"has a weight of texts, {shown_name(entry)}, which can only be copied",
            "convert it without options for weights",
        )
    return entry.size_bytes


def _weight(
    source: TfjsSource, entry: WeightEntry, files: Sequence[SourceFile], place: tuple[int, int]
) -> TfjsWeight:
    dtype = str(entry.json.get("dtype"))
    return TfjsWeight(
        entry=entry,
        dtype=dtype,
        scale=_scale(source, entry, dtype),
        files=tuple(files),
        offset=place[0],
        size_bytes=place[1],
    )


def _scale(source: TfjsSource, entry: WeightEntry, dtype: str) -> Scale | None:
    quantization = entry.json.get("quantization")
    if quantization is None or (entry.stored_dtype == "float16" and dtype == FLOAT32):
        return None
    minimum, step = quantization.get("min"), quantization.get("scale")
    is_known = entry.stored_dtype in _QUANTIZED and dtype in (FLOAT32, INT32)
    if entry.stored_dtype == "float16" or not (
        is_known and _is_finite(minimum) and _is_finite(step)
    ):
        refuse(
            source.shown,
            f"has a weight, {shown_name(entry)}, with a quantization that TensorFlow.js does not "
            "know",
        )
    return Scale(minimum=float(minimum), step=float(step))


def _is_finite(value: Json) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)
