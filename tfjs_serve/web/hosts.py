"""The host names that the server answers for, against DNS rebinding. Pure except `machine_names`.

If the owner of ``evil.example`` points that name at 127.0.0.1, browsers consider its pages and this
server to have the same origin. No CORS rule applies then, and only the ``Host`` field shows it.

An address cannot be pointed elsewhere, so a URL with an address means this machine. Requests for
addresses are always answered, which also lets a classroom open ``http://192.168.1.5:8000``.

Requests for names are answered only for

- names that never leave the machine (RFC 6761, section 6.3),
- the name that the server was told to listen on, and the machine's own names if other machines are
  meant to reach it,
- the names of ``--allowed-host``.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tfjs_serve.errors import HostNotAllowedError, SettingsError
from tfjs_serve.web import problems
from tfjs_serve.web.problems import ProblemError
from tfjs_serve.web.urls import ABSOLUTE_FORM

ANY_HOST = "*"

_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:@/?#\\\s]*))(?::[0-9]{0,5})?")
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_MOST_CHARS_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPolicy:
    """Which hosts a request may name: loopback names, all addresses, and `names`.

    Attributes
    ----------
    names
        In lower case; one that begins with a dot stands for that domain and all subdomains.
    """

    names: frozenset[str]

    @classmethod
    def from_settings(
        cls,
        host: str,
        allowed_hosts: Iterable[str],
        machine_names: Callable[[], Iterable[str]] = tuple,
    ) -> HostPolicy:
        """Check the values of ``--allowed-host``.

        Parameters
        ----------
        host
            What the server listens on.
        machine_names
            Returns the names of this machine; called only if other machines are to reach it.

        Raises
        ------
        SettingsError
            A value is not a host name.
        """
        own = () if is_loopback_host(host) else (host, *machine_names())
        names = (_normalised(name) for name in own)
        return cls(names=frozenset({*names, *map(_normalised_option, allowed_hosts)} - {""}))

    @property
    def allows_any(self) -> bool:
        """Whether every name is allowed, which leaves no defence against DNS rebinding."""
        return ANY_HOST in self.names

    def allows(self, authority: str) -> bool:
        """Whether a request for `authority` (``host`` or ``host:port``) is answered.

        The port does not matter: it stays the same when a name is pointed elsewhere.
        """
        match = _AUTHORITY.fullmatch(authority)
        if match is None:
            return self.allows_any
        if match[1] is not None:
            return is_address(match[1]) or self.allows_any
        name = _normalised(match[2])
        return self.allows_any or is_loopback_host(name) or is_address(name) or self._has(name)

    def _has(self, name: str) -> bool:
        domains = (name[dot:] for dot, char in enumerate(name) if char == ".")
        return not self.names.isdisjoint((name, f".{name}", *domains))

    def check(self, raw_target: str, host_fields: Sequence[str], *, must_name_host: bool) -> None:
        """Refuse a request that names no host, several, or one that is not known.

        Parameters
        ----------
        must_name_host
            Whether the request's version of HTTP demands a ``Host``. It may be missing in HTTP/1.0,
            but not in a browser, so no page can take advantage of that.

        Raises
        ------
        ProblemError
            400: not exactly one ``Host`` (RFC 9112, section 3.2).
        HostNotAllowedError
            The host is not allowed.
        """
        if len(host_fields) > 1 or (must_name_host and not host_fields):
            detail = "A request has exactly one Host field."
            raise ProblemError(problems.from_status(400, detail))
        authority = authority_of(raw_target, host_fields)
        if authority is not None and not self.allows(authority):
            raise _not_allowed(authority)


def authority_of(raw_target: str, host_fields: Sequence[str]) -> str | None:
    """Return the host that a request is for; ``None`` if it does not say.

    If the target is absolute, its authority counts instead of ``Host`` (RFC 9112, section 3.2.2).
    """
    absolute = ABSOLUTE_FORM.match(raw_target)
    if absolute is not None:
        return absolute[1]
    return host_fields[0].strip(" \t") if host_fields else None


def is_loopback_host(host: str) -> bool:
    """Whether `host`, in lower case, never leaves this machine: a name or an address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """Whether `host` is an IP address in the one spelling that browsers send."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def machine_names() -> tuple[str, ...]:
    """Return the names by which other machines may know this one, including ``.local`` of mDNS.

    Only machines in the same network and its name server can answer for these names, and they could
    ask this server directly.
    """
    name = socket.gethostname()
    short = name.partition(".")[0]
    return (name, short, f"{short}.local") if short else ()


def refused_message(authority: str) -> str:
    """Return the log line that says which option allows `authority`."""
    error = _not_allowed(authority)
    return f"{error.message}; {error.hint}"


def _normalised(name: str) -> str:
    """Return a name in lower case and without the dot at the end that makes it absolute in DNS."""
    return name.lower().removesuffix(".")


def _normalised_option(option: str) -> str:
    if option == ANY_HOST:
        return option
    name = _normalised(_ascii(option.strip("[]").removeprefix(".")))
    has_subdomains = option.startswith(".")
    is_name = _NAME.fullmatch(name) is not None or is_address(name)
    if not is_name or (has_subdomains and ("." not in name or is_address(name))):
        raise SettingsError(
            f"{option!r} is not a host name",
            hint="give --allowed-host a name as it stands in the URL, without scheme and port, "
            "such as models.example.com; .example.com for all names under it; or *",
        )
    return f".{name}" if has_subdomains else name


def _ascii(name: str) -> str:
    """Return an international name as browsers send it (RFC 3490)."""
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _not_allowed(authority: str) -> HostNotAllowedError:
    match = _AUTHORITY.fullmatch(authority)
    name = _normalised(match[2] or "") if match else ""
    shown = name[:_MOST_CHARS_SHOWN] if _NAME.fullmatch(name) else "NAME"
    return HostNotAllowedError(
        f"a request for the host {authority[:_MOST_CHARS_SHOWN]!r} was refused",
        hint="if this is a name under which you reach the server, start it with "
        f"--allowed-host {shown}",
    )
