"""Members of a zip archive, read in place: nothing is ever unpacked beside the file.

``.keras`` archives are ordinary zips (PKWARE APPNOTE 6.3). Keras stores members uncompressed, so
that the HDF5 member can be read where it lies; other tools deflate, which needs a temporary file.
"""

from __future__ import annotations

import io
import os
import shutil
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import IO, BinaryIO, cast

from tfjs_serve.errors import KerasFileError, UnsafeFileError

MAXIMUM_TEXT_BYTES = 256 << 20
"""More than any ``config.json``: the largest models of keras.applications have a few MB."""
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 0x1
_HINT_DAMAGED = "the file is damaged or not completely written; save the model again"


class Archive:
    """An open zip archive.

    Raises
    ------
    KerasFileError
        Cut off or damaged.
    """

    def __init__(self, path: Path, display_name: str) -> None:
        self._path = path
        self._display_name = display_name
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise KerasFileError(
                f"{display_name} is damaged or not completely written ({error})",
                hint="save the model again, or wait until it is written",
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """Names of the members."""
        return self._zip.namelist()

    def read_text(self, name: str) -> str:
        """Return a member of text.

        Raises
        ------
        KerasFileError
            It is missing, damaged, or not UTF-8.
        UnsafeFileError
            It is larger than any text of a model.
        """
        member = self._member(name)
        if member.file_size > MAXIMUM_TEXT_BYTES:
            raise UnsafeFileError(
                f"{self._display_name}: {name} claims to hold {member.file_size} bytes of text",
                hint="the file is damaged, or made to exhaust this machine",
            )
        try:
            return self._zip.read(member).decode("utf-8")
        except (zipfile.BadZipFile, UnicodeDecodeError, OSError, EOFError) as error:
            raise self._damaged(name, error) from error

    def open(self, name: str) -> IO[bytes]:
        """Return a member as a seekable file; the caller closes it.

        Raises
        ------
        KerasFileError
            It is missing or damaged.
        """
        member = self._member(name)
        if member.compress_type == zipfile.ZIP_STORED:
            return cast(IO[bytes], io.BufferedReader(self._window(member)))
        return self._inflated(member)

    def _member(self, name: str) -> zipfile.ZipInfo:
        try:
            member = self._zip.getinfo(name)
        except KeyError:
            raise KerasFileError(
                f"{self._display_name} has no {name} in it", hint=_HINT_DAMAGED
            ) from None
        if member.flag_bits & _ENCRYPTED:
            raise KerasFileError(
                f"{self._display_name} is encrypted", hint="save the model without a password"
            )
        return member

    def _window(self, member: zipfile.ZipInfo) -> _Window:
        with self._path.open("rb") as file:
            try:
                file.seek(member.header_offset)
                header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            except (OSError, struct.error) as error:
                raise self._damaged(member.filename, error) from error
        name_bytes, extra_bytes = header[-2:]
        start = member.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
        if start + member.file_size > self._path.stat().st_size:
            raise self._damaged(member.filename, "it is cut off")
        return _Window(self._path.open("rb"), start, member.file_size)

    def _inflated(self, member: zipfile.ZipInfo) -> IO[bytes]:
        copy = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
        try:
            with self._zip.open(member) as packed:
                shutil.copyfileobj(packed, copy, 1 << 20)
        except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
            copy.close()
            raise self._damaged(member.filename, error) from error
        copy.seek(0)
        return cast(IO[bytes], copy)

    def _damaged(self, name: str, reason: object) -> KerasFileError:
        return KerasFileError(
            f"{self._display_name}: {name} cannot be read ({reason})", hint=_HINT_DAMAGED
        )


class _Window(io.RawIOBase):
    """A part of a file as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, size_bytes: int) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}
        self._position = max(0, origin[whence] + offset)
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is not in 3.10
        left = max(0, self._size_bytes - self._position)
        view = memoryview(buffer)[:left]
        self._file.seek(self._start + self._position)
        count = self._file.readinto(view)  # type: ignore[attr-defined]  # BinaryIO leaves it out
        self._position += count
        return int(count)

    def close(self) -> None:
        self._file.close()
        super().close()
