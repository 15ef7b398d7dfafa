"""Bodies are read the same in pieces of any size, and what is not one is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.saving.forms import BOUNDARY, content_type, form, part
from tfjs_serve.errors import BadUploadError
from tfjs_serve.web.saving.multipart import (
    MAXIMUM_HEAD_BYTES,
    MultipartParser,
    PartBegins,
    boundary_of,
)

TWO = {"model.json": b'{"a": 1}', "model.weights.bin": bytes(range(256))}
END = f"--{BOUNDARY}--\r\n".encode()


def read(body: bytes, piece_bytes: int = 1 << 20) -> list[tuple[str, bytes]]:
    """Return names and bytes of the parts of `body`, given in pieces."""
    parser = MultipartParser(BOUNDARY.encode())
    parts: list[tuple[str, bytes]] = []
    for start in range(0, len(body), piece_bytes):
        for event in parser.feed(body[start : start + piece_bytes]):
            if isinstance(event, PartBegins):
                parts.append((event.name, b""))
            else:
                name, data = parts.pop()
                parts.append((name, data + event.data))
    parser.close()
    return parts


@pytest.mark.parametrize("piece_bytes", [1, 2, 3, 7, 64, 1 << 20])
def test_parts_are_read_in_pieces_of_any_size(piece_bytes: int) -> None:
    assert read(form(TWO), piece_bytes) == list(TWO.items())


@given(st.binary(max_size=200), st.integers(1, 90))
def test_any_bytes_come_through(data: bytes, piece_bytes: int) -> None:
    tricky = data + f"\r\n--{BOUNDARY[:-1]}".encode() + b"\r\n--" + data + b"\r"
    assert read(form({"a": tricky, "b": data}), piece_bytes) == [("a", tricky), ("b", data)]


def test_an_empty_part_and_a_missing_last_line_end_are_fine() -> None:
    assert read(form({"a": b""})[:-2]) == [("a", b"")]


def test_names_may_stand_without_quotes_and_in_any_place() -> None:
    head = b'Content-Type: x/y\r\ncontent-disposition: form-data; filename="b"; name=a'
    body = f"--{BOUNDARY}\r\n".encode() + head + b"\r\n\r\nbytes\r\n" + END
    assert read(body) == [("a", b"bytes")]


def with_head(*lines: str) -> bytes:
    return f"--{BOUNDARY}\r\n".encode() + "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "ends before"),
        (form(TWO)[:-4], "ends before"),
        (form(TWO)[:-40], "ends before"),
        (part("a", b"x"), "ends before"),
        (b"\r\n" + form(TWO), "does not begin"),
        (b"preamble\r\n" + form(TWO), "does not begin"),
        (form(TWO) + b"more", "follows its last"),
        (form(TWO) + b"\r\n", "follows its last"),
        (form(TWO).replace(b"\r\n", b"\n"), "does not begin|not the whole"),
        (form(TWO).replace(f"{BOUNDARY}\r\n".encode(), f"{BOUNDARY} \r\n".encode()), "whole"),
        (form(TWO).replace(f"{BOUNDARY}\r\n".encode(), f"{BOUNDARY}x\r\n".encode()), "whole"),
        (with_head("A: " + "x" * MAXIMUM_HEAD_BYTES) + END, "does not end"),
        (with_head("Content-Type: text/plain") + END, "not a field"),
        (with_head('Content-Disposition: attachment; name="a"') + END, "not a field"),
        (with_head("Content-Disposition: form-data") + END, "not a field"),
        (with_head('Content-Disposition: form-data; filename="a"') + END, "no name"),
        (with_head('Content-Disposition: form-data; name="a"; name="b"') + END, "or several"),
        (with_head("Content-Disposition: form-data; name=a;name=b") + END, "or several"),
        (with_head(*['Content-Disposition: form-data; name="a"'] * 2) + END, "not a field"),
        (with_head('Content-Disposition: form-data; name="\xff"') + END, "UTF-8"),
        (
            with_head(
                'Content-Disposition: form-data; name="a"', "Content-Transfer-Encoding: base64"
            )
            + END,
            "encoded",
        ),
    ],
)
@pytest.mark.parametrize("piece_bytes", [1, 1 << 20])
def test_what_is_no_form_is_refused(body: bytes, reason: str, piece_bytes: int) -> None:
    with pytest.raises(BadUploadError, match=reason) as caught:
        read(body, piece_bytes)
    assert "model.save" in caught.value.hint


@given(st.binary(max_size=400), st.integers(1, 50))
def test_garbage_is_refused_and_never_anything_else(data: bytes, piece_bytes: int) -> None:
    with pytest.raises(BadUploadError):
        read(data, piece_bytes)


@given(st.data())
def test_a_damaged_form_is_refused_or_read_but_never_anything_else(data: st.DataObject) -> None:
    body = bytearray(form(TWO))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        whole = read(bytes(body))
    except BadUploadError:
        return
    assert read(bytes(body), 1) == whole


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; boundary="a:b"', b"a:b"),
        ("multipart/form-data; charset=x; boundary=----WebKitFormBoundary7MA", b"----WebKitForm"),
    ],
)
def test_boundaries(text: str, boundary: bytes) -> None:
    assert boundary_of(text).startswith(boundary)


@pytest.mark.parametrize(
    "text",
    [
        *("", "text/plain", "application/json; boundary=abc", "multipart/mixed; boundary=abc"),
        *("multipart/form-data", "multipart/form-data; boundary=", content_type("x" * 71)),
        *('multipart/form-data; boundary="a b"', 'multipart/form-data; boundary="é"'),
        *("multipart/form-data; boundary=a\r\nX: y", "multipart/form-data; boundary*=utf-8''a"),
        *("multipart/form-data; boundary=a; boundary=b", 'multipart/form-data; boundary="a'),
    ],
)
def test_what_is_no_content_type_of_a_form(text: str) -> None:
    with pytest.raises(BadUploadError, match="multipart/form-data"):
        boundary_of(text)
