"""Raw HTTP requests, made of valid ones by mutations that know the grammar.

A case depends on the campaign's seed and its own number alone, so any one can be made again.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.fuzz.request_words import (
    ENDINGS,
    FIELDS,
    GRANTED_ORIGINS,
    KNOWN_HOSTS,
    METHODS,
    OTHER_ORIGINS,
    PREFACES,
    SNIPPETS,
    SPLICES,
    UNKNOWN_HOSTS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What there is to ask for.

    Attributes
    ----------
    paths
        What the server serves.
    lures
        Paths, and parts of paths, of what it must not serve.
    etags
        Entity tags that it sent.
    """

    paths: tuple[str, ...]
    lures: tuple[str, ...]
    etags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request, and what is known of its answer.

    Attributes
    ----------
    framed
        Whether it is a request that ends where it should, so that exactly one answer follows.
    host_known, origin
        What the answer depends on first; of a case that is not framed, nothing is known.
    last
        Whether the connection may end with it.
    """

    number: int
    raw: bytes
    framed: bool
    method: str = ""
    host_known: bool = True
    origin: str | None = None
    last: bool = False


def make_case(world: World, seed: int, number: int) -> Case:
    """Return case `number` of the campaign with that `seed`."""
    chance = random.Random(f"{seed}/{number}")
    if chance.random() < 0.03:
        return Case(number=number, raw=chance.choice(PREFACES), framed=False)
    case = _framed(world, chance, number)
    if chance.random() < 0.75:
        return case
    return Case(number=number, raw=_wild(chance, case.raw), framed=False)


def _framed(world: World, chance: random.Random, number: int) -> Case:
    method = chance.choice(METHODS)
    known = chance.random() < 0.85
    host = chance.choice(KNOWN_HOSTS if known else UNKNOWN_HOSTS)
    target = _target(world, chance)
    fields = [("Host", host)]
    if chance.random() < 0.08:  # RFC 9112, section 3.2.2: the target's authority is what counts
        authority = re.sub("[/#]", "", host) or ":"
        known = known or authority == "localhost"
        target = f"http://{authority}{target}"
        fields = [("Host", chance.choice(KNOWN_HOSTS))]
    origin = chance.choice((None, *GRANTED_ORIGINS, *OTHER_ORIGINS))
    if origin is not None:
        fields.append(("Origin", origin))
    fields += _more_fields(world, chance)
    body, framing, last = _body(chance)
    fields += framing
    if chance.random() < 0.05:
        fields.append(("Connection", "close"))
        last = True
    chance.shuffle(fields)
    head = "".join(f"{_spelled(chance, name)}: {value}\r\n" for name, value in fields)
    raw = f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1", "replace") + body
    return Case(
        number=number,
        raw=raw,
        framed=True,
        method=method,
        host_known=known,
        origin=origin,
        last=last,
    )


def _target(world: World, chance: random.Random) -> str:
    target = chance.choice(world.paths if chance.random() < 0.6 else world.lures)
    for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 3, 5))):
        target = chance.choice(_TARGET_TRICKS)(chance, target)
    target = re.sub(r"[\x00-\x20\x7f]", "_", target)  # these would end the request line
    return target if target.startswith("/") else f"/{target}"


def _insert(chance: random.Random, text: str) -> str:
    at = chance.choice([match.end() for match in re.finditer("/|$", text)])
    slash = chance.choice(("/", "", "%2f", "\\"))
    return text[:at] + chance.choice(SNIPPETS) + slash + text[at:]


def _encode(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text))
    code = f"%{ord(text[at]) & 255:02x}"
    return text[:at] + chance.choice((code, code.upper(), f"%25{code[1:]}")) + text[at + 1 :]


def _replace_slash(chance: random.Random, text: str) -> str:
    slash = chance.choice(("\\", "%2f", "%5c", "//", "/./", "/x/../", "%252f", "/%2e/", ""))
    return "/" + text[1:].replace("/", slash, chance.choice((1, -1)))


def _cut(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text))
    return text[:at] + text[at + chance.randrange(1, 4) :] or "/"


def _grow(chance: random.Random, text: str) -> str:
    return text + chance.choice((text, "/a" * 500, "x" * 3000, "%2e" * 400, "/.." * 200))


def _end(chance: random.Random, text: str) -> str:
    return text + chance.choice(ENDINGS)


def _swap_case(chance: random.Random, text: str) -> str:
    return text.swapcase() if chance.random() < 0.5 else text.upper()


_TARGET_TRICKS: Sequence[Callable[[random.Random, str], str]] = (
    *(_insert, _insert, _insert, _encode, _encode, _replace_slash, _cut, _end, _end),
    *(_grow, _swap_case),
)


def _more_fields(world: World, chance: random.Random) -> list[tuple[str, str]]:
    fields = []
    for name, values in chance.sample(FIELDS, chance.choice((0, 0, 1, 2, 4))):
        takes_tag = name in ("If-None-Match", "If-Match", "If-Range")
        etag = takes_tag and chance.random() < 0.5
        fields.append((name, chance.choice(world.etags if etag else values)))
    return fields


def _body(chance: random.Random) -> tuple[bytes, list[tuple[str, str]], bool]:
    """Return a body nobody asked for, its framing, and whether the connection may end with it."""
    if chance.random() < 0.9:
        return b"", [], False
    data = chance.randbytes(chance.choice((0, 1, 100, 3000)))
    if chance.random() < 0.5:
        return data, [("Content-Length", str(len(data)))], True
    chunks = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
    return chunks + b"0\r\n\r\n", [("Transfer-Encoding", "chunked")], True


def _spelled(chance: random.Random, name: str) -> str:
    return chance.choice((name, name, name.lower(), name.upper()))


def _wild(chance: random.Random, raw: bytes) -> bytes:
    for _ in range(chance.randrange(1, 4)):
        raw = chance.choice(_BYTE_TRICKS)(chance, raw)
    return raw[:60_000]


def _truncate(chance: random.Random, raw: bytes) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def _drop(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + raw[at + chance.randrange(1, 20) :]


def _repeat(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + raw[max(0, at - chance.randrange(1, 40)) :]


def _flip(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + chance.randbytes(chance.choice((1, 1, 2, 8))) + raw[at + 1 :]


def _control(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + chance.choice((b"\r", b"\n", b"\0", b" ", b"\t", b"\x0b", b":")) + raw[at:]


def _line_ends(chance: random.Random, raw: bytes) -> bytes:
    return raw.replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n ")))


def _splice(chance: random.Random, raw: bytes) -> bytes:
    lines = raw.split(b"\r\n")
    at = chance.randrange(len(lines))
    return b"\r\n".join(lines[:at]) + b"\r\n" + chance.choice(SPLICES) + b"\r\n".join(lines[at:])


def _pipeline(chance: random.Random, raw: bytes) -> bytes:
    return raw * chance.choice((2, 3, 10))


_BYTE_TRICKS: Sequence[Callable[[random.Random, bytes], bytes]] = (
    *(_truncate, _drop, _repeat, _flip, _flip, _control, _line_ends, _splice, _splice, _splice),
    _pipeline,
)
