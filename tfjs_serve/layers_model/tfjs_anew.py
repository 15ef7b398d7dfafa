"""Cut and quantize the weights of a folder that TF.js can load as the options say.

What is not to be quantized otherwise stays as it is stored: quantized weights do not grow again,
and are not rounded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.layers_model.by_name import find_name_problems, notes_on_patterns, with_variants
from tfjs_serve.layers_model.documents import encode_document
from tfjs_serve.layers_model.dtypes import FLOAT32
from tfjs_serve.layers_model.encoding import (
    BLOCK_BYTES,
    CountBytes,
    WeightEncoding,
    plan_encodings,
    work_bytes,
)
from tfjs_serve.layers_model.files import distinct, write_compressible
from tfjs_serve.layers_model.model import Json, LayersWeight, WrittenFile
from tfjs_serve.layers_model.shards import Encoding, write_weights
from tfjs_serve.layers_model.tfjs_source import open_tfjs_folder, with_metadata
from tfjs_serve.layers_model.tfjs_weights import TfjsWeight, tfjs_weights
from tfjs_serve.layers_model.writer import counter
from tfjs_serve.settings import MODEL_JSON, ConversionOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A weight that stays as it is stored."""

    weight: TfjsWeight
    layer: str
    start: None = None

    @property
    def size_bytes(self) -> int:
        return self.weight.size_bytes

    def to_json(self) -> Json:
        return self.weight.entry.json

    def stored_blocks(self, count_bytes: CountBytes) -> Iterator[npt.NDArray[Any]]:
        for block in self.weight.stored_blocks(BLOCK_BYTES):
            yield np.frombuffer(block, np.uint8)
            count_bytes(len(block))


def rewrite_tfjs_folder(
    folder: Path,
    display_name: str,
    directory: Path,
    options: ConversionOptions,
    on_progress: Callable[[int, int], None],
) -> tuple[tuple[WrittenFile, ...], tuple[str, ...]]:
    """Write the TF.js model in `folder` into an empty folder, with its weights as `options` say.

    Parameters
    ----------
    display_name
        What messages call the ``model.json`` in `folder`.

    Returns
    -------
    tuple
        The files, as :func:`~tfjs_serve.layers_model.writer.write_layers_model` lists them, and
        what users should know.

    Raises
    ------
    TfjsFolderError
        If it is not a complete model, or has weights that can only be copied.
    ConversionError
        A weight is to be stored in two ways, or there would be too many shards.
    StoreError
        If `directory` cannot be written to.
    """
    source = open_tfjs_folder(folder, display_name)
    weights = with_variants([_listed(one) for one in tfjs_weights(source)], options)
    quantized = [one for one in weights if _is_to_be_quantized(one, options)]
    kept_bytes = sum(map(_size_bytes, weights)) - sum(map(_size_bytes, quantized))
    count_bytes = counter(kept_bytes + work_bytes(quantized, options.variant), on_progress)
    planned = plan_encodings(
        quantized, options.variant, count_bytes, known_problems=find_name_problems(weights, options)
    )
    chosen = {id(one.weight.source): one for one in planned if one.quantization is not None}
    encodings = [_encoding(one, chosen) for one in weights]
    shards, manifest = write_weights(encodings, directory, options, count_bytes)
    document = with_metadata(source, options.metadata_json()) | {"weightsManifest": manifest}
    written = write_compressible(directory, MODEL_JSON, encode_document(document))
    return (*distinct(shards), *written), notes_on_patterns(weights, options)


def _listed(weight: TfjsWeight) -> LayersWeight:
    layer = weight.name.partition("/")[0]
    return LayersWeight(name=weight.name, source=weight, group=weight.group, layer=layer)


def _of(weight: LayersWeight) -> TfjsWeight:
    assert isinstance(weight.source, TfjsWeight)
    return weight.source


def _size_bytes(weight: LayersWeight) -> int:
    return _of(weight).size_bytes


def _is_to_be_quantized(weight: LayersWeight, options: ConversionOptions) -> bool:
    variant, stored = weight.variant or options.variant, _of(weight)
    is_so = stored.is_quantized and stored.entry.stored_dtype == variant.value
    return variant.is_quantized and stored.dtype == FLOAT32 and not (is_so or weight.group)


def _encoding(weight: LayersWeight, quantized: Mapping[int, WeightEncoding]) -> Encoding:
    return quantized.get(id(weight.source)) or _Kept(weight=_of(weight), layer=weight.layer)
