from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.errors import SettingsError
from tfjs_serve.web.cors import (
    CorsPolicy,
    blocked_message,
    is_loopback,
    normalise_origin,
)

LOOPBACK_ONLY = CorsPolicy.from_settings([])


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:5173",
        "https://localhost:8443",
        "capacitor://localhost",
        "http://app.localhost:3000",
        "http://127.0.0.1:8080",
        "http://127.5.6.7",
        "http://[::1]",
        "http://[::1]:3000",
        "HTTP://LOCALHOST:1",
    ],
)
def test_loopback_origins_are_allowed(origin: str) -> None:
    assert is_loopback(origin)
    assert LOOPBACK_ONLY.headers(origin)["Access-Control-Allow-Origin"] == origin
    assert LOOPBACK_ONLY.headers(origin)["Timing-Allow-Origin"] == origin


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "localhost",
        "https://example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://notlocalhost",
        "http://localhost@example.com",
        "http://example.com#localhost",
        "http://example.com/localhost",
        "http://localhost:80:80",
        "http://localhost/",
        "http://128.0.0.1",
        "http://0.0.0.0:8000",
        "http://192.168.1.2",
        "http://[::2]",
        "http://127.0.0.256",
        "http://localhost\r\nX: y",
        "http://\x00.localhost",
        "http://\u212a.localhost\u00e9",
        "http://localhost http://example.com",
    ],
)
def test_other_origins_are_not(origin: str) -> None:
    assert not is_loopback(origin)
    assert LOOPBACK_ONLY.headers(origin) == {"Vary": "Origin"}
    assert LOOPBACK_ONLY.headers(origin, is_immutable=True) == {"Vary": "Origin"}
    assert LOOPBACK_ONLY.preflight_headers(origin, None, private_network=True) == {}


@pytest.mark.parametrize("is_immutable", [True, False])
def test_same_origin_requests_need_nothing(is_immutable: bool) -> None:
    """In particular not a star: a page that asks without ``cors`` sends no origin either."""
    assert LOOPBACK_ONLY.headers(None, is_immutable=is_immutable) == {"Vary": "Origin"}


def test_what_is_immutable_is_the_same_for_all_origins_of_this_machine() -> None:
    policy = CorsPolicy.from_settings(["https://example.com"])
    first, *others = (
        policy.headers(origin, is_immutable=True)
        for origin in ("http://localhost:1", "http://localhost:2", "http://127.0.0.1", "a://[::1]")
    )
    assert others == [first] * 3
    assert first["Access-Control-Allow-Origin"] == first["Timing-Allow-Origin"] == "*"
    assert "Vary" not in first


def test_other_allowed_origins_are_named_as_their_site_may_have_more_of_them() -> None:
    policy = CorsPolicy.from_settings(["https://app.example.com"])
    named = policy.headers("https://app.example.com", is_immutable=True)
    assert named["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert named["Vary"] == "Origin"
    other = policy.headers("https://other.example.com", is_immutable=True)
    assert other == {"Vary": "Origin"}


@pytest.mark.parametrize(
    ("option", "origin"),
    [
        ("https://example.com", "https://example.com"),
        ("https://Example.com:443/", "https://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("http://example.com:8080", "http://example.com:8080"),
        ("null", "null"),
    ],
)
def test_an_option_allows_the_origin_that_browsers_send(option: str, origin: str) -> None:
    policy = CorsPolicy.from_settings([option])
    assert policy.headers(origin)["Access-Control-Allow-Origin"] == origin
    assert policy.headers("https://other.example") == {"Vary": "Origin"}
    assert policy.allows("http://localhost:1")


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://a.app.github.dev", True),
        ("https://A.b.app.github.dev:443", True),
        ("https://app.github.dev", False),
        ("https://a.app.github.dev:8443", False),
        ("http://a.app.github.dev", False),
        ("https://a-app.github.dev", False),
        ("https://a.app.github.dev.evil.example", False),
        ("https://*.app.github.dev", False),
    ],
)
def test_a_pattern_allows_subdomains_with_the_same_scheme_and_port(
    origin: str, is_allowed: bool
) -> None:
    policy = CorsPolicy.from_settings(["https://*.App.github.dev/"])
    assert policy.allows(origin) == is_allowed
    assert ("Access-Control-Allow-Origin" in policy.headers(origin)) == is_allowed


