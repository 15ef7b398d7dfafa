"""Under which names a converted model's files are put where the user wants them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfjs_serve.builder import Converted
from tfjs_serve.companion import SCRIPT_NAME, script_among
from tfjs_serve.exporting.options import ShardNames
from tfjs_serve.neighbours import NEIGHBOURS, shard_at
from tfjs_serve.settings import MODEL_JSON

Document = Mapping[str, Any]
"""What is in a ``model.json``."""


def with_shard_names(document: Document, shard_names: ShardNames) -> Document:
    """Return the document with the names that shards are to have."""
    groups = document.get("weightsManifest")
    if shard_names is ShardNames.DIGEST or not groups:
        return document
    named = [
        {**group, "paths": _official_names(at, len(group["paths"]))}
        for at, group in enumerate(groups, start=1)
    ]
    return {**document, "weightsManifest": named}


def _official_names(group: int, count: int) -> list[str]:
    return [f"group{group}-shard{at}of{count}.bin" for at in range(1, count + 1)]


def exported_names(
    converted: Converted, document: Document, renamed: Document
) -> dict[str, tuple[str, ...]]:
    """Return the names that each file gets for a page, in the order in which they are put in place.

    Nothing is compressed. The layers, if the model needs any, are named ``layers.js``, so that
    pages can name them. Shards that are equal are one file, which has several names if these do not
    depend on the bytes.

    Parameters
    ----------
    document
        What is in the ``model.json`` that was written.
    renamed
        The same with the names that shards are to have.
    """
    files = [file.name for file in converted.files]
    names: dict[str, tuple[str, ...]] = {}
    for path, new in zip(shard_paths(document), shard_paths(renamed), strict=True):
        shard = shard_at(path)
        if shard in files:
            names[shard] = tuple(dict.fromkeys((*names.get(shard, ()), new)))
    names |= {name: (name,) for name in files if name in NEIGHBOURS}
    if script := script_among(files):
        names[script] = (SCRIPT_NAME,)
    return {**names, MODEL_JSON: (MODEL_JSON,)}


def original_weights(converted: Converted, names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return names that weights had in their folder, and the paths that they have now.

    Only weights that are in one file are asked for by name, and have their old name too; libraries
    find those in several files by the names in ``model.json``.

    Parameters
    ----------
    names
        Of all files that are exported.
    """
    weights = [file for file in converted.files if file.originals]
    if len(weights) != 1:
        return {}
    (file,) = weights
    taken = {name for several in names.values() for name in several}
    return {name: names[file.name][0] for name in file.originals if name not in taken}


def shard_paths(document: Document) -> list[str]:
    """Return the paths of all shards, in order."""
    groups = document.get("weightsManifest") or ()
    return [path for group in groups for path in group["paths"]]
