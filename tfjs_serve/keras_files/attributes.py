"""Attributes of an HDF5 file that hold text, in the two forms that h5py writes it in.

Attributes are read as a whole, and one of another kind could become objects without number:
type and size are looked at first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import h5py
import numpy as np

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files.limits import (
    MAXIMUM_NAME_BYTES,
    MAXIMUM_TEXT_BYTES,
    MAXIMUM_WEIGHTS,
    UNSAFE_HINT,
)

_DAMAGED_HINT = "the file is damaged or was not written by Keras; save the model again"


def read_text(group: h5py.Group, attribute: str, display_name: str) -> str | None:
    """Return an attribute, put together again where Keras split it; ``None`` if there is none.

    Raises
    ------
    UnsafeFileError
        It is no text, or larger than any text of a model.
    """
    parts = _parts(group, attribute, display_name)
    return None if parts is None else "".join(parts)


def read_names(group: h5py.Group, attribute: str, display_name: str) -> list[str]:
    """Return a list of names, put together again where Keras split it.

    Raises
    ------
    KerasFileError
        It is missing.
    UnsafeFileError
        It is no text, has a name of absurd length, or is larger than any text of a model.
    """
    names = _parts(group, attribute, display_name)
    if names is None:
        raise KerasFileError(f"{display_name}: {group.name} has no {attribute}", hint=_DAMAGED_HINT)
    if any(len(name) > MAXIMUM_NAME_BYTES for name in names):
        raise _unsafe(group, attribute, "has a name of absurd length", display_name)
    return names


def _parts(group: h5py.Group, attribute: str, display_name: str) -> list[str] | None:
    """Return all texts of ``attribute``, or of ``attribute0``, ``attribute1`` ... together.

    Keras splits attributes of more than 64 KiB so.
    """
    if attribute in group.attrs:
        return list(_texts(group, attribute, MAXIMUM_TEXT_BYTES, display_name))
    texts: list[str] = []
    count, left_bytes = 0, MAXIMUM_TEXT_BYTES
    while (piece := f"{attribute}{count}") in group.attrs:
        texts += _texts(group, piece, left_bytes, display_name)
        left_bytes = MAXIMUM_TEXT_BYTES - sum(map(len, texts))
        count += 1
    return texts if count else None


def _texts(group: h5py.Group, attribute: str, limit_bytes: int, display_name: str) -> Iterator[str]:
    stored = h5py.h5a.open(group.id, attribute.encode())
    count = 0 if stored.shape is None else math.prod(stored.shape)
    if not count:
        return  # Keras writes empty lists as numbers
    # The class first: making a dtype of a compound type can take for ever.
    if stored.get_type().get_class() != h5py.h5t.STRING:
        raise _unsafe(group, attribute, "is no text", display_name)
    if stored.get_storage_size() > limit_bytes:
        raise _unsafe(group, attribute, f"has {stored.get_storage_size()} bytes", display_name)
    if count > MAXIMUM_WEIGHTS:
        raise _unsafe(group, attribute, f"has {count} texts", display_name)
    for value in np.asarray(group.attrs[attribute]).reshape(-1):
        text = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
        # Of texts of variable length the storage holds references only.
        limit_bytes -= len(text)
        if limit_bytes < 0:
            raise _unsafe(group, attribute, "is too long", display_name)
        yield text


def _unsafe(group: h5py.Group, attribute: str, what: str, display_name: str) -> UnsafeFileError:
    return UnsafeFileError(
        f"{display_name}: the attribute {attribute} of {group.name} {what}", hint=UNSAFE_HINT
    )