def test_a_pattern_may_name_a_port() -> None:
    policy = CorsPolicy.from_settings(["http://*.example.com:8080"])
    assert policy.allows("http://a.example.com:8080")
    assert not policy.allows("http://a.example.com")


@pytest.mark.parametrize("is_immutable", [True, False])
def test_only_origins_that_the_option_names_may_send_cookies(is_immutable: bool) -> None:
    """A proxy in between may need them; with a star, any page could use those of its visitor."""
    policy = CorsPolicy.from_settings(["https://example.com", "http://localhost:3000", "null"])
    credentials = "Access-Control-Allow-Credentials"
    for origin in ("https://example.com", "http://localhost:3000"):
        headers = policy.headers(origin, is_immutable=is_immutable)
        assert headers[credentials] == "true"
        assert headers["Access-Control-Allow-Origin"] == origin
    for origin in ("http://localhost:4000", "null", "https://other.example", None):
        assert credentials not in policy.headers(origin, is_immutable=is_immutable)
    star = CorsPolicy.from_settings(["*"])
    assert credentials not in star.headers("https://example.com", is_immutable=is_immutable)


def test_a_star_allows_all_without_naming_them() -> None:
    policy = CorsPolicy.from_settings(["*"])
    for origin in ("https://example.com", "null", "http://localhost:1", None):
        assert policy.headers(origin)["Access-Control-Allow-Origin"] == "*"
        assert policy.headers(origin)["Timing-Allow-Origin"] == "*"
        assert "Vary" not in policy.headers(origin)


@pytest.mark.parametrize(
    "option",
    [
        *("example.com", "https://", "https://a/b", "", "https://a b", "//a"),
        *("https://*.com", "https://*", "https://*.", "https://a.*.example.com", "*.example.com"),
        *("https://*.127.0.0.1", "https://*.*.example.com", "https://*.[::1]"),
    ],
)
def test_an_option_that_is_no_origin_is_an_error(option: str) -> None:
    with pytest.raises(SettingsError, match="is not an origin") as error:
        CorsPolicy.from_settings([option])
    assert "https://example.com" in error.value.hint


def test_preflight() -> None:
    headers = LOOPBACK_ONLY.preflight_headers(
        "http://localhost:1", "range, X-Mine", private_network=True
    )
    assert headers == {
        "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
        "Access-Control-Allow-Headers": "range, X-Mine",
        "Access-Control-Max-Age": "7200",
        "Access-Control-Allow-Private-Network": "true",
    }


@pytest.mark.parametrize("requested", [None, "", "a b", "x\r\ny", "range,,x", "ä"])
def test_what_is_no_list_of_names_is_not_echoed(requested: str | None) -> None:
    headers = LOOPBACK_ONLY.preflight_headers("http://[::1]", requested, private_network=False)
    assert "Range" in headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Private-Network" not in headers


def test_the_log_line_names_the_option() -> None:
    assert "--cors-origin https://example.com" in blocked_message("https://Example.com:443")
    assert "--cors-origin null" in blocked_message("null")
    assert "\n" not in blocked_message("http://a\nb")


@given(st.text())
def test_any_origin_gets_an_answer_and_only_printable_ones_are_echoed(origin: str) -> None:
    for value in LOOPBACK_ONLY.headers(origin).values():
        assert value.isprintable()
    assert "\n" not in blocked_message(origin)


@given(st.text(alphabet="htps:/[]0127.aloc@"))
def test_normal_form_is_stable(origin: str) -> None:
    normal = normalise_origin(origin)
    if normal is not None:
        assert normalise_origin(normal) == normal


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://192.168.1.5:3000", True),
        ("https://192.168.1.5", True),
        ("http://[fd00::2]:3000", True),
        ("http://desk.local:3000", True),
        ("http://192.168.1.6:3000", False),
        ("http://a.desk.local", False),
        ("http://192.168.1.5.example", False),
    ],
)
def test_pages_of_own_addresses_are_treated_as_those_of_loopback(origin, allowed):
    own_hosts = frozenset({"192.168.1.5", "[fd00::2]", "desk.local"})
    policy = CorsPolicy.from_settings((), own_hosts)
    assert policy.allows(origin) is allowed
    named = policy.headers(origin).get("Access-Control-Allow-Origin")
    assert named == (origin if allowed else None)
    assert ("*" in policy.headers(origin, is_immutable=True).values()) is allowed
    assert "Access-Control-Allow-Credentials" not in policy.headers(origin)
