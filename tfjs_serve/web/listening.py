"""Find an address to listen on."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import sys
from collections.abc import Sequence
from typing import Any

from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import DEFAULT_PORT, PORTS_TO_TRY
from tfjs_serve.web.network import in_url, outward_addresses

_BACKLOG = 128
_LAST_PORT = 65_535
_TAKEN = {errno.EADDRINUSE} | ({errno.EACCES} if sys.platform == "win32" else set())
"""Windows says "access denied" for ports that another program holds exclusively."""
_NO_SUCH_ADDRESS = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
"""This also happens when a name such as ``localhost`` has an IPv6 address and IPv6 is off."""

_Address = tuple[int, tuple[Any, ...]]


class ListenError(TfjsServeError):
    """The address cannot be listened on."""

    code = "cannot-listen"


def listen(host: str, port: int | None) -> list[socket.socket]:
    """Return sockets that listen on all of the host's addresses, on one port.

    They already listen: until one of them listens, two servers can be bound to the same port.

    Parameters
    ----------
    port
        ``None``: the default port, or the next one that is free; 0: any free one.

    Raises
    ------
    ListenError
        There is no such port, or it is taken or forbidden, or the host has no such address.
    """
    if port is not None:
        _check_port(port)
        return _listen(host, port)
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TO_TRY):
        with contextlib.suppress(_PortTakenError):
            return _listen(host, candidate)
    last = DEFAULT_PORT + PORTS_TO_TRY - 1
    raise ListenError(
        f"the ports {DEFAULT_PORT} to {last} of {host} are all in use",
        hint="give another one with --port, or --port 0 for any free one",
    )


def port_of(sockets: Sequence[socket.socket]) -> int:
    """Return the port that the sockets share."""
    port: int = sockets[0].getsockname()[1]
    return port


def origin_of(host: str, port: int, scheme: str = "http") -> str:
    """Return what URLs of this server start with on this machine."""
    name = host
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        if address.is_unspecified:
            address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
        name = in_url(str(address))
    return f"{scheme}://{name}:{port}"


def open_origins(sockets: Sequence[socket.socket], scheme: str = "http") -> list[str]:
    """Return what URLs start with on other machines; empty if only this one can connect."""
    port = port_of(sockets)
    shown: list[str] = []
    for listening in sockets:
        address = ipaddress.ip_address(listening.getsockname()[0].partition("%")[0])
        if address.is_unspecified:
            shown += outward_addresses(listening.family) or [socket.gethostname()]
        elif not address.is_loopback:
            shown.append(str(address))
    return [origin_of(host, port, scheme) for host in dict.fromkeys(shown)]


class _PortTakenError(ListenError):
    pass


def _check_port(port: int) -> None:
    if not 0 <= port <= _LAST_PORT:
        raise ListenError(
            f"there is no port {port}",
            hint=f"give one from 1 to {_LAST_PORT}, or 0 for any free one",
        )


def _listen(host: str, port: int) -> list[socket.socket]:
    with contextlib.ExitStack() as opened:
        sockets: list[socket.socket] = []
        failure = OSError(errno.EADDRNOTAVAIL, "no address")
        for family, address in _addresses(host):
            # With port 0, the first socket chooses the port for all addresses.
            wanted = port_of(sockets) if sockets else port
            try:
                listening = _listening_socket(family, (address[0], wanted, *address[2:]))
            except OSError as error:
                failure = error
                if error.errno not in _NO_SUCH_ADDRESS:
                    raise _explained(host, port, error) from error
            else:
                sockets.append(opened.enter_context(listening))
        if not sockets:
            raise _explained(host, port, failure)
        opened.pop_all()
        return sockets


def _addresses(host: str) -> list[_Address]:
    try:
        infos = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise _no_such_host(host) from error
    return list(dict.fromkeys((info[0], info[4]) for info in infos))


def _listening_socket(family: int, address: tuple[Any, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # IPv4 has a socket of its own, if it is wanted
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def _explained(host: str, port: int, error: OSError) -> ListenError:
    if error.errno in _TAKEN:
        return _PortTakenError(
            f"port {port} of {host} is already in use",
            hint="give another one with --port, or leave --port out to take the next free one",
        )
    if error.errno == errno.EACCES:
        return ListenError(
            f"this user may not use port {port} of {host}",
            hint="give a --port of 1024 or more",
        )
    if error.errno in _NO_SUCH_ADDRESS:
        return _no_such_host(host)
    return ListenError(f"cannot listen on port {port} of {host}: {error.strerror or error}")


def _no_such_host(host: str) -> ListenError:
    return ListenError(
        f"{host!r} is not an address of this machine",
        hint="leave --host out to serve this machine only, or give 0.0.0.0 for all addresses",
    )
