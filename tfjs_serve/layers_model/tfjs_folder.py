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

import posixpath
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import NoReturn

from tfjs_serve.errors import TfjsFolderError
from tfjs_serve.facts import ModelFacts
from tfjs_serve.layers_model.backends import backend_notes
from tfjs_serve.layers_model.documents import encode_document
from tfjs_serve.layers_model.files import write_compressible, write_empty_shard, write_shard
from tfjs_serve.layers_model.manifests import BadManifestError, WeightGroup, parse_manifest
from tfjs_serve.layers_model.model import Json, WrittenFile
from tfjs_serve.layers_model.neighbours import labels_in
from tfjs_serve.layers_model.sharding import is_misread_by_tfjs
from tfjs_serve.layers_model.tfjs_facts import facts_of, model_config
from tfjs_serve.layers_model.tfjs_weights import StoredWeight, stored_weights
from tfjs_serve.neighbours import original_name, path_with_name
from tfjs_serve.settings import MAXIMUM_MODEL_JSON_BYTES, MIB, MODEL_JSON
from tfjs_serve.untrusted_json import parse_strict_json

_BLOCK_BYTES = 1 * MIB
_MAX_SHARDS = 10_000
"""40 GB in the converter's shards of 4 MiB."""
_COPY_AGAIN = "copy the whole folder again, as the converter wrote it"


