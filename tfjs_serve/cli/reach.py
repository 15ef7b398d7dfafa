"""Who can reach the server, and how: ``--host``, ``--lan`` and ``--tls``."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tfjs_serve.cli.help_texts import option
from tfjs_serve.errors import SettingsError
from tfjs_serve.settings import DEFAULT_HOST
from tfjs_serve.web.hosts import is_loopback_host, machine_names
from tfjs_serve.web.network import outward_addresses, own_hosts

if TYPE_CHECKING:
    import ssl

    from tfjs_serve.cli.certificates import Certificate

_Function = TypeVar("_Function", bound=Callable[..., Any])

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - that is what --lan asks for
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_IN_A_CERTIFICATE = re.compile(r"[a-z0-9:.-]+")


def pem_file(_ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    """Return the path of a file that is there."""
    if value is not None and not value.is_file():
        raise click.BadParameter(f"there is no file {str(value)!r}")
    return value


_OPTIONS = (
    option(
        "--lan",
        is_flag=True,
        help="Serve the devices of the local network, on all addresses of this machine, with a "
        "code for their cameras; pages of these addresses may load models.",
    ),
    option(
        "--tls",
        is_flag=True,
        help="Encrypt, with a certificate that is made for this machine; on other devices, pages "
        "need that for cameras.",
    ),
    option(
        "--tls-cert",
        metavar="FILE",
        type=click.Path(path_type=Path),
        callback=pem_file,
        help="Encrypt with this certificate (PEM).",
    ),
    option(
        "--tls-key",
        metavar="FILE",
        type=click.Path(path_type=Path),
        callback=pem_file,
        help="The key of the certificate (PEM), unless it is in the same file.",
    ),
)


def reach_options(command: _Function) -> _Function:
    """Add the options that :func:`reach_of` takes, besides those of :class:`ServerSettings`."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How others reach the server, beside what the settings say."""

    is_lan: bool = False
    certificate: Certificate | None = None
    context: ssl.SSLContext | None = None

    @property
    def scheme(self) -> str:
        """What URLs of the server start with."""
        return "http" if self.context is None else "https"


def take_lan(options: dict[str, Any]) -> bool:
    """Make of ``lan`` in `options` what settings know; return whether it was asked for."""
    is_lan: bool = options.pop("lan")
    if is_lan:
        if options["host"] != DEFAULT_HOST:
            raise SettingsError(
                "--lan listens on all addresses of this machine, and --host on one",
                hint="leave out one of them",
            )
        options.update(host=_EVERYWHERE, own_hosts=own_hosts())
    return is_lan


def certificate_of(options: dict[str, Any]) -> Certificate | None:
    """Take what is said of TLS out of `options`, and return the certificate to use, if any."""
    wants_one = options.pop("tls")
    chain, key = options.pop("tls_cert"), options.pop("tls_key")
    if not (wants_one or chain or key):
        return None
    from tfjs_serve.cli.certificates import (  # noqa: PLC0415 - most servers have no ssl
        Certificate,
        made_certificate,
    )

    if chain is not None:
        return Certificate(chain=chain, key=key)
    if key is not None:
        raise SettingsError("--tls-key is the key of a certificate", hint="give --tls-cert, too")
    return made_certificate(options["cache_dir"], _hosts(options["host"]))


def reach_of(options: dict[str, Any]) -> Reach:
    """Take from `options` all that is about reaching the server; what settings know stays.

    Raises
    ------
    SettingsError
        They contradict each other, or the certificate cannot be used.
    StoreError
        The certificate that is made cannot be kept.
    """
    is_lan = take_lan(options)
    certificate = certificate_of(options)
    context = certificate.context() if certificate else None
    return Reach(is_lan=is_lan, certificate=certificate, context=context)


def _hosts(host: str) -> list[str]:
    """Return the names and addresses under which a server on `host` is reached."""
    hosts = list(_LOOPBACK)
    if not is_loopback_host(host):
        own = (outward_addresses(one) for one in (socket.AF_INET, socket.AF_INET6))
        named = [] if host in (_EVERYWHERE, "::") else [host]
        hosts += [*named, *machine_names(), *(address for some in own for address in some)]
    lower = (one.lower() for one in hosts)
    return [one for one in dict.fromkeys(lower) if _IN_A_CERTIFICATE.fullmatch(one)]
