"""What callers may ask for, as the options of a conversion."""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, SupportsIndex

from tfjs_serve.errors import SettingsError
from tfjs_serve.exporting.options import ExportOptions, Patterns, ShardNames, quantization
from tfjs_serve.settings import (
    DEFAULT_SHARD_SIZE_BYTES,
    MODEL_JSON,
    ConversionOptions,
    ServerSettings,
    Variant,
)
from tfjs_serve.user_folders import default_cache_dir

StrPath = str | os.PathLike[str]
DtypeMap = Mapping[str, Patterns]
"""From ``"float16"``, ``"uint8"`` and ``"uint16"`` to patterns of the names of weights."""
Metadata = Mapping[str, Any]
ShardNaming = Literal["digest", "official"]


def export_options(
    *,
    quantization_dtype_map: DtypeMap | None,
    weight_shard_size_bytes: int,
    metadata: Metadata | None,
    training: bool | None,
    shard_names: ShardNaming,
    custom_layers: Iterable[str] = (),
    split_weights_by_layer: bool = False,
) -> ExportOptions:
    """Return the options that the arguments of a public function stand for.

    The weights of a TensorFlow.js model are copied as they are, unless an argument says how they
    are to be stored. Weights without an architecture become what the official package makes of
    them, as on the command line.

    Raises
    ------
    SettingsError
        A value, or a combination of them, makes no sense.
    """
    variant, by_name = quantization(quantization_dtype_map or {})
    if training:
        variant = _to_train(variant)
    is_quantized = variant.is_quantized or bool(by_name)
    is_cut = split_weights_by_layer or weight_shard_size_bytes != DEFAULT_SHARD_SIZE_BYTES
    conversion = ConversionOptions(
        variant=variant,
        by_name=by_name,
        shard_size_bytes=_size(weight_shard_size_bytes),
        by_layer=split_weights_by_layer,
        anew=is_quantized or is_cut or _naming(shard_names) is not ShardNames.DIGEST,
        weights_alone=True,
        custom_layers=tuple(sorted(all_of(custom_layers))),
        metadata=_as_json(metadata or {}),
        training=training is not False,
    )
    return ExportOptions(conversion=conversion, shard_names=_naming(shard_names))


def all_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the texts; a text alone is one of them, and not as many as it has characters."""
    return (texts,) if isinstance(texts, str) else tuple(texts)


def absolute_path(path: StrPath) -> Path:
    """Return a path that does not depend on the working folder, with ``~`` for the user's."""
    return Path(path).expanduser().absolute()


def _to_train(variant: Variant) -> Variant:
    if variant.is_quantized:
        raise SettingsError(
            "training=True needs the weights as they are",
            hint="leave out training=True or quantization_dtype_map",
        )
    return Variant.TRAIN


def _size(size_bytes: int) -> int:
    # An integer of numpy is one, too.
    if isinstance(size_bytes, bool) or not isinstance(size_bytes, SupportsIndex):
        raise SettingsError(
            f"weight_shard_size_bytes is {size_bytes!r}",
            hint="give the size of the largest file of weights as a whole number of bytes",
        )
    return operator.index(size_bytes)


def _naming(name: str) -> ShardNames:
    try:
        return ShardNames(name)
    except ValueError:
        known = ", ".join(repr(one.value) for one in ShardNames)
        raise SettingsError(f"shard_names is {name!r}", hint=f"give one of {known}") from None


def _as_json(metadata: Metadata) -> tuple[tuple[str, str], ...]:
    """Return the members of `metadata` with their values as JSON texts."""
    try:
        return tuple(
            (str(name), json.dumps(value, allow_nan=False)) for name, value in metadata.items()
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise SettingsError(
            f"metadata cannot be written as JSON: {error}",
            hint="give a dictionary of numbers, texts, lists and dictionaries; of an array, "
            "give array.tolist()",
        ) from error


def work_settings(source: Path) -> ServerSettings:
    """Return the settings with which a model at `source` is worked on, as by a command."""
    # No folder is watched, so the cache may be in the folder of the model.
    return ServerSettings(models_dir=source / MODEL_JSON, cache_dir=default_cache_dir())
