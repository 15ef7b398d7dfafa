"""Read the weights of a folder that was made for TensorFlow.js, one by one.

What is stored in fewer bits is restored as tfjs-core's ``io/io_utils.ts`` (``decodeWeight``) does
it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.errors import TfjsFolderError
from tfjs_serve.layers_model.model import Json

_STORED = {
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "int32": np.dtype("<i4"),
    "uint16": np.dtype("<u2"),
    "uint8": np.dtype("|u1"),
    "bool": np.dtype("|u1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a file: offset and size in bytes."""

    path: Path
    start: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWeight:
    """A weight of the folder; a :class:`~tfjs_serve.layers_model.model.TensorSource`.

    Attributes
    ----------
    dtype
        As a page has it: ``float32``, ``int32`` or ``bool``.
    group
        ``"optimizer"`` for the state of an optimizer.
    quantization
        As in the manifest; empty if the values are stored as they are.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    group: str
    quantization: Mapping[str, Json]
    pieces: tuple[Piece, ...]

    @property
    def is_rounded(self) -> bool:
        """Whether its values are not exactly those that it was made of."""
        return bool(self.quantization)

    def blocks(self, max_bytes: int) -> Iterator[npt.NDArray[Any]]:
        """Yield the values in C order as 1-D arrays of about `max_bytes` or less.

        Raises
        ------
        TfjsFolderError
            A file cannot be read, or has become shorter.
        """
        stored = _STORED[str(self.quantization.get("dtype", self.dtype))]
        step = max(1, max_bytes // stored.itemsize) * stored.itemsize
        rest = b""
        for piece in self.pieces:
            for block in _read(piece, step):
                data = rest + block
                whole = len(data) - len(data) % stored.itemsize
                rest = data[whole:]
                yield self._restored(np.frombuffer(data[:whole], stored))

    def _restored(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if not self.quantization:
            return block.astype(bool) if self.dtype == "bool" else block
        if "scale" not in self.quantization:
            return block.astype(np.float32)
        scale, low = float(self.quantization["scale"]), float(self.quantization["min"])
        return (block.astype(np.float64) * scale + low).astype(self.dtype)


def stored_weights(
    manifest: Sequence[Json], files: Sequence[Sequence[tuple[Path, int]]], shown: str
) -> tuple[StoredWeight, ...]:
    """Return the weights of a manifest that was checked.

    Parameters
    ----------
    files
        Path and size in bytes of the files of each group.
    shown
        What messages call the ``model.json``.

    Raises
    ------
    TfjsFolderError
        It has weights of strings or complex numbers.
    """
    found: list[StoredWeight] = []
    for group, its_files in zip(manifest, files, strict=True):
        start = 0
        for spec in group["weights"]:
            weight, size_bytes = _weight(spec, shown)
            found.append(
                StoredWeight(**weight, pieces=tuple(_pieces(its_files, start, size_bytes)))
            )
            start += size_bytes
    return tuple(found)


def _weight(spec: Mapping[str, Any], shown: str) -> tuple[dict[str, Any], int]:
    """Return what the manifest says of a weight, and how many bytes it has."""
    quantization = spec.get("quantization") or {}
    stored = _STORED.get(str(quantization.get("dtype", spec["dtype"])))
    if stored is None or spec["dtype"] not in ("float32", "int32", "bool"):
        raise TfjsFolderError(
            f"{shown}: the weight {spec['name'][:200]!r} consists of {str(spec['dtype'])[:40]}, "
            "which no layer of Keras has",
            hint="convert a layers model",
        )
    shape = tuple(spec["shape"])
    described = {
        "name": spec["name"],
        "shape": shape,
        "dtype": spec["dtype"],
        "group": str(spec.get("group") or ""),
        "quantization": quantization,
    }
    return described, math.prod(shape) * stored.itemsize


def _pieces(files: Sequence[tuple[Path, int]], start: int, size_bytes: int) -> Iterator[Piece]:
    """Yield where bytes lie in files that count as one."""
    end, offset = start + size_bytes, 0
    for path, length in files:
        first, last = max(start, offset), min(end, offset + length)
        if first < last:
            yield Piece(path=path, start=first - offset, size_bytes=last - first)
        offset += length


def _read(piece: Piece, step: int) -> Iterator[bytes]:
    left = piece.size_bytes
    try:
        with piece.path.open("rb") as file:
            file.seek(piece.start)
            while left and (block := file.read(min(step, left))):
                left -= len(block)
                yield block
    except OSError as error:
        raise TfjsFolderError(
            f"{piece.path.name} cannot be read: {error.strerror}", hint="check its permissions"
        ) from error
    if left:
        raise TfjsFolderError(
            f"{piece.path.name} changed while it was read", hint="wait until it is complete"
        )
