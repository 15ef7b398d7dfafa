from __future__ import annotations

import errno
import socket

import pytest

from tfjs_serve.web import listening
from tfjs_serve.web.listening import ListenError, listen, open_origins, origin_of, port_of


@pytest.fixture
def close():
    """Close sockets in the end."""
    opened = []
    yield opened.extend
    for item in opened:
        item.close()


def test_any_free_port_is_one_for_all_addresses(close):
    sockets = listen("localhost", 0)
    close(sockets)
    assert len({item.getsockname()[1] for item in sockets}) == 1
    with socket.create_connection(("127.0.0.1", port_of(sockets)), timeout=10):
        pass


def test_an_explicit_port_that_is_taken_is_an_error(close):
    first = listen("127.0.0.1", 0)
    close(first)
    with pytest.raises(ListenError) as caught:
        listen("127.0.0.1", port_of(first))
    assert "already in use" in caught.value.message
    assert "--port" in caught.value.hint


@pytest.mark.parametrize("port", [-1, 65_536, 10**30])
def test_a_port_that_no_machine_has_is_an_error(port):
    with pytest.raises(ListenError, match=f"there is no port {port}"):
        listen("127.0.0.1", port)


def test_the_default_port_gives_way_to_the_next_free_one(close, monkeypatch):
    first = listen("127.0.0.1", 0)
    close(first)
    monkeypatch.setattr(listening, "DEFAULT_PORT", port_of(first))
    second = listen("127.0.0.1", None)
    close(second)
    assert port_of(first) < port_of(second) < port_of(first) + listening.PORTS_TO_TRY


def test_when_all_ports_are_taken_it_says_so(close, monkeypatch):
    first = listen("127.0.0.1", 0)
    close(first)
    monkeypatch.setattr(listening, "DEFAULT_PORT", port_of(first))
    monkeypatch.setattr(listening, "PORTS_TO_TRY", 1)
    with pytest.raises(ListenError, match="all in use"):
        listen("127.0.0.1", None)


def test_an_address_family_that_is_off_is_left_out(close, monkeypatch):
    real = listening._listening_socket

    def only_ipv4(family, address):
        if family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return real(family, address)

    monkeypatch.setattr(listening, "_listening_socket", only_ipv4)
    monkeypatch.setattr(
        listening,
        "_addresses",
        lambda host: [(socket.AF_INET6, ("::1", 0, 0, 0)), (socket.AF_INET, ("127.0.0.1", 0))],
    )
    sockets = listen("localhost", 0)
    close(sockets)
    assert [item.family for item in sockets] == [socket.AF_INET]


def test_nothing_stays_open_when_one_address_is_taken(monkeypatch):
    opened = []
    real = listening._listening_socket

    def second_is_taken(family, address):
        if opened:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        opened.append(real(family, address))
        return opened[0]

    monkeypatch.setattr(listening, "_listening_socket", second_is_taken)
    address = (socket.AF_INET, ("127.0.0.1", 0))
    monkeypatch.setattr(listening, "_addresses", lambda host: [address, address])
    with pytest.raises(ListenError, match="already in use"):
        listen("both", 0)
    assert opened[0].fileno() == -1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.EADDRNOTAVAIL, "x"), "not an address of this machine"),
        (OSError(errno.ENOBUFS, "No buffer space"), "No buffer space"),
    ],
)
def test_other_failures_are_explained(monkeypatch, error, message):
    def fail(family, address):
        raise error

    monkeypatch.setattr(listening, "_listening_socket", fail)
    with pytest.raises(ListenError, match=message):
        listen("127.0.0.1", 0)


@pytest.mark.parametrize("host", ["no such host", "x" * 300, "a..b"])
def test_a_host_without_address_is_explained(host):
    with pytest.raises(ListenError, match="not an address of this machine"):
        listen(host, 0)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("localhost", "http://localhost:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
    ],
)
def test_origins_are_what_this_machine_can_open(host, origin):
    assert origin_of(host, 80) == origin


class Bound:
    """A socket as far as its address goes."""

    def __init__(self, *address, family=socket.AF_INET):
        self.address = address
        self.family = family

    def getsockname(self):
        return self.address


@pytest.mark.parametrize(
    ("sockets", "origins"),
    [
        ([Bound("127.0.0.1", 80)], []),
        ([Bound("127.0.1.1", 80), Bound("::1", 80, 0, 0, family=socket.AF_INET6)], []),
        ([Bound("192.168.1.5", 80)], ["http://192.168.1.5:80"]),
        ([Bound("fe80::1%eth0", 80, 0, 2, family=socket.AF_INET6)], ["http://[fe80::1]:80"]),
        ([Bound("0.0.0.0", 80)], ["http://192.0.2.7:80"]),
        ([Bound("::", 80, 0, 0, family=socket.AF_INET6)], ["http://this-machine:80"]),
    ],
)
def test_it_knows_how_others_reach_it(monkeypatch, sockets, origins):
    addresses = {socket.AF_INET: ["192.0.2.7"], socket.AF_INET6: []}
    monkeypatch.setattr(listening, "outward_addresses", addresses.get)
    monkeypatch.setattr(listening.socket, "gethostname", lambda: "this-machine")
    assert open_origins(sockets) == origins
