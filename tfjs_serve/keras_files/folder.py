"""The parts of a model as files of their own, under the names that they have in an archive.

A folder that Keras wrote (``save_model(..., zipped=False)``) has the same parts as a ``.keras``
archive, and so has a set of weights in several files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files import limits
from tfjs_serve.keras_files.damage import SAVE_AGAIN
from tfjs_serve.keras_files.limits import UNSAFE_HINT, Budget
from tfjs_serve.keras_files.object_weights import with_slashes


class FolderParts:
    """Reads the parts that are files; see :class:`~tfjs_serve.keras_files.archive.Archive`.

    Parameters
    ----------
    folder
        What names are relative to.
    files
        All files that may be read, in the order in which their bytes are counted.

    Raises
    ------
    KerasFileError
        One of them is gone.
    """

    def __init__(self, folder: Path, files: Sequence[Path], display_name: str) -> None:
        self._display_name = display_name
        self._paths: Mapping[str, Path] = {
            with_slashes(os.path.relpath(path, folder)): path for path in files
        }
        self._starts: dict[str, int] = {}
        total_bytes = 0
        for name, path in self._paths.items():
            self._starts[name] = total_bytes
            total_bytes += self._size_bytes(name, path)
        self.budget = Budget(total_bytes, display_name)

    @property
    def names(self) -> list[str]:
        """Names of the parts."""
        return list(self._paths)

    def read_text(self, name: str) -> str:
        """Return a part that holds text.

        Raises
        ------
        KerasFileError
            It is missing, cannot be read, or is not UTF-8.
        UnsafeFileError
            It is larger than any text in a model.
        """
        try:
            return self.read_bytes(name).decode("utf-8")
        except ValueError as error:
            raise self._unreadable(name, error) from error

    def read_bytes(self, name: str) -> bytes:
        """Return a part of which nothing is known but that it is not large.

        Raises
        ------
        KerasFileError
            It is missing, or cannot be read.
        UnsafeFileError
            It is larger than any text in a model.
        """
        path = self._path(name)
        if self._size_bytes(name, path) > limits.MAXIMUM_TEXT_BYTES:
            raise UnsafeFileError(
                f"{self._display_name}: {name} is larger than any text in a model",
                hint=UNSAFE_HINT,
            )
        try:
            return path.read_bytes()
        except OSError as error:
            raise self._unreadable(name, error) from error

    def start_of(self, name: str) -> int | None:
        """Return where a part begins, if all files are taken one after the other."""
        return self._starts[name]

    def open(self, name: str) -> IO[bytes]:
        """Return a part as a seekable file; the caller closes it.

        Raises
        ------
        KerasFileError
            It is missing or cannot be read.
        """
        try:
            return self._path(name).open("rb")
        except OSError as error:
            raise self._unreadable(name, error) from error

    def close(self) -> None:
        """Do nothing: each file is closed by whoever opened it."""

    def _path(self, name: str) -> Path:
        if name not in self._paths:
            raise KerasFileError(
                f"{self._display_name} has no {name} in it",
                hint="save the model again, or copy all of its files",
            )
        return self._paths[name]

    def _size_bytes(self, name: str, path: Path) -> int:
        try:
            return path.stat().st_size
        except OSError as error:
            raise self._unreadable(name, error) from error

    def _unreadable(self, name: str, error: Exception) -> KerasFileError:
        return KerasFileError(
            f"{self._display_name}: {name} cannot be read ({error})",
            hint=SAVE_AGAIN,
        )
