"""Check the heaps in which HDF5 keeps texts of variable length, before libhdf5 reads them.

libhdf5 walks through a heap from object to object by the sizes that they state, and loops forever
at an object of size zero (``H5HG__cache_heap_deserialize`` in ``H5HGcache.c``, seen in libhdf5
2.0). No attacker is needed for that: a half-written file has zeros there. The layout is in section
III.E of the file format specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tfjs_serve.keras_files.damage import damaged
from tfjs_serve.settings import MIB

_SIGNATURE = b"GCOL\x01"
_MINIMUM_BYTES = 4096
"""libhdf5 itself refuses smaller heaps, and those that are longer than the file."""
_MOST_OBJECTS = 1 << 17
"""Objects have 16-bit numbers; a damaged heap may repeat them."""


def largest_text_bytes(path: Path, length_bytes: int, display_name: str) -> int:
    """Return the size of the largest text in a heap of a file.

    Parameters
    ----------
    length_bytes
        How many bytes the file uses for a length.

    Raises
    ------
    KerasFileError
        A heap has no end.
    """
    file_bytes, largest_bytes = path.stat().st_size, 0
    with path.open("rb") as file:
        for start in _places(file):
            found_bytes = _largest_in(file, start, length_bytes, file_bytes)
            if found_bytes is None:
                raise damaged(display_name, f"the heap at byte {start} has no end")
            largest_bytes = max(largest_bytes, found_bytes)
    return largest_bytes


def _places(file: BinaryIO) -> Iterator[int]:
    """Yield where heaps may begin; weights may hold the same bytes by coincidence."""
    position, tail = 0, b""
    while block := _read_at(file, position, MIB):
        data = tail + block
        found = data.find(_SIGNATURE)
        while found >= 0:
            yield position - len(tail) + found
            found = data.find(_SIGNATURE, found + 1)
        position += len(block)
        tail = data[1 - len(_SIGNATURE) :]


def _largest_in(file: BinaryIO, start: int, length_bytes: int, file_bytes: int) -> int | None:
    """Return the size of the largest object in a heap; ``None`` if the heap has no end."""
    header_bytes = _aligned(8 + length_bytes)
    header = _read_at(file, start, header_bytes)
    size_bytes = int.from_bytes(header[8 : 8 + length_bytes], "little")
    if not _MINIMUM_BYTES <= size_bytes <= file_bytes - start:
        return 0
    position, largest_bytes = header_bytes, 0
    for _ in range(_MOST_OBJECTS):
        if position + header_bytes > size_bytes:
            return largest_bytes
        object_header = _read_at(file, start + position, header_bytes)
        stated_bytes = int.from_bytes(object_header[8 : 8 + length_bytes], "little")
        is_free = not any(object_header[:2])
        taken_bytes = stated_bytes if is_free else header_bytes + _aligned(stated_bytes)
        if not 0 < taken_bytes <= size_bytes - position:
            return None
        position += taken_bytes
        largest_bytes = largest_bytes if is_free else max(largest_bytes, stated_bytes)
    return None


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // 8) * 8


def _read_at(file: BinaryIO, position: int, size_bytes: int) -> bytes:
    file.seek(position)
    return file.read(size_bytes)
