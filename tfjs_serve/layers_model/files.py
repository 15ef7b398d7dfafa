"""Write the files of a model: streamed, hashed on the way, and named once they are whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import BinaryIO

from tfjs_serve.compression import COMPRESSED_SUFFIXES
from tfjs_serve.errors import store_error
from tfjs_serve.layers_model.digests import shard_name
from tfjs_serve.layers_model.model import WrittenFile

_PARTIAL = "shard.partial"


class ShardWriter:
    """Cuts a stream of bytes into shards of given sizes, named by their digests.

    Use as a context manager: a shard that is not whole at the end is removed.

    Parameters
    ----------
    directory
        An existing folder without files of this model.
    sizes_bytes
        Sizes of the shards, in order, none of them zero.
    copied
        Shards that exist already, by their indices: their bytes are only counted.
    """

    def __init__(
        self,
        directory: Path,
        sizes_bytes: Sequence[int],
        copied: Mapping[int, WrittenFile] = MappingProxyType({}),
    ) -> None:
        self._directory = directory
        self._remaining = list(reversed(sizes_bytes))
        self._copied = copied
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._size_bytes = self._room_bytes = 0
        self._shards: list[WrittenFile] = []

    @property
    def shards(self) -> tuple[WrittenFile, ...]:
        """The whole shards, in order; equal ones are repeated."""
        return tuple(self._shards)

    def write(self, data: memoryview) -> None:
        """Append bytes, filling as many shards as they take."""
        with storing():
            while data:
                if self._skips():
                    data = data[self._skip_within_shard(len(data)) :]
                    continue
                file = self._file or self._open_next()
                piece, data = data[: self._room_bytes], data[self._room_bytes :]
                file.write(piece)
                self._hash.update(piece)
                self._room_bytes -= len(piece)
                if not self._room_bytes:
                    self._finish(file)

    def skip(self, size_bytes: int) -> None:
        """Pass bytes that are all in shards that exist already."""
        while size_bytes:
            assert self._skips()
            size_bytes -= self._skip_within_shard(size_bytes)

    def _skips(self) -> bool:
        return len(self._shards) in self._copied

    def _skip_within_shard(self, most_bytes: int) -> int:
        """Pass bytes of a shard that exists; return how many."""
        shard = self._copied[len(self._shards)]
        if not self._room_bytes:
            self._room_bytes = self._remaining.pop()
        size_bytes = min(most_bytes, self._room_bytes)
        self._room_bytes -= size_bytes
        if not self._room_bytes:
            self._shards.append(shard)
        return size_bytes

    def _open_next(self) -> BinaryIO:
        self._size_bytes = self._room_bytes = self._remaining.pop()
        self._hash = hashlib.sha256()
        self._file = (self._directory / _PARTIAL).open("wb")
        return self._file

    def _finish(self, file: BinaryIO) -> None:
        self._file = None
        file.close()
        digest = self._hash.hexdigest()
        shard = WrittenFile(name=shard_name(digest), size_bytes=self._size_bytes, sha256=digest)
        # Replacing an equal shard, if there is one, changes nothing.
        (self._directory / _PARTIAL).replace(self._directory / shard.name)
        self._shards.append(shard)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file:
            self._file.close()
            (self._directory / _PARTIAL).unlink(missing_ok=True)


def write_shard(directory: Path, size_bytes: int, blocks: Iterable[bytes]) -> WrittenFile:
    """Write one shard of `size_bytes` from `blocks`, which hold exactly that many bytes."""
    if not size_bytes:
        return write_empty_shard(directory)
    with ShardWriter(directory, [size_bytes]) as writer:
        for block in blocks:
            writer.write(memoryview(block))
        return writer.shards[0]


def write_empty_shard(directory: Path) -> WrittenFile:
    """Write a shard without bytes."""
    return write_file(directory, shard_name(hashlib.sha256().hexdigest()), b"")


def write_compressible(directory: Path, name: str, data: bytes) -> tuple[WrittenFile, ...]:
    """Write `data`, and its compressed forms beside it."""
    contents = {name: data}
    for suffix, compress in COMPRESSED_SUFFIXES.items():
        contents[name + suffix] = compress(data)
    return tuple(write_file(directory, name, content) for name, content in contents.items())


def distinct(files: Sequence[WrittenFile]) -> tuple[WrittenFile, ...]:
    """Return `files` without repetitions, in order."""
    return tuple(dict.fromkeys(files))


@contextmanager
def storing() -> Iterator[None]:
    """Turn a failure to write into an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise store_error(
            error,
            f"cannot write the converted model: {error.strerror or error}",
            hint="free some space there, or choose another folder with --cache-dir",
        ) from error


def write_file(directory: Path, name: str, content: bytes) -> WrittenFile:
    """Write a small file whose name is known in advance."""
    with storing():
        (directory / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return WrittenFile(name=name, size_bytes=len(content), sha256=digest)
