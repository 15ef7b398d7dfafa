"""From a :class:`LayersModel` to the files that ``tf.loadLayersModel`` reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from tfjs_serve.layers_model.digests import shard_name
from tfjs_serve.layers_model.documents import (
    encode_document,
    find_document_problems,
    layers_model_document,
)
from tfjs_serve.layers_model.encoding import (
    CountBytes,
    WeightEncoding,
    plan_encodings,
    work_bytes,
)
from tfjs_serve.layers_model.files import ShardWriter, distinct, write_compressible
from tfjs_serve.layers_model.model import LayersModel, WrittenFile
from tfjs_serve.layers_model.sharding import cut, plan_shards
from tfjs_serve.settings import MODEL_JSON, ConversionOptions

OnProgress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


CopyPieces = Callable[[Sequence[Sequence[tuple[int, int]]]], Sequence[str]]
"""Makes shards of pieces of the model file, each given by offset and size in bytes; returns their
digests (SHA-256, hexadecimal)."""


def write_layers_model(
    model: LayersModel,
    directory: Path,
    options: ConversionOptions,
    on_progress: OnProgress,
    copy: CopyPieces | None = None,
) -> tuple[WrittenFile, ...]:
    """Write `model` into an empty folder: shards, scripts, and ``model.json``.

    The same model and options give the same bytes. Memory use does not grow with the model, because
    weights pass through in blocks. Shards are named by their digests alone.

    Parameters
    ----------
    directory
        An existing, empty folder.
    on_progress
        Called with the bytes of weights read so far, and in total. Weights whose values decide how
        they are stored are read, and counted, twice.
    copy
        Makes the shards whose bytes lie in the model file as they are, somewhere else than in
        `directory`. Without it, they are written as all others.

    Returns
    -------
    tuple[WrittenFile, ...]
        Each file once: shards in order, scripts, then ``model.json``. After each script and
        after ``model.json`` come its compressed forms, ``.gz`` and ``.br``.

    Raises
    ------
    ConversionError
        With all problems: dtypes or values that TF.js cannot hold, NaN in the topology.
        Nothing has been written then.
    KerasFileError
        If a weight does not hold the values of its shape.
    StoreError
        If the folder cannot be written to.
    """
    count_bytes = _counter(work_bytes(model.weights, options.variant), on_progress)
    encodings = plan_encodings(
        model.weights,
        options.variant,
        count_bytes,
        known_problems=find_document_problems(model),
    )
    limit_bytes = options.shard_size_bytes
    sizes_bytes = plan_shards([encoding.size_bytes for encoding in encodings], limit_bytes)
    copied = _copy_shards(encodings, sizes_bytes, copy) if copy is not None else {}
    shards = _write_shards(encodings, directory, sizes_bytes, copied, count_bytes)
    document = layers_model_document(
        model, [shard.name for shard in shards], [encoding.to_json() for encoding in encodings]
    )
    documents = write_compressible(directory, MODEL_JSON, encode_document(document))
    return (*distinct(shards), *documents)


def check_layers_model(model: LayersModel, options: ConversionOptions) -> None:
    """Find what would keep `model` from being written; only weights that decide it are read.

    Raises
    ------
    ConversionError, KerasFileError
        As :func:`write_layers_model` does, besides those about weights that need no look.
    """
    plan_encodings(
        model.weights,
        options.variant,
        lambda _read_bytes: None,
        known_problems=find_document_problems(model),
    )


def _copy_shards(
    encodings: Sequence[WeightEncoding], sizes_bytes: Sequence[int], copy: CopyPieces
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
    encodings: Sequence[WeightEncoding],
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


def _counter(total_bytes: int, on_progress: OnProgress) -> CountBytes:
    done_bytes = 0

    def count_bytes(read_bytes: int) -> None:
        nonlocal done_bytes
        done_bytes += read_bytes
        on_progress(done_bytes, total_bytes)

    return count_bytes