@dataclass(frozen=True, slots=True, kw_only=True)
class _SourceFile:
    """A file of the folder: where its bytes lie, and the name that messages use."""

    path: Path
    shown: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """The folder: where it is, and what messages call its ``model.json``."""

    path: Path
    document: str

    def shown(self, name: str) -> str:
        return str(PurePosixPath(self.document).parent / name)


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
        As :func:`~tfjs_serve.layers_model.writer.write_layers_model` returns them. Those of shards
        whose names in the folder are plain have these names, too.

    Raises
    ------
    TfjsFolderError
        If it is not a complete model, or refers to anything outside the folder.
    StoreError
        If `directory` cannot be written to.
    """
    document, groups, sources = _examined(folder, display_name)
    copies = _copy_shards(sources, directory, on_progress)
    originals = _original_names(groups)
    _rename_paths(document, copies, originals)
    if metadata:
        _add_metadata(display_name, document, metadata)
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
    document, _, sources = _examined(folder, display_name)
    size_bytes = sum(shard.size_bytes for shards in sources for shard in shards)
    labels = labels_in(document.get("userDefinedMetadata"))
    facts = replace(facts_of(document, size_bytes), labels=labels)
    return facts, backend_notes(model_config(document))


def open_tfjs_folder(folder: Path, display_name: str) -> tuple[Json, tuple[StoredWeight, ...]]:
    """Return the document of the TF.js model in `folder`, and its weights, to be read one by one.

    Parameters
    ----------
    display_name
        What messages call its ``model.json``.

    Raises
    ------
    TfjsFolderError
        If it is not a complete model, or refers to anything outside the folder.
    """
    document, _, sources = _examined(folder, display_name)
    files = [[(shard.path, shard.size_bytes) for shard in shards] for shards in sources]
    manifest = document.get("weightsManifest") or []
    return document, stored_weights(manifest, files, display_name)


def _examined(
    folder: Path, display_name: str
) -> tuple[Json, Sequence[WeightGroup], list[list[_SourceFile]]]:
    """Return the document of a complete model, its groups of weights, and the files of each."""
    source = _Folder(path=folder, document=display_name)
    document = _read_document(_find_file(source, MODEL_JSON))
    groups = _parse_groups(display_name, document)
    _check_paths(display_name, [path for group in groups for path in group.paths])
    sources = [[_find_shard(source, path) for path in group.paths] for group in groups]
    for group, shards in zip(groups, sources, strict=True):
        _check_size(display_name, group, shards)
    return document, groups, sources


def _read_document(file: _SourceFile) -> Json:
    if file.size_bytes > MAXIMUM_MODEL_JSON_BYTES:
        _refuse(file.shown, "is too large for a model.json")
    try:
        document = parse_strict_json(file.path.read_bytes())
    except OSError as error:
        _refuse(file.shown, f"cannot be read: {error.strerror or error}", error=error)
    except ValueError as error:
        _refuse(file.shown, f"is not valid JSON: {error}", error=error)
    if not isinstance(document, dict) or not isinstance(document.get("modelTopology"), dict):
        _refuse(file.shown, "is not a TensorFlow.js model: it has no modelTopology")
    return document


def _parse_groups(model_json: str, document: Json) -> tuple[WeightGroup, ...]:
    # TF.js treats null as no manifest.
    manifest = document.get("weightsManifest")
    try:
        return parse_manifest([] if manifest is None else manifest)
    except BadManifestError as error:
        _refuse(model_json, f"cannot be used: {error}", error=error)


def _check_paths(model_json: str, paths: Sequence[str]) -> None:
    """Refuse to copy too many files, or the same file more than once."""
    if len(paths) > _MAX_SHARDS:
        _refuse(model_json, f"names {len(paths)} weights files, more than {_MAX_SHARDS}")
    path, count = Counter(map(posixpath.normpath, paths)).most_common(1)[0] if paths else ("", 1)
    if count > 1:
        _refuse(model_json, f"names the weights file {path!r} {count} times")


def _find_shard(folder: _Folder, manifest_path: str) -> _SourceFile:
    parts = [part for part in manifest_path.split("/") if part not in ("", ".")]
    # Backslashes and colons are separators and drives on Windows, where Path would follow them.
    if not parts or ".." in parts or manifest_path[:1] == "/" or set(manifest_path) & set("\\:\0"):
        _refuse(
            folder.document,
            f"names the weights file {manifest_path!r}, which is not a path inside its folder",
            "put all weights beside model.json and name them by relative paths",
        )
    return _find_file(folder, "/".join(parts))


def _find_file(folder: _Folder, name: str) -> _SourceFile:
    shown = folder.shown(name)
    try:
        path = (folder.path / name).resolve(strict=True)
        status = path.stat()
    # RuntimeError: circular links, before Python 3.13; ValueError: a name that no system allows.
    except (OSError, RuntimeError, ValueError) as error:
        _refuse(shown, "is part of the model, but cannot be found or read", error=error)
    if folder.path.resolve() not in path.parents:
        _refuse(shown, "is a link out of its folder", "put the file itself there")
    if not stat.S_ISREG(status.st_mode):
        _refuse(shown, "is part of the model, but is not a file")
    return _SourceFile(path=path, shown=shown, size_bytes=status.st_size)


def _check_size(model_json: str, group: WeightGroup, shards: Sequence[_SourceFile]) -> None:
    actual_bytes = sum(shard.size_bytes for shard in shards)
    if group.size_bytes is not None and actual_bytes != group.size_bytes:
        names = ", ".join(shard.shown for shard in shards[:3]) or "no files"
        _refuse(
            model_json,
            f"needs {group.size_bytes} bytes of weights from {names}"
            f"{', ...' if len(shards) > 3 else ''}, which hold {actual_bytes}",
        )


def _copy_shards(
    sources: Sequence[Sequence[_SourceFile]],
    directory: Path,
    on_progress: Callable[[int, int], None],
) -> list[list[WrittenFile]]:
    total_bytes = sum(shard.size_bytes for shards in sources for shard in shards)
    done_bytes = 0
    copies: list[list[WrittenFile]] = []
    for shards in sources:
        copies.append([])
        for shard in shards:
            copies[-1].append(write_shard(directory, shard.size_bytes, _read(shard)))
            done_bytes += shard.size_bytes
            on_progress(done_bytes, total_bytes)
    if is_misread_by_tfjs([copy.size_bytes for group in copies for copy in group]):
        copies[-1].append(write_empty_shard(directory))
    return copies


def _read(shard: _SourceFile) -> Iterator[bytes]:
    """Yield the bytes of `shard`; fails unless it has as many as when it was checked."""
    left_bytes = shard.size_bytes
    try:
        with shard.path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                left_bytes -= len(block)
                if left_bytes < 0:
                    break
                yield block
    except OSError as error:
        _refuse(shard.shown, f"cannot be read: {error.strerror}", error=error)
    if left_bytes:
        _refuse(shard.shown, "changed while it was read", "wait until it is complete")


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


def _add_metadata(shown: str, document: Json, metadata: Mapping[str, Json]) -> None:
    existing = document.get("userDefinedMetadata") or {}
    if not isinstance(existing, dict):
        _refuse(shown, "has a userDefinedMetadata that is not an object")
    document["userDefinedMetadata"] = {**existing, **metadata}


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


def _refuse(
    shown: str, problem: str, hint: str = _COPY_AGAIN, *, error: Exception | None = None
) -> NoReturn:
    """Raise :class:`TfjsFolderError` about the file that is called `shown`."""
    raise TfjsFolderError(f"{shown} {problem}", hint=hint) from error
