"""From weights whose storage is decided to files, and the manifest that lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tfjs_serve.errors import ConversionError, ConversionProblem
from tfjs_serve.layers_model.digests import shard_name
from tfjs_serve.layers_model.encoding import CountBytes
from tfjs_serve.layers_model.files import ShardWriter
from tfjs_serve.layers_model.model import Json, WrittenFile
from tfjs_serve.layers_model.sharding import cut, plan_groups
from tfjs_serve.settings import MOST_SHARDS, ConversionOptions

CopyPieces = Callable[[Sequence[Sequence[tuple[int, int]]]], Sequence[str]]
"""Makes shards of pieces of the model file, each given by offset and size in bytes; returns their
digests (SHA-256, hexadecimal)."""


class Encoding(Protocol):
    """How one weight is stored."""

    @property
    def layer(self) -> str:
        """The layer of the outermost model that it belongs to."""

    @property
    def size_bytes(self) -> int:
        """Size in the shards."""

    @property
    def start(self) -> int | None:
        """Where in the model file the stored bytes lie; ``None`` if they have to be computed."""

    def to_json(self) -> Json:
        """Return the weight's entry in the manifest."""

    def stored_blocks(self, count_bytes: CountBytes) -> Iterator[npt.NDArray[Any]]:
        """Yield the weight's values as they lie in the shards."""


def write_weights(
    encodings: Sequence[Encoding],
    directory: Path,
    options: ConversionOptions,
    count_bytes: CountBytes,
    copy: CopyPieces | None = None,
) -> tuple[tuple[WrittenFile, ...], list[Json]]:
    """Write weights into a folder; return the shards, equal ones repeated, and the manifest.

    A model without weights has one group without paths and weights; TF.js then fetches nothing
    and accepts it, while a missing manifest would leave the weights at their initial values.

    Raises
    ------
    ConversionError
        There would be too many shards; nothing has been written then.
    KerasFileError
        If a weight does not hold the values of its shape.
    StoreError
        If the folder cannot be written to.
    """
    groups = _groups(encodings, by_layer=options.by_layer)
    planned = _plan(groups, options.shard_size_bytes)
    sizes_bytes = [size for sizes in planned for size in sizes]
    copied = _copy_shards(encodings, sizes_bytes, copy) if copy is not None else {}
    shards = _write_shards(encodings, directory, sizes_bytes, copied, count_bytes)
    manifest = [
        {
            "paths": [shard.name for shard in shards[start:end]],
            "weights": [encoding.to_json() for encoding in group],
        }
        for group, (start, end) in zip(
            groups, pairwise(accumulate(map(len, planned), initial=0)), strict=True
        )
    ]
    return shards, manifest


def _groups(encodings: Sequence[Encoding], *, by_layer: bool) -> list[list[Encoding]]:
    if not by_layer or not encodings:
        return [list(encodings)]
    return [list(group) for _, group in groupby(encodings, key=lambda one: one.layer)]


def _plan(groups: Sequence[Sequence[Encoding]], limit_bytes: int) -> tuple[tuple[int, ...], ...]:
    sizes = [[encoding.size_bytes for encoding in group] for group in groups]
    count = sum(map(sum, sizes)) // limit_bytes
    if count <= MOST_SHARDS:
        planned = plan_groups(sizes, limit_bytes)
        count = sum(map(len, planned))
        if count <= MOST_SHARDS:
            return planned
    problem = ConversionProblem(
        code="too-many-shards",
        layer_path="",
        class_name="Model",
        message=f"its weights would be cut into {count} files or more, of {limit_bytes} bytes.",
        hint="Give a larger --shard-size (weight_shard_size_bytes in Python): at most "
        f"{MOST_SHARDS} files are written.",
    )
    raise ConversionError("the model cannot be written for TensorFlow.js", [problem])


def _copy_shards(
    encodings: Sequence[Encoding], sizes_bytes: Sequence[int], copy: CopyPieces
) -> dict[int, WrittenFile]:
    """Have those shards made that need nothing but bytes of the model file; return them by index.

    Pieces that follow each other in the file are asked for as one.
    """
    shards = cut([encoding.size_bytes for encoding in encodings], sizes_bytes)
    wanted: dict[int, list[tuple[int, int]]] = {}
    for index, pieces in enumerate(shards):
        starts = [encodings[piece.weight].start for piece in pieces]
        if None not in starts:
            places = [
                ((start or 0) + piece.offset, piece.size_bytes)
                for start, piece in zip(starts, pieces, strict=True)
            ]
            wanted[index] = _joined(places)
    digests = copy(list(wanted.values())) if wanted else ()
    return {
        index: WrittenFile(name=shard_name(digest), size_bytes=sizes_bytes[index], sha256=digest)
        for index, digest in zip(wanted, digests, strict=True)
    }


def _joined(places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for offset, size_bytes in places:
        if joined and sum(joined[-1]) == offset:
            joined[-1] = (joined[-1][0], joined[-1][1] + size_bytes)
        else:
            joined.append((offset, size_bytes))
    return joined


def _write_shards(
    encodings: Sequence[Encoding],
    directory: Path,
    sizes_bytes: Sequence[int],
    copied: Mapping[int, WrittenFile],
    count_bytes: CountBytes,
) -> tuple[WrittenFile, ...]:
    shards = cut([encoding.size_bytes for encoding in encodings], sizes_bytes)
    written = (pieces for index, pieces in enumerate(shards) if index not in copied)
    needed = {piece.weight for pieces in written for piece in pieces}
    with ShardWriter(directory, sizes_bytes, copied) as writer:
        for index, encoding in enumerate(encodings):
            if index not in needed and encoding.start is not None:
                writer.skip(encoding.size_bytes)
                count_bytes(encoding.size_bytes)
                continue
            for block in encoding.stored_blocks(count_bytes):
                writer.write(block.view(np.uint8).data)
        return writer.shards
