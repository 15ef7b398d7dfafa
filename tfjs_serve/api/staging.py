"""Put the parts of a TensorFlow.js model, which come from several places, into one folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from tfjs_serve.errors import SettingsError, TfjsFolderError
from tfjs_serve.layers_model.manifests import BadManifestError, WeightGroup, parse_manifest
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.untrusted_json import parse_json

Buffer = bytes | bytearray | memoryview
Document = dict[str, Any]

_WEIGHTS = "weights.bin"


def read_document(content: Any) -> Document:
    """Return what is in a ``model.json``.

    Parameters
    ----------
    content
        Its text, as ``str`` or ``bytes``, or what is in it.

    Raises
    ------
    TfjsFolderError
        It is not JSON, or has no topology.
    """
    try:
        document = parse_json(content) if isinstance(content, str | bytes) else content
    except ValueError as error:
        raise TfjsFolderError(
            f"{MODEL_JSON} is not valid JSON: {error}",
            hint="give what TensorFlow.js or a converter wrote",
        ) from error
    if not isinstance(document, dict) or "modelTopology" not in document:
        raise TfjsFolderError(
            f"{MODEL_JSON} has no modelTopology",
            hint="give the model.json of a TensorFlow.js model; weights alone are no model",
        )
    return document


def stage_files(document: Document, *, prefix: Path, folder: Path) -> None:
    """Fill `folder` with the model whose weights lie in the folder `prefix`.

    Raises
    ------
    TfjsFolderError
        A file is missing, or lies elsewhere; or the manifest makes no sense.
    """
    paths = [path for group in _groups(document) for path in group.paths]
    for path in paths:
        _copy(prefix, path, folder)
    _write(document, folder)


def stage_buffers(document: Document, *, buffers: Sequence[Buffer], folder: Path) -> None:
    """Fill `folder` with the model whose weights are in `buffers`, one after the other.

    Raises
    ------
    TfjsFolderError
        They have more or fewer bytes than the weights of the manifest.
    """
    groups = _groups(document)
    needed_bytes = sum(_size_bytes(group) for group in groups)
    given_bytes = sum(memoryview(buffer).nbytes for buffer in buffers)
    if given_bytes != needed_bytes:
        raise TfjsFolderError(
            f"the weights have {given_bytes} bytes, and the manifest describes {needed_bytes}",
            hint="give the contents of all files of the manifest, in its order",
        )
    _stage_one(document, buffers, folder)


def stage_zeros(document: Document, *, folder: Path) -> None:
    """Fill `folder` with the model and with zeros for weights.

    Raises
    ------
    TfjsFolderError
        The manifest makes no sense.
    """
    _stage_one(document, (), folder)
    with (folder / _WEIGHTS).open("r+b") as file:
        file.truncate(sum(_size_bytes(group) for group in _groups(document)))


def _stage_one(document: Document, buffers: Iterable[Buffer], folder: Path) -> None:
    with (folder / _WEIGHTS).open("wb") as file:
        for buffer in buffers:
            file.write(buffer)
    weights = [weight for group in document["weightsManifest"] for weight in group["weights"]]
    manifest = [{"paths": [_WEIGHTS], "weights": weights}]
    _write({**document, "weightsManifest": manifest}, folder)


def _groups(document: Document) -> tuple[WeightGroup, ...]:
    if "weightsManifest" not in document:
        raise TfjsFolderError(
            f"{MODEL_JSON} has no weightsManifest, which says what its weights are",
            hint="save the model again with its weights",
        )
    try:
        return parse_manifest(document["weightsManifest"])
    except BadManifestError as error:
        raise TfjsFolderError(f"{MODEL_JSON}: {error}", hint="save the model again") from error


def _size_bytes(group: WeightGroup) -> int:
    if group.size_bytes is None:
        raise TfjsFolderError(
            "the weights hold texts, which no layer has", hint="save the model again"
        )
    return group.size_bytes


def _copy(prefix: Path, path: str, folder: Path) -> None:
    name = PurePosixPath(path)
    if name.is_absolute() or ".." in name.parts:
        raise TfjsFolderError(
            f"the weights {path!r} lie outside of the folder {str(prefix)!r}",
            hint="put them into the folder, or give another weights_path_prefix",
        )
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(prefix / name, folder / name)
    except OSError as error:
        raise TfjsFolderError(
            f"the weights {path!r} cannot be read in {str(prefix)!r}: {error.strerror}",
            hint="give the folder that they are in as weights_path_prefix",
        ) from error


def _write(document: Document, folder: Path) -> None:
    (folder / MODEL_JSON).write_text(json.dumps(document), encoding="utf-8")


def as_buffers(weights: Any) -> list[Buffer]:
    """Return the contents of buffers, or of files that can be read; one, or several.

    Raises
    ------
    SettingsError
        It is something else.
    """
    is_one = hasattr(weights, "read") or _is_buffer(weights)
    return [_buffer(one) for one in ([weights] if is_one else _listed(weights))]


def _listed(weights: Any) -> list[Any]:
    try:
        return list(weights)
    except TypeError:
        raise _no_buffer(weights) from None


def _buffer(one: Any) -> Buffer:
    """Return what a buffer has, such as ``bytes`` or an array, or what is read from a file."""
    content = one.read() if hasattr(one, "read") else one
    if not _is_buffer(content):
        raise _no_buffer(content)
    view = memoryview(content)
    return view if view.c_contiguous else memoryview(view.tobytes())


def _is_buffer(one: Any) -> bool:
    try:
        memoryview(one).release()
    except TypeError:
        return False
    return True


def _no_buffer(one: Any) -> SettingsError:
    return SettingsError(
        f"weights are given as {type(one).__name__}",
        hint="give bytes, or a list of bytes or of files that are opened for reading",
    )
