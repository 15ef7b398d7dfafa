"""Turn a folder that TF.js can already load into the same kind of artifact as a converted model.

Shards are named by their digests, and ``model.json`` refers to them by these names; nothing else in
it changes. So they can be cached forever too, and a ``model.json`` is never combined with the
shards of another save. Shards keep their boundaries, even those of more than 4 MiB.

If all weights are in one file, its path still ends with the name that it had; see
:func:`~tfjs_serve.neighbours.path_with_name`.

There is one addition: where TF.js would read zeros instead of weights (see
:func:`~tfjs_serve.layers_model.sharding.is_misread_by_tfjs`), an empty shard at the end prevents
that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.layers_model.backends import backend_notes, graph_notes
from tfjs_serve.layers_model.documents import encode_document
from tfjs_serve.layers_model.files import write_compressible, write_empty_shard, write_shard
from tfjs_serve.layers_model.manifests import WeightGroup
from tfjs_serve.layers_model.model import Json, WrittenFile
from tfjs_serve.layers_model.neighbours import labels_in
from tfjs_serve.layers_model.sharding import is_misread_by_tfjs
from tfjs_serve.layers_model.tfjs_facts import facts_of, model_config
from tfjs_serve.layers_model.tfjs_source import (
    SourceFile,
    open_tfjs_folder,
    read_file,
    with_metadata,
)
from tfjs_serve.neighbours import original_name, path_with_name
from tfjs_serve.settings import MODEL_JSON


def import_tfjs_folder(
    folder: Path,
    display_name: str,
    directory: Path,
    on_progress: Callable[[int, int], None],
    metadata: Mapping[str, Json] = MappingProxyType({}),
) -> tuple[WrittenFile, ...]:
    """Copy the TF.js model in `folder`, a layers or a graph model, into an empty folder.

    Parameters
    ----------
    display_name
        What messages call the ``model.json`` in `folder`; pages are told of them, so this is not
        its path on this machine.
    directory
        An existing, empty folder.
    on_progress
        Called with the bytes of weights copied so far, and in total.
    metadata
        Members to add to ``userDefinedMetadata``.

    Returns
    -------
    tuple[WrittenFile, ...]
        As :func:`~tfjs_serve.layers_model.writer.write_layers_model` lists them. Those of shards
        whose names in the folder are plain have these names, too.

    Raises
    ------
    TfjsFolderError
        If it is not a complete model, or refers to anything outside the folder.
    StoreError
        If `directory` cannot be written to.
    """
    source = open_tfjs_folder(folder, display_name)
    document = with_metadata(source, metadata)
    copies = _copy_shards(source.files, directory, on_progress)
    originals = _original_names(source.groups)
    _rename_paths(document, copies, originals)
    written = _with_originals(copies, originals)
    return written + write_compressible(directory, MODEL_JSON, encode_document(document))


def check_tfjs_folder(folder: Path, display_name: str) -> tuple[ModelFacts, tuple[str, ...]]:
    """Check the TF.js model in `folder` without reading its weights.

    Parameters
    ----------
    display_name
        What messages call its ``model.json``.

    Returns
    -------
    tuple[ModelFacts, tuple[str, ...]]
        What is known of it, and what users should know.

    Raises
    ------
    TfjsFolderError
        If it is not a complete model, or refers to anything outside the folder.
    """
    source = open_tfjs_folder(folder, display_name)
    document = source.document
    size_bytes = sum(shard.size_bytes for shards in source.files for shard in shards)
    labels = labels_in(document.get("userDefinedMetadata"))
    facts = replace(facts_of(document, size_bytes), labels=labels)
    return facts, backend_notes(model_config(document)) + graph_notes(document["modelTopology"])


def _copy_shards(
    sources: Sequence[Sequence[SourceFile]],
    directory: Path,
    on_progress: Callable[[int, int], None],
) -> list[list[WrittenFile]]:
    total_bytes = sum(shard.size_bytes for shards in sources for shard in shards)
    done_bytes = 0
    copies: list[list[WrittenFile]] = []
    for shards in sources:
        copies.append([])
        for shard in shards:
            copies[-1].append(write_shard(directory, shard.size_bytes, read_file(shard)))
            done_bytes += shard.size_bytes
            on_progress(done_bytes, total_bytes)
    if is_misread_by_tfjs([copy.size_bytes for group in copies for copy in group]):
        copies[-1].append(write_empty_shard(directory))
    return copies


def _rename_paths(
    document: Json, copies: Sequence[Sequence[WrittenFile]], originals: Sequence[Sequence[str]]
) -> None:
    """Name the copies in the manifest; if all weights are in one file, so that its name is kept."""
    is_one = sum(map(len, originals)) == 1
    manifest = document.get("weightsManifest") or []
    for group, files, names in zip(manifest, copies, originals, strict=True):
        group["paths"] = [
            path_with_name(file.name, name) if name and is_one else file.name
            for file, name in _pairs(files, names)
        ]


def _pairs(files: Sequence[WrittenFile], names: Sequence[str]) -> Iterator[tuple[WrittenFile, str]]:
    """Yield files and their names; the empty shard that may come last had none."""
    return zip(files, (*names, ""), strict=False)


def _original_names(groups: Sequence[WeightGroup]) -> list[list[str]]:
    """Return the name under which each shard can be asked for; empty if it cannot."""
    names = [[original_name(path) or "" for path in group.paths] for group in groups]
    counts = Counter(name for group_names in names for name in group_names)
    return [[name if counts[name] == 1 else "" for name in group_names] for group_names in names]


def _with_originals(
    copies: Sequence[Sequence[WrittenFile]], originals: Sequence[Sequence[str]]
) -> tuple[WrittenFile, ...]:
    """Return each shard once, with the names under which it can be asked for."""
    files: dict[str, WrittenFile] = {}
    for group_copies, names in zip(copies, originals, strict=True):
        for copy, name in _pairs(group_copies, names):
            file = files.setdefault(copy.name, copy)
            if name:
                files[copy.name] = replace(file, originals=(*file.originals, name))
    return tuple(files.values())
