"""The addresses of this machine: those that others can type."""

from __future__ import annotations

import socket

import pytest

from tfjs_serve.web import network


class Adapter:
    """A network as far as its name and addresses go."""

    def __init__(self, name: str, *ips: object) -> None:
        self.nice_name = name
        self.ips = [Ip(ip) for ip in ips]


class Ip:
    def __init__(self, ip: object) -> None:
        self.ip = ip
        self.is_IPv4 = isinstance(ip, str)


ADAPTERS = [
    Adapter("lo", "127.0.0.1", ("::1", 0, 0)),
    Adapter("docker0", "172.17.0.1"),
    Adapter("tun0", "10.8.0.2"),
    Adapter("wlan0", "192.168.1.5", "169.254.3.4", ("fd00::2", 0, 0), ("fe80::1", 0, 3)),
]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ifaddr.get_adapters", lambda: ADAPTERS)
    monkeypatch.setattr(socket, "gethostname", lambda: "Desk.example.com")


def the_way_out_is(monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    monkeypatch.setattr(network, "_address_of_the_way_out", lambda family: address)


@pytest.mark.usefixtures("machine")
def test_the_way_out_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    the_way_out_is(monkeypatch, "192.168.1.5")
    assert network.outward_addresses(socket.AF_INET) == ["192.168.1.5", "10.8.0.2"]


@pytest.mark.usefixtures("machine")
def test_a_room_without_the_internet_has_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    the_way_out_is(monkeypatch, None)
    assert network.outward_addresses(socket.AF_INET) == ["10.8.0.2", "192.168.1.5"]
    assert network.outward_addresses(socket.AF_INET6) == ["fd00::2"]


@pytest.mark.usefixtures("machine")
def test_own_hosts_are_spelled_as_in_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    the_way_out_is(monkeypatch, None)
    hosts = network.own_hosts()
    assert hosts == {"10.8.0.2", "192.168.1.5", "[fd00::2]", "desk", "desk.local"}


def test_what_is_found_here_is_of_this_machine() -> None:
    for address in network.outward_addresses(socket.AF_INET):
        with socket.socket() as probe:
            probe.bind((address, 0))
