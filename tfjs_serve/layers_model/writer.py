"""From a :class:`LayersModel` to the files that ``tf.loadLayersModel`` reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

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
from tfjs_serve.layers_model.sharding import plan_shards
from tfjs_serve.settings import MODEL_JSON, ConversionOptions

OnProgress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


def write_layers_model(
    model: LayersModel, directory: Path, options: ConversionOptions, on_progress: OnProgress
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
    shards = _write_shards(encodings, directory, options.shard_size_bytes, count_bytes)
    document = layers_model_document(
        model, [shard.name for shard in shards], [encoding.to_json() for encoding in encodings]
    )
    contents = {name: text.encode("utf-8") for name, text in model.scripts.items()}
    contents[MODEL_JSON] = encode_document(document)
    written = [write_compressible(directory, name, data) for name, data in contents.items()]
    return (*distinct(shards), *chain.from_iterable(written))


def _write_shards(
    encodings: Sequence[WeightEncoding],
    directory: Path,
    limit_bytes: int,
    count_bytes: CountBytes,
) -> tuple[WrittenFile, ...]:
    sizes_bytes = plan_shards([encoding.size_bytes for encoding in encodings], limit_bytes)
    with ShardWriter(directory, sizes_bytes) as writer:
        for encoding in encodings:
            for block in encoding.stored_blocks(count_bytes):
                writer.write(memoryview(block.tobytes()))
        return writer.shards


def _counter(total_bytes: int, on_progress: OnProgress) -> CountBytes:
    done_bytes = 0

    def count_bytes(read_bytes: int) -> None:
        nonlocal done_bytes
        done_bytes += read_bytes
        on_progress(done_bytes, total_bytes)

    return count_bytes
