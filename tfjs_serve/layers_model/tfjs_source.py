"""Look at a folder that TF.js can load: its document, its groups of weights, and their files."""

from __future__ import annotations

import posixpath
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn

from tfjs_serve.errors import TfjsFolderError
from tfjs_serve.layers_model.manifests import BadManifestError, WeightGroup, parse_manifest
from tfjs_serve.layers_model.model import Json
from tfjs_serve.settings import MAXIMUM_MODEL_JSON_BYTES, MIB, MODEL_JSON, MOST_SHARDS
from tfjs_serve.untrusted_json import parse_strict_json

_BLOCK_BYTES = 1 * MIB
_COPY_AGAIN = "copy the whole folder again, as the converter wrote it"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TfjsSource:
    """A complete model in a folder.

    Attributes
    ----------
    shown
        What messages call its ``model.json``.
    files
        Those of each group.
    """

    shown: str
    document: Json
    groups: tuple[WeightGroup, ...]
    files: tuple[tuple[SourceFile, ...], ...]


def open_tfjs_folder(folder: Path, display_name: str) -> TfjsSource:
    """Return the TF.js model in `folder`, after a look at the sizes of its files.

    Parameters
    ----------
    display_name
        What messages call its ``model.json``.

    Raises
    ------
    TfjsFolderError
        If it is not a complete model, or refers to anything outside the folder.
    """
    source = _Folder(path=folder, document=display_name)
    document = _read_document(_find_file(source, MODEL_JSON))
    groups = _parse_groups(display_name, document)
    _check_paths(display_name, [path for group in groups for path in group.paths])
    files = tuple(tuple(_find_shard(source, path) for path in group.paths) for group in groups)
    for group, shards in zip(groups, files, strict=True):
        _check_size(display_name, group, shards)
    return TfjsSource(shown=display_name, document=document, groups=groups, files=files)


def read_file(file: SourceFile) -> Iterator[bytes]:
    """Yield the bytes of a file; fails unless it has as many as when it was checked."""
    with _opened(file) as opened:
        left_bytes = file.size_bytes
        while block := opened.read(_BLOCK_BYTES):
            left_bytes -= len(block)
            if left_bytes < 0:
                break
            yield block
    if left_bytes:
        _refuse_changed(file)


def read_part(file: SourceFile, start: int, size_bytes: int, block_bytes: int) -> Iterator[bytes]:
    """Yield some bytes of a file in blocks; fails if it does not have them any more."""
    with _opened(file) as opened:
        opened.seek(start)
        while size_bytes and (block := opened.read(min(size_bytes, block_bytes))):
            size_bytes -= len(block)
            yield block
    if size_bytes:
        _refuse_changed(file)


@contextmanager
def _opened(file: SourceFile) -> Iterator[BinaryIO]:
    try:
        with file.path.open("rb") as opened:
            yield opened
    except OSError as error:
        refuse(file.shown, f"cannot be read: {error.strerror}", error=error)


def _refuse_changed(file: SourceFile) -> NoReturn:
    refuse(file.shown, "changed while it was read", "wait until it is complete")


def with_metadata(source: TfjsSource, metadata: Mapping[str, Json]) -> Json:
    """Return the document with more members of ``userDefinedMetadata``."""
    if not metadata:
        return source.document
    existing = source.document.get("userDefinedMetadata") or {}
    if not isinstance(existing, dict):
        refuse(source.shown, "has a userDefinedMetadata that is not an object")
    return {**source.document, "userDefinedMetadata": {**existing, **metadata}}


def _read_document(file: SourceFile) -> Json:
    if file.size_bytes > MAXIMUM_MODEL_JSON_BYTES:
        refuse(file.shown, "is too large for a model.json")
    try:
        document = parse_strict_json(file.path.read_bytes())
    except OSError as error:
        refuse(file.shown, f"cannot be read: {error.strerror or error}", error=error)
    except ValueError as error:
        refuse(file.shown, f"is not valid JSON: {error}", error=error)
    if not isinstance(document, dict) or not isinstance(document.get("modelTopology"), dict):
        refuse(file.shown, "is not a TensorFlow.js model: it has no modelTopology")
    return document


def _parse_groups(model_json: str, document: Json) -> tuple[WeightGroup, ...]:
    # TF.js treats null as no manifest.
    manifest = document.get("weightsManifest")
    try:
        return parse_manifest([] if manifest is None else manifest)
    except BadManifestError as error:
        refuse(model_json, f"cannot be used: {error}", error=error)


def _check_paths(model_json: str, paths: Sequence[str]) -> None:
    """Refuse to copy too many files, or the same file more than once."""
    if len(paths) > MOST_SHARDS:
        refuse(model_json, f"names {len(paths)} weights files, more than {MOST_SHARDS}")
    path, count = Counter(map(posixpath.normpath, paths)).most_common(1)[0] if paths else ("", 1)
    if count > 1:
        refuse(model_json, f"names the weights file {path!r} {count} times")


def _find_shard(folder: _Folder, manifest_path: str) -> SourceFile:
    parts = [part for part in manifest_path.split("/") if part not in ("", ".")]
    # Backslashes and colons are separators and drives on Windows, where Path would follow them.
    if not parts or ".." in parts or manifest_path[:1] == "/" or set(manifest_path) & set("\\:\0"):
        refuse(
            folder.document,
            f"names the weights file {manifest_path!r}, which is not a path inside its folder",
            "put all weights beside model.json and name them by relative paths",
        )
    return _find_file(folder, "/".join(parts))


def _find_file(folder: _Folder, name: str) -> SourceFile:
    shown = folder.shown(name)
    try:
        path = (folder.path / name).resolve(strict=True)
        status = path.stat()
    # RuntimeError: circular links, before Python 3.13; ValueError: a name that no system allows.
    except (OSError, RuntimeError, ValueError) as error:
        refuse(shown, "is part of the model, but cannot be found or read", error=error)
    if folder.path.resolve() not in path.parents:
        refuse(shown, "is a link out of its folder", "put the file itself there")
    if not stat.S_ISREG(status.st_mode):
        refuse(shown, "is part of the model, but is not a file")
    return SourceFile(path=path, shown=shown, size_bytes=status.st_size)


def _check_size(model_json: str, group: WeightGroup, shards: Sequence[SourceFile]) -> None:
    actual_bytes = sum(shard.size_bytes for shard in shards)
    if group.size_bytes is not None and actual_bytes != group.size_bytes:
        names = ", ".join(shard.shown for shard in shards[:3]) or "no files"
        refuse(
            model_json,
            f"needs {group.size_bytes} bytes of weights from {names}"
            f"{', ...' if len(shards) > 3 else ''}, which hold {actual_bytes}",
        )


def refuse(
    shown: str, problem: str, hint: str = _COPY_AGAIN, *, error: Exception | None = None
) -> NoReturn:
    """Raise :class:`TfjsFolderError` about the file that is called `shown`."""
    raise TfjsFolderError(f"{shown} {problem}", hint=hint) from error
