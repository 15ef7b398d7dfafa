"""Text attributes of an HDF5 file, in the two forms that h5py writes.

Attributes are read in one piece, and one of an unexpected type could turn into any number of
objects. So type and size are checked first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files.heaps import largest_text_bytes
from tfjs_serve.keras_files.limits import (
    MAXIMUM_NAME_BYTES,
    MAXIMUM_TEXT_BYTES,
    MAXIMUM_WEIGHTS,
    UNSAFE_HINT,
)
from tfjs_serve.settings import GIB

_MOST_BYTES = 1 * GIB
"""Most memory that one attribute may take: enough for a thousand names, even if each of them could
be as long as a configuration of 1 MiB in the same file."""
_DAMAGED_HINT = "the file is damaged or was not written by Keras; save the model again"


class TextAttributes:
    """Reads the attributes of one file.

    Parameters
    ----------
    path
        Path of the file, which may already be open.
    """

    def __init__(self, path: Path, display_name: str) -> None:
        self._path = path
        self._display_name = display_name
        self._largest_bytes: int | None = None

    def text(self, group: h5py.Group, attribute: str) -> str | None:
        """Return an attribute, joined where Keras split it; ``None`` if there is none.

        Raises
        ------
        UnsafeFileError
            It is not text, or is larger than any text in a model.
        """
        parts = self._parts(group, attribute)
        return None if parts is None else "".join(parts)

    def names(self, group: h5py.Group, attribute: str) -> list[str]:
        """Return a list of names, joined where Keras split it.

        Raises
        ------
        KerasFileError
            It is missing.
        UnsafeFileError
            It is not text, has a name of absurd length, or is larger than any text in a model.
        """
        names = self._parts(group, attribute)
        if names is None:
            raise KerasFileError(
                f"{self._display_name}: {group.name} has no {attribute}", hint=_DAMAGED_HINT
            )
        if any(len(name) > MAXIMUM_NAME_BYTES for name in names):
            raise self._unsafe(group, attribute, "has a name of absurd length")
        return names

    def _parts(self, group: h5py.Group, attribute: str) -> list[str] | None:
        """Return all texts of ``attribute``, or of ``attribute0``, ``attribute1`` and so on.

        Keras splits attributes of more than 64 KiB in this way.
        """
        if attribute in group.attrs:
            return list(self._texts(group, attribute, MAXIMUM_TEXT_BYTES))
        texts: list[str] = []
        count, left_bytes = 0, MAXIMUM_TEXT_BYTES
        while (piece := f"{attribute}{count}") in group.attrs:
            found = list(self._texts(group, piece, left_bytes))
            left_bytes -= sum(map(len, found))
            texts += found
            count += 1
        return texts if count else None

    def _texts(self, group: h5py.Group, attribute: str, limit_bytes: int) -> Iterator[str]:
        """Yield the texts of one attribute.

        Raises
        ------
        UnsafeFileError
            It is not text, or is longer than `limit_bytes`.
        """
        stored = h5py.h5a.open(group.id, attribute.encode())
        count = 0 if stored.shape is None else math.prod(stored.shape)
        if not count:
            return  # Keras writes empty lists as numbers
        # The class is checked first: making a dtype of a compound type can take forever.
        if stored.get_type().get_class() != h5py.h5t.STRING:
            raise self._unsafe(group, attribute, "is not text")
        if stored.get_storage_size() > limit_bytes:
            raise self._unsafe(group, attribute, f"has {stored.get_storage_size()} bytes")
        if count > MAXIMUM_WEIGHTS:
            raise self._unsafe(group, attribute, f"has {count} texts")
        # All of them may refer to the same text in the file.
        if stored.get_type().is_variable_str() and count * self._largest(group) > _MOST_BYTES:
            raise self._unsafe(group, attribute, f"has {count} texts that may be too long")
        for value in np.asarray(group.attrs[attribute]).reshape(-1):
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            # The storage of texts of variable length holds only references to them.
            limit_bytes -= len(text)
            if limit_bytes < 0:
                raise self._unsafe(group, attribute, "is too long")
            yield text

    def _largest(self, group: h5py.Group) -> int:
        """Return the size of the largest text of variable length in the file."""
        if self._largest_bytes is None:
            _, length_bytes = group.file.id.get_create_plist().get_sizes()
            self._largest_bytes = largest_text_bytes(self._path, length_bytes, self._display_name)
        return self._largest_bytes

    def _unsafe(self, group: h5py.Group, attribute: str, what: str) -> UnsafeFileError:
        return UnsafeFileError(
            f"{self._display_name}: the attribute {attribute} of {group.name} {what}",
            hint=UNSAFE_HINT,
        )
