"""Who may save."""

from __future__ import annotations

import pytest

from tfjs_serve.errors import (
    BadUploadError,
    OriginNotAllowedError,
    SavingOffError,
    UploadTooLargeError,
    WrongTokenError,
)
from tfjs_serve.settings import GIB, MIB, SavingLimits
from tfjs_serve.web.cors import CorsPolicy
from tfjs_serve.web.hosts import HostPolicy
from tfjs_serve.web.saving.policy import (
    Asked,
    SavePolicy,
    check_coding,
    check_size,
    is_same_origin,
    without_token,
)

TOKEN = "abcdefghijklmnopqrstuvwx"
OWN = "localhost:8000"


def policy(*origins: str, hosts: tuple[str, ...] = (), token: str | None = TOKEN) -> SavePolicy:
    return SavePolicy(
        token=token,
        cors=CorsPolicy.from_settings(origins),
        hosts=HostPolicy.from_settings("127.0.0.1", hosts),
    )


def asked(*origins: str, query: str = f"token={TOKEN}", **others: object) -> Asked:
    fields: dict[str, object] = {"authority": OWN, "origins": origins, "query": query, **others}
    return Asked(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("https://localhost:8000", "localhost:8000"),
        ("http://localhost", "localhost:80"),
        ("http://localhost", "localhost"),
        ("http://LOCALHOST:8000", "localhost:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://192.168.1.5:8000", "192.168.1.5:8000"),
    ],
)
def test_a_page_of_this_server(origin: str, authority: str) -> None:
    assert is_same_origin(origin, authority)
    policy().check(asked(origin, authority=authority))


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        ("http://localhost:8001", "localhost:8000"),
        ("http://127.0.0.1:8000", "localhost:8000"),
        ("http://localhost", "localhost:8000"),
        ("null", "null"),
        ("null", "localhost"),
        ("", ""),
        ("http://", ""),
        ("http://localhost:8000/", "localhost:8000"),
        ("http://localhost:8000", None),
        ("http://user@localhost:8000", "user@localhost:8000"),
    ],
)
def test_pages_of_others(origin: str, authority: str | None) -> None:
    assert not is_same_origin(origin, authority)
    with pytest.raises(OriginNotAllowedError):
        policy().check(asked(origin, authority=authority))


def test_a_named_origin_and_its_patterns() -> None:
    named = policy("https://a.example", "https://*.b.example")
    for origin in ("https://a.example", "https://A.example:443", "https://x.b.example"):
        named.check(asked(origin))
    for origin in ("https://b.example", "http://a.example", "https://xb.example"):
        with pytest.raises(OriginNotAllowedError, match=r"pages of http"):
            named.check(asked(origin))


def test_no_option_lets_all_pages_save() -> None:
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        with pytest.raises(OriginNotAllowedError):
            policy("*", "null").check(asked(origin))


def test_a_name_that_may_have_been_pointed_here_is_no_proof() -> None:
    with pytest.raises(OriginNotAllowedError):
        policy(hosts=("*",)).check(asked("http://x.example", authority="x.example"))
    policy(hosts=("x.example",)).check(asked("http://x.example", authority="x.example"))


def test_two_origins_are_none() -> None:
    with pytest.raises(OriginNotAllowedError):
        policy().check(asked(f"http://{OWN}", f"http://{OWN}"))


def test_what_has_no_origin_needs_the_token() -> None:
    policy().check(asked())
    with pytest.raises(WrongTokenError, match="missing"):
        policy().check(asked(query=""))


@pytest.mark.parametrize(
    ("query", "authorizations"),
    [
        (f"x=1&token={TOKEN}&y=2", ()),
        (f"token={TOKEN}", ("Basic x",)),
        ("", (f"Bearer {TOKEN}",)),
        ("", (f"BEARER  {TOKEN} ",)),
        ("", ("Basic x", f"Bearer {TOKEN}")),
        (f"token={TOKEN}", (f"Bearer {TOKEN}",)),
    ],
)
def test_where_a_token_may_be(query: str, authorizations: tuple[str, ...]) -> None:
    policy().check(asked(query=query, authorizations=authorizations))


@pytest.mark.parametrize(
    ("query", "authorizations"),
    [
        ("token=", ()),
        ("token", ()),
        (f"Token={TOKEN}x", ()),
        (f"token={TOKEN}&token=x", ()),
        (f"token={TOKEN}%00", ()),
        (f"token={TOKEN}", ("Bearer x",)),
        ("", ("Bearer ", f"Bearer {TOKEN}")),
        ("", (TOKEN,)),
        ("token=\ud800", ()),
    ],
)
def test_one_wrong_token_is_enough(query: str, authorizations: tuple[str, ...]) -> None:
    with pytest.raises(WrongTokenError):
        policy().check(asked(query=query, authorizations=authorizations))


def test_off_is_off() -> None:
    off = policy("https://a.example", token=None)
    assert not off.is_on
    with pytest.raises(SavingOffError) as caught:
        off.check(asked("https://a.example"))
    assert "--allow-save" in caught.value.hint


def test_sizes_that_are_declared() -> None:
    limits = SavingLimits(weights_bytes=GIB)
    for size_bytes in (None, 0, GIB, GIB + 64 * MIB):
        check_size(size_bytes, limits)
    with pytest.raises(UploadTooLargeError, match="1024 MiB"):
        check_size(GIB + 66 * MIB, limits)


def test_codings() -> None:
    check_coding("")
    check_coding("Identity")
    for coding in ("gzip", "br", "identity, gzip", "x" * 99):
        with pytest.raises(BadUploadError):
            check_coding(coding)


def test_no_log_tells_the_token() -> None:
    assert without_token("/a?token=xyz") == "/a?token=..."
    assert without_token("/a?x=1&token=xyz&y=2") == "/a?x=1&token=...&y=2"
    assert without_token("/token=xyz?mytoken=1") == "/token=xyz?mytoken=1"
