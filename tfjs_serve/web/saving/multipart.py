"""Bodies of ``multipart/form-data`` (RFC 7578), read as they arrive. Pure.

Only what ``FormData`` of browsers and of Node writes: nothing before the first boundary, nothing
after the last one, and no white space after any. A library would accept more, and what two programs
read differently is where attacks hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from tfjs_serve.errors import BadUploadError
from tfjs_serve.settings import KIB

MAXIMUM_HEAD_BYTES = 4 * KIB
"""Of one part; those of browsers have about 120 bytes."""

_FORM_DATA = "multipart/form-data"
_BOUNDARY = re.compile(r"""("?)([0-9A-Za-z'()+_,./:=?-]{1,70})\1""")
"""RFC 2046, section 5.1.1, without the space, which nobody uses."""
_END_OF_LINE, _END_OF_HEAD, _LAST = b"\r\n", b"\r\n\r\n", b"--"
_NAME = re.compile(r';[ \t]*name=(?:"([^"\\\r\n]*)"|([^\s";]+))[ \t]*(?=;|\Z)', re.IGNORECASE)
_PLAIN_CODINGS = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBegins:
    """A part begins, the field that is called `name`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartGoesOn:
    """More bytes of the part that began last."""

    data: bytes


Event = PartBegins | PartGoesOn


class _Expects(Enum):
    FIRST_BOUNDARY = auto()
    AFTER_BOUNDARY = auto()
    HEAD = auto()
    BODY = auto()
    END = auto()


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a ``Content-Type`` names.

    Raises
    ------
    BadUploadError
        It is not that of a form, or has no proper boundary.
    """
    media_type, *parameters = (one.strip(" \t") for one in content_type.split(";"))
    pairs = [parameter.partition("=") for parameter in parameters]
    boundaries = [value for name, _, value in pairs if name.lower() == "boundary"]
    match = _BOUNDARY.fullmatch(boundaries[0]) if len(boundaries) == 1 else None
    if media_type.lower() != _FORM_DATA or match is None:
        raise BadUploadError(
            f"a model is saved as {_FORM_DATA}, with a boundary",
            hint="let TensorFlow.js send it: await model.save(url)",
        )
    return match[2].encode("ascii")


class MultipartParser:
    """Turns the bytes of a body, in pieces of any size, into what they mean.

    Parameters
    ----------
    boundary
        As :func:`boundary_of` returns it.
    """

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = _END_OF_LINE + _LAST + boundary
        # As if a line had ended before the body: so the first boundary is like the others.
        self._buffer = bytearray(_END_OF_LINE)
        self._expects = _Expects.FIRST_BOUNDARY

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield what `data` adds to the bytes before it.

        Raises
        ------
        BadUploadError
            It is not a form.
        """
        self._buffer += data
        while True:
            before = self._expects, len(self._buffer)
            event = self._next()
            if event is not None:
                yield event
            elif before == (self._expects, len(self._buffer)):
                return

    def close(self) -> None:
        """Raise :class:`BadUploadError` unless the form has come to its end."""
        if self._expects is not _Expects.END or self._buffer not in (b"", _END_OF_LINE):
            raise _malformed("it ends before its last boundary")

    def _next(self) -> Event | None:
        """Take one step; ``None``: nothing to tell of, or too few bytes."""
        if self._expects is _Expects.FIRST_BOUNDARY:
            self._first_boundary()
        elif self._expects is _Expects.AFTER_BOUNDARY:
            self._after_boundary()
        elif self._expects is _Expects.HEAD:
            return self._head()
        elif self._expects is _Expects.BODY:
            return self._body()
        elif not _END_OF_LINE.startswith(self._buffer):
            raise _malformed("something follows its last boundary")
        return None

    def _first_boundary(self) -> None:
        if not self._delimiter.startswith(self._buffer[: len(self._delimiter)]):
            raise _malformed("it does not begin with its boundary")
        if len(self._buffer) >= len(self._delimiter):
            self._take(len(self._delimiter))
            self._expects = _Expects.AFTER_BOUNDARY

    def _after_boundary(self) -> None:
        if len(self._buffer) < len(_END_OF_LINE):
            return
        follows = self._take(len(_END_OF_LINE))
        if follows not in (_END_OF_LINE, _LAST):
            raise _malformed("a boundary is not the whole of its line")
        self._expects = _Expects.HEAD if follows == _END_OF_LINE else _Expects.END

    def _head(self) -> Event | None:
        end = self._buffer.find(_END_OF_HEAD, 0, MAXIMUM_HEAD_BYTES)
        if end < 0:
            if len(self._buffer) >= MAXIMUM_HEAD_BYTES:
                raise _malformed("the head of a part does not end")
            return None
        name = _name_in(self._take(end + len(_END_OF_HEAD))[:end])
        self._expects = _Expects.BODY
        return PartBegins(name=name)

    def _body(self) -> Event | None:
        found = self._buffer.find(self._delimiter)
        if found >= 0:
            data = self._take(found)
            self._take(len(self._delimiter))
            self._expects = _Expects.AFTER_BOUNDARY
        else:  # the end may be the beginning of a boundary
            data = self._take(max(0, len(self._buffer) - len(self._delimiter) + 1))
        return PartGoesOn(data=data) if data else None

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


def _name_in(head: bytes) -> str:
    """Return the name of the field that the head of a part is of.

    Raises
    ------
    BadUploadError
        It has none, or several, or the part is encoded.
    """
    try:
        lines = [line.partition(":") for line in head.decode("utf-8").split("\r\n")]
    except UnicodeDecodeError:
        raise _malformed("the head of a part is not UTF-8") from None
    fields = [(name.lower(), value.strip(" \t")) for name, _, value in lines]
    dispositions = [value for name, value in fields if name == "content-disposition"]
    codings = {value.lower() for name, value in fields if name == "content-transfer-encoding"}
    if len(dispositions) != 1 or not dispositions[0].lower().startswith("form-data;"):
        raise _malformed("a part is not a field of a form")
    names = _NAME.findall(dispositions[0])
    if len(names) != 1:
        raise _malformed("a part has no name, or several")
    if not codings <= _PLAIN_CODINGS:
        raise _malformed("a part is encoded")
    quoted, plain = names[0]
    return str(quoted or plain)


def _malformed(reason: str) -> BadUploadError:
    return BadUploadError(
        f"the body is malformed: {reason}",
        hint="let TensorFlow.js send it: await model.save(url)",
    )
