"""What a file is, told from its first bytes: the content decides, not the ending."""

from __future__ import annotations

from pathlib import Path

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files.model import Container

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HDF5_OFFSETS = (0, 512, 1024, 2048)
"""The superblock may follow a user block (HDF5 file format specification, II.A)."""
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_LFS_POINTER = b"version https://git-lfs"
_HEAD_BYTES = max(_HDF5_OFFSETS) + len(_HDF5_SIGNATURE)


def sniff(path: Path, display_name: str) -> Container:
    """Return the container of the file at `path`.

    Raises
    ------
    KerasFileError
        The file cannot be opened, or is neither HDF5 nor a zip; says what it looks like.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise KerasFileError(
            f"{display_name} cannot be read: {error.strerror or error}",
            hint="check the file's permissions",
        ) from error
    if any(head[start : start + 8] == _HDF5_SIGNATURE for start in _HDF5_OFFSETS):
        return Container.HDF5
    if head.startswith(_ZIP_SIGNATURES):
        return Container.KERAS_ZIP
    raise _not_a_model(head, display_name)


def _not_a_model(head: bytes, display_name: str) -> KerasFileError:
    text = head.lstrip().lower()
    if not head:
        what, hint = "is empty", "save the model again, or wait until it is written"
    elif head.startswith(_LFS_POINTER):
        what, hint = "is a Git LFS pointer, not the model itself", "run: git lfs pull"
    elif text.startswith((b"<!doctype", b"<html", b"<?xml")):
        what = "is a web page, not a model"
        hint = "download the file itself ('raw'), not the page that shows it"
    elif text.startswith(b"{"):
        what = "is JSON text, not a Keras model file"
        hint = "save the whole model with model.save('name.h5')"
    else:
        what = "is neither an HDF5 file nor a .keras archive"
        hint = "save the whole model with model.save('name.h5')"
    return KerasFileError(f"{display_name} {what}", hint=hint)
