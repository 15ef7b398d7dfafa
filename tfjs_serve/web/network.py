"""Which addresses and names this machine has in its networks: what others can type."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator

_SOME_ADDRESS_V4 = "192.0.2.1"
_SOME_ADDRESS_V6 = "2001:db8::1"
_INTERNAL = ("docker", "br-", "veth", "virbr", "vEthernet")
"""Networks within this machine begin like this: of containers and virtual machines."""


def outward_addresses(family: int) -> list[str]:
    """Return this machine's addresses in its networks, the one that leads furthest first.

    Those of the machine itself, and of networks within it, are left out; so are link-local ones,
    which browsers cannot open.
    """
    found = [address for address in map(str, _addresses(family)) if address]
    first = _address_of_the_way_out(family)
    return list(dict.fromkeys([first, *found] if first else found))


def own_hosts() -> frozenset[str]:
    """Return the hosts in URLs that can only mean this machine, in its networks.

    Not its full name: pages of other machines are of the same site as that.
    """
    both = (*outward_addresses(socket.AF_INET), *outward_addresses(socket.AF_INET6))
    short = socket.gethostname().partition(".")[0].lower()
    return frozenset((*map(in_url, both), *((short, f"{short}.local") if short else ())))


def in_url(host: str) -> str:
    """Return a host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def _addresses(family: int) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    wanted = 4 if family == socket.AF_INET else 6
    for text in _of_all_interfaces():
        address = ipaddress.ip_address(text)
        if address.version == wanted and not (address.is_loopback or address.is_link_local):
            yield address


def _of_all_interfaces() -> Iterable[str]:
    import ifaddr  # noqa: PLC0415 - servers of this machine only do not need it

    for adapter in ifaddr.get_adapters():
        if not adapter.nice_name.startswith(_INTERNAL):
            yield from (str(ip.ip if ip.is_IPv4 else ip.ip[0]) for ip in adapter.ips)


def _address_of_the_way_out(family: int) -> str | None:
    """Return the address from which others are reached; ``None`` if there is no way out.

    Connecting a datagram socket sends nothing. It only selects a route, here to an address that is
    reserved for documentation (RFC 5737, RFC 3849).
    """
    target = _SOME_ADDRESS_V6 if family == socket.AF_INET6 else _SOME_ADDRESS_V4
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((target, 9))
            address: str = probe.getsockname()[0]
            return address
    except OSError:
        return None
