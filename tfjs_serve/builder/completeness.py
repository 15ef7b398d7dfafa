"""Whether a model file is complete by its own table of contents. Pure: works on bytes, not paths.

Both formats are readable only because of what is written last: libhdf5 writes the superblock, which
contains the address of the file's end (``H5F__flush_phase2`` in HDF5's ``H5Fint.c``), and zip
writers the central directory. A file that was truncated and is being written again has neither. A
file that is complete in this sense may still be edited in place, as ``h5py.File(path, "r+")`` does.
"""

from __future__ import annotations

import struct

HEAD_BYTES = 2048 + 96
"""The last position at which a superblock may begin, plus its maximum length."""
TAIL_BYTES = 64 * 1024 + 64
"""The end of central directory with the longest comment, and the zip64 locator before it."""

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HDF5_OFFSETS = (0, 512, 1024, 2048)
_OPEN_FOR_WRITING = 0b101
"""Consistency flags of superblock version 3: open for writing, or for SWMR writing."""
_ZIP_MEMBER, _ZIP_END, _ZIP64_LOCATOR = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x07"
_ZIP_END_BYTES, _ZIP64_LOCATOR_BYTES = 22, 20


def is_complete(head: bytes, tail: bytes, size_bytes: int) -> bool:
    """Return whether a file of `size_bytes` was written completely.

    Parameters
    ----------
    head, tail
        Its first :data:`HEAD_BYTES` and last :data:`TAIL_BYTES`; a shorter file as a whole.
    """
    if head.startswith(_ZIP_MEMBER):
        return _zip_is_complete(tail, size_bytes)
    for start in _HDF5_OFFSETS:
        if head.startswith(_HDF5_SIGNATURE, start):
            return _hdf5_is_complete(head[start:], size_bytes)
    return False


def _hdf5_is_complete(superblock: bytes, size_bytes: int) -> bool:
    """Compare the end-of-file address with the real size (HDF5 file format, section II.A)."""
    try:
        version = superblock[8]
        if version >= 3 and superblock[11] & _OPEN_FOR_WRITING:
            return False
        width, start = (superblock[13], 24 + 4 * version) if version < 2 else (superblock[9], 12)
        fields = superblock[start : start + 3 * width]
        base, _, end = (
            int.from_bytes(fields[i * width : (i + 1) * width], "little") for i in range(3)
        )
    except IndexError:
        return False
    return len(fields) == 3 * width > 0 and size_bytes in (end, base + end)


def _zip_is_complete(tail: bytes, size_bytes: int) -> bool:
    """Compare the end of central directory with the real size (APPNOTE.TXT, 4.3.16)."""
    at = tail.rfind(_ZIP_END)
    if at < 0 or len(tail) < at + _ZIP_END_BYTES:
        return False
    directory_bytes, offset, comment_bytes = struct.unpack_from("<IIH", tail, at + 12)
    if len(tail) != at + _ZIP_END_BYTES + comment_bytes:
        return False
    if tail.startswith(_ZIP64_LOCATOR, max(0, at - _ZIP64_LOCATOR_BYTES)):
        return True  # the real numbers come earlier in the file, and were written before
    return bool(size_bytes - len(tail) + at == offset + directory_bytes)
