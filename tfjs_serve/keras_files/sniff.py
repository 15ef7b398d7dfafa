"""What a file is, judged by its first bytes: the content decides, not the ending."""

from __future__ import annotations

import re
from pathlib import Path

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files.architectures import decoded_json, read_architecture
from tfjs_serve.keras_files.damage import SAVE_AGAIN
from tfjs_serve.keras_files.model import Container

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HDF5_OFFSETS = (0, 512, 1024, 2048)
"""The superblock may follow a user block (HDF5 file format specification, II.A)."""
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_START_OF_JSON = re.compile(r'\s*(?:\{|\[\s*\{|"\{)')
"""Of an object, of a list of layers, of an object in a string."""
_LFS_POINTER = b"version https://git-lfs"
_HEAD_BYTES = max(_HDF5_OFFSETS) + len(_HDF5_SIGNATURE)

_HINT_SAVE = "save the whole model with model.save('name.h5')"
_HINT_KERAS_ONLY = "only models that Keras has saved can be served"
_HINT_LOAD = "load it with tf.keras.models.load_model(...) and model.save('name.h5')"
_HINT_UNPACK = "unpack it, and serve what is inside"

_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, _LFS_POINTER, "is a Git LFS pointer, not the model itself", "run: git lfs pull"),
    (4, b"TFL3", "is a TensorFlow Lite model", "serve the Keras model that it was made of"),
    (0, b"\x93NUMPY", "is a NumPy array (.npy), not a model", _HINT_SAVE),
    (0, b"GGUF", "is a GGUF file, not a Keras model", _HINT_KERAS_ONLY),
    (0, b"\x1f\x8b", "is packed with gzip", _HINT_UNPACK),
    (0, b"BZh", "is packed with bzip2", _HINT_UNPACK),
    (0, b"\xfd7zXZ\x00", "is packed with xz", _HINT_UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "is a 7z archive", _HINT_UNPACK),
    (0, b"Rar!", "is a RAR archive", _HINT_UNPACK),
    (257, b"ustar", "is a tar archive", _HINT_UNPACK),
    (0, b"model_checkpoint_path:", "is the index of TensorFlow checkpoints", _HINT_LOAD),
    (0, b"\x08\x01\x12", "is a TensorFlow SavedModel (.pb), not a Keras file", _HINT_LOAD),
)
"""Offset and bytes, what such a file is, and what to do about it."""


def sniff(path: Path, display_name: str) -> Container:
    """Return the container of the file at `path`.

    Raises
    ------
    KerasFileError
        The file cannot be opened, or is neither HDF5 nor a zip; the message says what it looks
        like.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise KerasFileError(
            f"{display_name} cannot be read: {error.strerror or error}",
            hint="check the file's permissions",
        ) from error
    # Zip comes first: the weights in an archive are HDF5, and may begin at such an offset.
    if head.startswith(_ZIP_SIGNATURES):
        return Container.KERAS_ZIP
    if any(head[start : start + 8] == _HDF5_SIGNATURE for start in _HDF5_OFFSETS):
        return Container.HDF5
    what, hint = _json(path, head) or _kind(head)
    raise KerasFileError(f"{display_name} {what}", hint=hint)


def _kind(head: bytes) -> tuple[str, str]:
    """Return what a file that starts with `head` is, and what to do about it."""
    if not head:
        return "is empty", SAVE_AGAIN
    if not any(head):
        return (
            "starts with zeros only: it was not completely written or downloaded",
            "save the model again, or download it again",
        )
    for offset, signature, what, hint in _SIGNATURES:
        if head[offset:].startswith(signature):
            return what, hint
    return (
        _text(head)
        or _serialized(head)
        or ("is neither an HDF5 file nor a .keras archive", _HINT_SAVE)
    )


def _json(path: Path, head: bytes) -> tuple[str, str] | None:
    """Return what a file of JSON is; TensorFlow.js and Keras both write a ``model.json``."""
    if not _START_OF_JSON.match(decoded_json(head, errors="ignore")):
        return None
    problem = read_architecture(path).problem
    if problem.startswith("is a model.json"):
        return problem, "call it model.json, and give the folder that it is in"
    if problem.startswith("is the result of"):
        return problem, _HINT_SAVE
    if problem:
        return "is JSON text, not a Keras model file", _HINT_SAVE
    return (
        "is an architecture of Keras without its weights",
        f"give the file of the weights, with --topology {path.name} (topology in Python)",
    )


def _text(head: bytes) -> tuple[str, str] | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        hint = "download the file itself ('raw'), not the page that shows it"
        return "is a web page, not a model", hint
    if text.startswith((b"backend: ", b"class_name: ")):
        return "is YAML text: an architecture without its weights", _HINT_SAVE
    return None


def _serialized(head: bytes) -> tuple[str, str] | None:
    """Recognise formats without a signature by how they start."""
    if b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19" in head[:32]:
        return "is a PyTorch file", _HINT_KERAS_ONLY
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "is a pickle of Python objects, which are never loaded", _HINT_SAVE
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32:
        return "is a safetensors file: weights without an architecture", _HINT_KERAS_ONLY
    if head[:1] == b"\x08" and any(word in head[:400] for word in (b"onnx", b"pytorch", b"keras2")):
        return "is an ONNX model", "serve the Keras model that it was made of"
    return None
