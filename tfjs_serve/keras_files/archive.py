"""Members of a zip archive, read in place: nothing is ever unpacked next to the file.

``.keras`` archives are ordinary zips (PKWARE APPNOTE 6.3). Keras stores members uncompressed, so
the HDF5 member can be read where it lies. Other tools compress it, which needs a temporary file.

The directory of an archive is checked before any member is opened: members must not overlap, and
their inflated sizes count towards the file's budget.
"""

from __future__ import annotations

import io
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, BinaryIO, cast

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files import limits
from tfjs_serve.keras_files.damage import damaged
from tfjs_serve.keras_files.limits import UNSAFE_HINT, Budget
from tfjs_serve.keras_files.object_weights import with_slashes
from tfjs_serve.settings import MIB

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Python inflates other methods without a limit on memory."""
_HINT_DAMAGED = "the file is damaged or not completely written; save the model again"
_RAISED = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error),
    *(LookupError, NotImplementedError, OverflowError, RuntimeError, ValueError),
)
"""What :mod:`zipfile` raises on malformed archives."""


class Archive:
    """An open zip archive.

    Attributes
    ----------
    budget
        How much the file may expand to.

    Raises
    ------
    KerasFileError
        The archive is cut off or damaged.
    UnsafeFileError
        The archive can be read in two ways, or has too many members.
    """

    def __init__(self, path: Path, display_name: str) -> None:
        self._path = path
        self._display_name = display_name
        with ExitStack() as stack:
            try:
                file = stack.enter_context(_Measured(io.FileIO(path)))
                self.budget = Budget(path.stat().st_size, display_name)
                self._zip = stack.enter_context(zipfile.ZipFile(file))
                self._check_directory()
            except _RAISED as error:
                raise damaged(display_name, str(error)) from error
            self._open = stack.pop_all()

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    @property
    def names(self) -> list[str]:
        """Names of the members."""
        return list(self._members)

    def read_text(self, name: str) -> str:
        """Return a member that holds text.

        Raises
        ------
        KerasFileError
            It is missing, damaged, or not UTF-8.
        UnsafeFileError
            It is larger than any text in a model.
        """
        try:
            return self.read_bytes(name).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._damaged(name, error) from error

    def read_bytes(self, name: str) -> bytes:
        """Return a member of which nothing is known but that it is not large.

        Raises
        ------
        KerasFileError
            It is missing or damaged.
        UnsafeFileError
            It is larger than any text in a model.
        """
        member = self._member(name)
        if member.file_size > limits.MAXIMUM_TEXT_BYTES:
            raise UnsafeFileError(
                f"{self._display_name}: {name} claims to hold {member.file_size} bytes of text",
                hint=UNSAFE_HINT,
            )
        return b"".join(self._blocks(member))

    def start_of(self, name: str) -> int | None:
        """Return where a member begins in the archive; ``None`` if it is compressed.

        Raises
        ------
        KerasFileError
            It is missing or damaged.
        """
        member = self._member(name)
        return self._start(member) if member.compress_type == zipfile.ZIP_STORED else None

    def open(self, name: str) -> IO[bytes]:
        """Return a member as a seekable file; the caller closes it.

        Raises
        ------
        KerasFileError
            It is missing or damaged.
        UnsafeFileError
            It would expand too much.
        """
        member = self._member(name)
        if member.compress_type == zipfile.ZIP_STORED:
            return cast(IO[bytes], io.BufferedReader(self._window(member)))
        return self._inflated(member)

    def _check_directory(self) -> None:
        """Refuse a directory that can be read in two ways."""
        members = self._zip.infolist()
        if len(members) > limits.MAXIMUM_MEMBERS:
            raise self._unsafe(f"has {len(members)} members")
        self._members = {with_slashes(member.filename): member for member in members}
        if len(self._members) < len(members):
            raise self._unsafe("has two members with the same name")
        self._check_places(sorted(members, key=lambda member: member.header_offset))

    def _check_places(self, members: Sequence[zipfile.ZipInfo]) -> None:
        starts = [*(member.header_offset for member in members), self._zip.start_dir]
        for member, next_start in zip(members, starts[1:], strict=True):
            end = member.header_offset + _LOCAL_HEADER.size + member.compress_size
            if member.header_offset < 0 or end > next_start:
                raise self._unsafe(f"has the member {member.filename!r} inside another one")

    def _member(self, name: str) -> zipfile.ZipInfo:
        member = self._members.get(name)
        if member is None:
            raise KerasFileError(f"{self._display_name} has no {name} in it", hint=_HINT_DAMAGED)
        if member.flag_bits & _ENCRYPTED:
            raise KerasFileError(
                f"{self._display_name} is encrypted", hint="save the model without a password"
            )
        if member.compress_type not in _METHODS:
            raise KerasFileError(
                f"{self._display_name}: {name} is packed with method {member.compress_type}",
                hint="pack the archive again with deflate, or save the model again",
            )
        if member.compress_type == zipfile.ZIP_STORED and member.file_size != member.compress_size:
            raise self._damaged(name, f"it claims to hold {member.file_size} bytes")
        return member

    def _window(self, member: zipfile.ZipInfo) -> _Window:
        start = self._start(member)
        return _Window(self._path.open("rb"), start, member.file_size)

    def _start(self, member: zipfile.ZipInfo) -> int:
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
        return int(start)

    def _inflated(self, member: zipfile.ZipInfo) -> IO[bytes]:
        self.budget.spend(member.file_size, member.filename)
        copy = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
        try:
            for block in self._blocks(member):
                copy.write(block)
        except BaseException:
            copy.close()
            raise
        copy.seek(0)
        return cast(IO[bytes], copy)

    def _blocks(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield the bytes of a member, and never more than it declares."""
        left_bytes = member.file_size
        try:
            with self._zip.open(member) as packed:
                while block := packed.read(MIB):
                    left_bytes -= len(block)
                    if left_bytes < 0:
                        raise self._damaged(member.filename, "it holds more than it declares")
                    yield block
        except _RAISED as error:
            raise self._damaged(member.filename, error) from error
        if left_bytes:
            raise self._damaged(member.filename, "it holds less than it declares")

    def _damaged(self, name: str, reason: object) -> KerasFileError:
        return KerasFileError(
            f"{self._display_name}: {name} cannot be read ({reason})", hint=_HINT_DAMAGED
        )

    def _unsafe(self, what: str) -> UnsafeFileError:
        return UnsafeFileError(f"{self._display_name} is an archive that {what}", hint=UNSAFE_HINT)


class _Measured(io.BufferedReader):
    """A file that refuses to be read in pieces larger than the directory of an archive may be.

    :mod:`zipfile` reads the whole directory at once, whatever size the archive declares for it.
    """

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > limits.MAXIMUM_DIRECTORY_BYTES:
            raise ValueError(f"a directory of {size} bytes")
        return super().read(size)


class _Window(io.RawIOBase):
    """A part of a file that can be read as if it were a whole file."""

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
