"""From a :class:`LayersModel` to the files that ``tf.loadLayersModel`` reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.facts.weight_error import WeightError
from tfjs_serve.layers_model.by_name import find_name_problems, with_variants
from tfjs_serve.layers_model.documents import (
    encode_document,
    find_document_problems,
    layers_model_document,
)
from tfjs_serve.layers_model.encoding import (
    CountBytes,
    WeightEncoding,
    error_of_all,
    plan_encodings,
    work_bytes,
)
from tfjs_serve.layers_model.files import distinct, write_compressible
from tfjs_serve.layers_model.model import LayersModel, LayersWeight, WrittenFile
from tfjs_serve.layers_model.shards import CopyPieces, write_weights
from tfjs_serve.settings import MODEL_JSON, ConversionOptions

OnProgress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenModel:
    """A model as it was written.

    Attributes
    ----------
    weight_error
        How far its weights are from those of the full model; ``None`` if they are not quantized.
    """

    files: tuple[WrittenFile, ...]
    weight_error: WeightError | None


def write_layers_model(
    model: LayersModel,
    directory: Path,
    options: ConversionOptions,
    on_progress: OnProgress,
    copy: CopyPieces | None = None,
) -> WrittenModel:
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
    WrittenModel
        Its files, each once: shards in order, scripts, then ``model.json``. After each script and
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
    weights = with_variants(model.weights, options)
    count_bytes = counter(work_bytes(weights, options.variant), on_progress)
    encodings = _encodings(model, weights, options, count_bytes)
    shards, manifest = write_weights(encodings, directory, options, count_bytes, copy)
    document = layers_model_document(model, manifest)
    documents = write_compressible(directory, MODEL_JSON, encode_document(document))
    error = error_of_all(encodings, options.variant)
    return WrittenModel(files=(*distinct(shards), *documents), weight_error=error)


def check_layers_model(model: LayersModel, options: ConversionOptions) -> None:
    """Find what would keep `model` from being written; only weights that decide it are read.

    Raises
    ------
    ConversionError, KerasFileError
        As :func:`write_layers_model` does, besides those about weights that need no look.
    """
    _encodings(model, with_variants(model.weights, options), options, lambda _read_bytes: None)


def _encodings(
    model: LayersModel,
    weights: Sequence[LayersWeight],
    options: ConversionOptions,
    count_bytes: CountBytes,
) -> tuple[WeightEncoding, ...]:
    problems = (*find_document_problems(model), *find_name_problems(weights, options))
    return plan_encodings(weights, options.variant, count_bytes, known_problems=problems)


def counter(total_bytes: int, on_progress: OnProgress) -> CountBytes:
    """Return what adds up bytes and tells `on_progress` of them."""
    done_bytes = 0

    def count_bytes(read_bytes: int) -> None:
        nonlocal done_bytes
        done_bytes += read_bytes
        on_progress(done_bytes, total_bytes)

    return count_bytes
