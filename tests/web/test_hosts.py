"""Only hosts that are known are answered: the defence against DNS rebinding."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from tests.web.asking import ask, assert_problem
from tests.web.fakes import FakeBuilder, FakeCatalog, Site, running
from tests.web.raw import converse
from tfjs_serve.errors import HostNotAllowedError, SettingsError
from tfjs_serve.settings import ServerSettings
from tfjs_serve.web import hosts
from tfjs_serve.web.hosts import HostPolicy, authority_of, machine_names
from tfjs_serve.web.problems import ProblemError

LOCAL = "http://localhost:5173"
EVIL = "evil.example"


def policy(*allowed: str, host: str = "127.0.0.1") -> HostPolicy:
    return HostPolicy.from_settings(host, allowed, lambda: ("Desk.lan", "desk", "desk.local"))


@pytest.mark.parametrize(
    "authority",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST:8000",
        "localhost.",
        "localhost.:8000",
        "models.localhost:80",
        "127.0.0.1:8000",
        "127.8.9.1",
        "[::1]:8000",
        "[::1]",
        "[0:0:0:0:0:0:0:1]:8000",
        "localhost:",
        "192.168.1.5:8000",
        "0.0.0.0:8000",
        "[fd00::5]:8000",
    ],
)
def test_loopback_names_and_addresses_are_always_answered(authority: str) -> None:
    assert policy().allows(authority)


@pytest.mark.parametrize(
    "authority",
    [
        EVIL,
        f"{EVIL}:8000",
        "",
        ":8000",
        ".",
        "localhost.evil.example",
        "localhost..",
        "notlocalhost",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io:8000",
        "1.2.3",
        "2130706433",
        "0x7f.1",
        "127.000.000.001",
        "[::1",
        "::1",
        "[::1].evil.example",
        "[localhost]",
        "[127.0.0.1]evil",
        "localhost:8000:8000",
        "localhost:port",
        "localhost@evil.example",
        "evil.example@localhost",
        "localhost,evil.example",
        "localhost evil.example",
        "localhost/evil",
        "localhost\\evil",
        "localhost#",
        "localhost\udcff",
        "desk",
        "desk.local",
        "*",
    ],
)
def test_other_names_are_not(authority: str) -> None:
    assert not policy().allows(authority)
    assert policy("*").allows(authority)


@pytest.mark.parametrize("allowed", ["models.example", "Models.EXAMPLE.", "models.example."])
def test_a_name_that_was_allowed_is_answered_in_all_spellings(allowed: str) -> None:
    given = policy(allowed)
    for authority in ("models.example", "MODELS.example.:8000", "models.example:1"):
        assert given.allows(authority)
    for authority in ("a.models.example", "example", "models.example.evil.example"):
        assert not given.allows(authority)


def test_a_name_with_a_dot_before_it_stands_for_all_names_under_it() -> None:
    given = policy(".App.example.dev")
    for authority in ("app.example.dev", "a.app.example.dev:8000", "a.B.app.example.dev."):
        assert given.allows(authority)
    for authority in ("example.dev", "aapp.example.dev", "app.example.dev.evil.example"):
        assert not given.allows(authority)


def test_international_names_are_allowed_as_browsers_send_them() -> None:
    assert policy("modèles.example").allows("xn--modles-5ua.example:8000")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_loopback_the_names_of_the_machine_are_not_even_asked_for(host: str) -> None:
    def fail() -> tuple[str, ...]:
        raise AssertionError

    assert HostPolicy.from_settings(host, (), fail).names == frozenset()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_where_others_are_meant_to_come_the_machine_is_known_by_its_names(host: str) -> None:
    for authority in ("desk:8000", "DESK.lan", "desk.local.", "192.168.1.5:8000"):
        assert policy(host=host).allows(authority)
    assert not policy(host=host).allows(EVIL)


def test_the_name_that_the_server_listens_on_is_known() -> None:
    assert policy(host="Models.example").allows("models.example:8000")


@pytest.mark.parametrize(
    "option",
    [
        *("", "http://a.example", "a.example:80", "a b", "a/b", "*.example", "-a.example", "."),
        *("a..b", ".dev", "..a.dev", ".127.0.0.1", ".a.dev:80"),
    ],
)
def test_an_option_that_is_no_name_is_refused_at_the_start(option: str) -> None:
    with pytest.raises(SettingsError) as caught:
        policy(option)
    assert repr(option) in caught.value.message
    assert "--allowed-host" in caught.value.hint


def test_the_machine_has_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts.socket, "gethostname", lambda: "desk.lan")
    assert machine_names() == ("desk.lan", "desk", "desk.local")
    monkeypatch.setattr(hosts.socket, "gethostname", lambda: "")
    assert machine_names() == ()


@pytest.mark.parametrize(
    ("target", "fields", "authority"),
    [
        ("/x", ["a:1"], "a:1"),
        ("/x", [" a\t"], "a"),
        ("/x", [], None),
        ("http://b:2/x", ["a"], "b:2"),
        ("HTTPS://b", ["a"], "b"),
        ("http:///x", ["a"], ""),
        ("http://b?x", [], "b"),
        ("http://b\\@a/x", ["a"], "b\\@a"),
        ("//b/x", ["a"], "a"),
        ("/http://b/x", ["a"], "a"),
        ("*", ["a"], "a"),
    ],
)
def test_whom_a_request_is_for(target: str, fields: list[str], authority: str | None) -> None:
    assert authority_of(target, fields) == authority


def test_a_request_names_exactly_one_host() -> None:
    check = policy("*").check
    for fields in (["localhost", "localhost"], []):
        with pytest.raises(ProblemError) as caught:
            check("/", fields, must_name_host=True)
        assert caught.value.problem.status == 400
    policy().check("/", [], must_name_host=False)
    with pytest.raises(HostNotAllowedError):
        policy().check(f"http://{EVIL}/", [], must_name_host=False)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "MKCOL"])
@pytest.mark.parametrize(
    "path", ["/", "/iris/model.json", "/nothing", "/-/health", "/..%2fx", "/%ff"]
)
async def test_a_host_that_is_not_known_is_refused_before_anything_else(
    site: Site, method: str, path: str
) -> None:
    answer = await ask(site, path, method, Host=f"{EVIL}:8000", Origin=LOCAL, Expect="x")
    assert answer.status == 403
    assert not [key for key in answer.headers if key.startswith("Access-Control")]
    assert "Timing-Allow-Origin" not in answer.headers
    assert (site.catalog.looked_up, site.builder.searched) == ([], [])
    assert site.builder.artifacts == {}
    if method != "HEAD":
        assert_problem(answer, 403, "host-not-allowed")
        assert answer.json()["hint"].endswith("--allowed-host evil.example")


async def test_the_absolute_targets_own_host_counts(site: Site) -> None:
    for target, host, status in (
        (f"http://{EVIL}/-/health", "localhost", 403),
        ("http://localhost/-/health", EVIL, 200),
        ("/-/health", EVIL, 403),
        (f"http://localhost@{EVIL}/-/health", "localhost", 403),
    ):
        request = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        assert (await converse(site, request.encode())).status == status, target


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /-/health HTTP/1.0\r\n\r\n", 200),
        (b"GET /-/health HTTP/1.0\r\nHost: evil.example\r\n\r\n", 403),
        (b"GET /-/health HTTP/1.1\r\n\r\n", 400),
        (b"GET /-/health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 403),
        (b"GET /-/health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET /-/health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403),
    ],
)
async def test_fields_that_are_missing_or_come_twice(
    site: Site, request_bytes: bytes, status: int
) -> None:
    answer = await converse(site, request_bytes)
    assert answer.status == status
    assert "Access-Control" not in answer.head
    assert json.loads(answer.body)["status"] == status or status == 200


async def test_the_log_says_once_what_to_do(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="tfjs_serve"):
        for path in ("/", "/iris/model.json"):
            await ask(site, path, Host=EVIL)
        for _ in range(2):
            await ask(site, "/", Host="<script>")
    assert [line.endswith("--allowed-host evil.example") for line in caplog.messages] == [
        True,
        False,
    ]
    assert caplog.messages[1].endswith("--allowed-host NAME")


async def test_the_log_of_refusals_has_an_end(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfjs_serve.web.app._MAX_REFUSALS_LOGGED", 3)
    with caplog.at_level(logging.WARNING, logger="tfjs_serve"):
        for number in range(6):
            await ask(site, "/", Host=f"{number}.example")
    assert len(caplog.messages) == 3


async def test_names_that_were_allowed_are_answered(
    catalog: FakeCatalog, builder: FakeBuilder, settings: ServerSettings
) -> None:
    allowed = replace(settings, allowed_hosts=frozenset({"models.example"}))
    async with running(catalog, builder, allowed) as site:
        assert (await ask(site, "/iris/model.json", Host="models.example:80")).status == 200
        assert (await ask(site, "/iris/model.json", Host=EVIL)).status == 403
        page = await ask(site, "/", Host="models.example:80")
    assert b"http://models.example:80/iris/model.json" in page.body
