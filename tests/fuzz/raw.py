"""Mutations of bytes, with what is known of where sizes lie in them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

INTEGERS = (
    *(0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x10000, 1 << 20, 1 << 26),
    *((1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 40, (1 << 63) - 1, (1 << 64) - 1),
)
MARKS_HDF5 = (
    *(b"\x89HDF", b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"OCHK", b"FRHP", b"FHDB", b"BTHD"),
    *(b"BTLF", b"FADB", b"FAHD", b"EAHD", b"SMTB"),
)
"""Signatures of the structures of HDF5 (file format specification, III)."""
MARKS_ZIP = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06")
MESSAGES = (0x01, 0x03, 0x05, 0x06, 0x07, 0x08, 0x0B, 0x0C, 0x10, 0x11)
"""Types of the messages in a version 1 object header: dataspace, datatype, link, layout ..."""

Mutation = Callable[[random.Random, bytes, bytes], bytes]


def flip(chance: random.Random, data: bytes, other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def overwrite(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Write numbers of all sizes anywhere."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        _put(chance, changed, chance.randrange(len(changed)))
    return bytes(changed)


def resize(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Write numbers near the signatures, where sizes and addresses lie."""
    changed = bytearray(data)
    marks = MARKS_ZIP if data.startswith(b"PK") and chance.random() < 0.6 else MARKS_HDF5
    places = [place for mark in marks for place in _all(data, mark)]
    for _ in range(chance.choice((1, 1, 2, 3)) if places else 0):
        _put(chance, changed, chance.choice(places) + chance.randrange(4, 64))
    return bytes(changed)


def retype(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Change what a message in an object header says: type, size, version, dimensions.

    Messages of version 1 begin at multiples of 8 with type and size, two bytes each.
    """
    changed = bytearray(data)
    places = [
        at
        for at in range(0, len(data) - 16, 8)
        if data[at] in MESSAGES
        and data[at + 1] == 0
        and 0 < data[at + 2] < 128
        and not data[at + 3]
    ]
    for _ in range(chance.choice((1, 1, 2)) if places else 0):
        at = chance.choice(places)
        if chance.random() < 0.2:
            changed[at] = chance.choice(MESSAGES)
        else:
            _put(chance, changed, at + 8 + chance.randrange(data[at + 2]))
    return bytes(changed)


def truncate(chance: random.Random, data: bytes, other: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def blank(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Leave out what a save had not written yet."""
    start = chance.randrange(len(data))
    size = min(chance.choice((8, 512, 4096, len(data))), len(data) - start)
    return data[:start] + bytes([chance.choice((0, 0, 255))]) * size + data[start + size :]


def splice(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Put a piece of another file, or of this one, in place of as many bytes or between them."""
    source = chance.choice((data, other)) or data
    start, at = chance.randrange(len(source)), chance.randrange(len(data))
    piece = source[start : start + chance.choice((4, 64, 1024, 16384))]
    return data[:at] + piece + data[at + (len(piece) if chance.random() < 0.7 else 0) :]


def grow(chance: random.Random, data: bytes, other: bytes) -> bytes:
    return bytes(chance.choice((1, 512, 4096))) * chance.choice((0, 1)) + data + other[:5000]


MUTATIONS: Sequence[tuple[Mutation, float]] = (
    (flip, 3),
    (overwrite, 3),
    (resize, 3),
    (retype, 4),
    (truncate, 1),
    (blank, 1),
    (splice, 2),
    (grow, 0.5),
)


def mutate(chance: random.Random, data: bytes, other: bytes) -> tuple[bytes, str]:
    """Return changed bytes, and what was done."""
    if not data:
        return data, "nothing"
    mutation = chance.choices([m for m, _ in MUTATIONS], [weight for _, weight in MUTATIONS])[0]
    return mutation(chance, data, other), f"raw.{mutation.__name__}"


def _put(chance: random.Random, data: bytearray, at: int) -> None:
    size = chance.choice((1, 2, 4, 8))
    value = chance.choice(INTEGERS) & ((1 << 8 * size) - 1)
    at = min(at, max(0, len(data) - size))
    data[at : at + size] = value.to_bytes(size, "little")


def _all(data: bytes, mark: bytes) -> list[int]:
    places, at = [], data.find(mark)
    while at >= 0:
        places.append(at)
        at = data.find(mark, at + 1)
    return places
