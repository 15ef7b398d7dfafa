"""Cross-origin resource sharing: which origins may read models, and the headers for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tfjs_serve.errors import SettingsError
from tfjs_serve.web.hosts import is_address, is_loopback_host

ANY_ORIGIN = "*"
NULL_ORIGIN = "null"
"""The origin that browsers give to pages opened from ``file://`` and to sandboxed frames."""

STALE_HEADER = "Tfjs-Serve-Stale"
GENERATION_HEADER = "Tfjs-Serve-Generation"
"""Which version of a model a ``model.json`` is of, as in the events."""
ROOT_HEADER = "Tfjs-Serve-Root"
"""Where this server is, relative to a ``model.json``: pages that have it know that it tells them
of changes, wherever a proxy has put it. Files that were published have no such field."""

ALLOWED_METHODS = "GET, HEAD, OPTIONS"
WITH_SAVING = f"{ALLOWED_METHODS}, POST"
_EXPOSED = (
    "ETag, Content-Length, Content-Encoding, Content-Range, Accept-Ranges, Retry-After, "
    + ", ".join((STALE_HEADER, GENERATION_HEADER, ROOT_HEADER))
)
_WITH_CREDENTIALS = {"Access-Control-Allow-Credentials": "true"}
BY_ORIGIN: Mapping[str, str] = MappingProxyType({"Vary": "Origin"})
"""The header fields of an answer to a page that may not read it."""
_PREFLIGHT_MAX_AGE_SECONDS = 2 * 60 * 60
"""The maximum in Chromium, which caps longer values."""

_ANY_SUBDOMAIN = "*."
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_ALWAYS_ALLOWED_REQUEST_HEADERS = (
    "Accept, Cache-Control, If-Match, If-None-Match, If-Range, Pragma, Range"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsPolicy:
    """Which origins may read what the server sends: loopback ones and `origins`.

    Attributes
    ----------
    origins
        As browsers write them. One may be ``"*"``; in others, ``*.`` stands for all subdomains.
    own_hosts
        Addresses and names of this machine in its networks (``--lan``), as they stand in URLs. Its
        pages are treated as those of loopback hosts: with any scheme and any port.
    """

    origins: frozenset[str]
    own_hosts: frozenset[str] = frozenset()

    @classmethod
    def from_settings(
        cls, cors_origins: Iterable[str], own_hosts: frozenset[str] = frozenset()
    ) -> CorsPolicy:
        """Check the values of ``--cors-origin``, and convert them to the form that browsers send.

        Raises
        ------
        SettingsError
            A value is not an origin.
        """
        return cls(origins=frozenset(map(_normalised_option, cors_origins)), own_hosts=own_hosts)

    def allows(self, origin: str) -> bool:
        """Whether a page of `origin` may read models."""
        any_origin = ANY_ORIGIN in self.origins
        return any_origin or is_loopback(origin) or self._is_own(origin) or self.names(origin)

    def headers(self, origin: str | None, *, is_immutable: bool = False) -> Mapping[str, str]:
        """Return the header fields of any answer to a page of `origin`, ``Vary`` included.

        If every origin is allowed, all answers are the same. Otherwise they depend on the origin,
        except immutable ones to origins of this machine: a browser keeps one answer for each URL,
        and has to ask again for a page on another port if that answer names the first one. Nobody
        else gets this answer out of the browser's cache, which is divided by sites: all origins of
        a site of this machine are of this machine, and allowed. Origins of the option are named,
        because their site may have origins that are not allowed, and may send cookies
        (``credentials: "include"``): not for this server, which has none, but for a proxy in
        between that asks for them, as those of hosted notebooks and editors do.

        Parameters
        ----------
        is_immutable
            Whether the answer may be kept for ever.
        """
        if ANY_ORIGIN in self.origins:
            return _allowing(ANY_ORIGIN)
        if origin is None or not self.allows(origin):
            return BY_ORIGIN
        if origin != NULL_ORIGIN and self.names(origin):
            return {**_allowing(origin), **_WITH_CREDENTIALS, **BY_ORIGIN}
        return _allowing(ANY_ORIGIN) if is_immutable else {**_allowing(origin), **BY_ORIGIN}

    def preflight_headers(
        self,
        origin: str | None,
        requested_headers: str | None,
        *,
        private_network: bool,
        methods: str = ALLOWED_METHODS,
    ) -> Mapping[str, str]:
        """Return the header fields of an answer to ``OPTIONS``, in addition to :meth:`headers`.

        Parameters
        ----------
        requested_headers
            ``Access-Control-Request-Headers``; echoed if it is a list of field names.
        private_network
            Whether the browser asks if a public page may reach this private address
            (``Access-Control-Request-Private-Network``).
        methods
            Which methods a page of `origin` may use.
        """
        if origin is None or not self.allows(origin):
            return {}
        headers = {
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": _allowed_headers(requested_headers),
            "Access-Control-Max-Age": str(_PREFLIGHT_MAX_AGE_SECONDS),
        }
        if private_network:
            headers["Access-Control-Allow-Private-Network"] = "true"
        return headers

    def _is_own(self, origin: str) -> bool:
        return host_of(origin) in self.own_hosts

    def names(self, origin: str) -> bool:
        """Whether the option names `origin`, or a domain above it with ``*.``."""
        normalised = normalise_origin(origin)
        if normalised is None:
            return False
        scheme, separator, host = normalised.partition("://")
        above = (host[dot + 1 :] for dot, char in enumerate(host) if char == ".")
        wider = (f"{scheme}{separator}{_ANY_SUBDOMAIN}{domain}" for domain in above)
        return not self.origins.isdisjoint((normalised, *wider))


def _allowing(named: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": named,
        "Access-Control-Expose-Headers": _EXPOSED,
        "Timing-Allow-Origin": named,
    }


def is_loopback(origin: str) -> bool:
    """Whether `origin` belongs to this machine, with any scheme and any port.

    This includes the names that never leave the machine (RFC 6761, section 6.3): ``localhost`` and
    its subdomains.
    """
    host = host_of(origin)
    return host is not None and is_loopback_host(host)


def host_of(origin: str) -> str | None:
    """Return the host of an origin in lower case, without the port; ``None`` if malformed."""
    match = _ORIGIN.fullmatch(origin.lower())
    return match and match[2]


def normalise_origin(origin: str) -> str | None:
    """Return an origin as browsers write it: lower case, no default port; ``None`` if malformed.

    The form is that of the HTML standard's "serialization of an origin".
    """
    if origin == NULL_ORIGIN:
        return origin
    match = _ORIGIN.fullmatch(origin.lower())
    if match is None:
        return None
    scheme, host, port = match.groups()
    shown = port and port.lstrip("0") != _DEFAULT_PORTS.get(scheme)
    return f"{scheme}://{host}:{int(port)}" if shown else f"{scheme}://{host}"


def blocked_message(origin: str) -> str:
    """Return the log line that says which option allows `origin`."""
    option = normalise_origin(origin)
    if option == NULL_ORIGIN:
        return (
            "a page without an origin (opened from a file, or sandboxed) asked for a model and "
            "was refused; serve the page over http, or start with --cors-origin null"
        )
    if option is None:
        return f"a page with the malformed origin {origin[:100]!r} asked for a model"
    return (
        f"a page of {option[:200]} asked for a model and was refused; "
        f"to allow it start with --cors-origin {option[:200]}"
    )


def _normalised_option(option: str) -> str:
    if option == ANY_ORIGIN:
        return option
    named = option.removesuffix("/")
    scheme, _, host = named.partition("://")
    if host.startswith(_ANY_SUBDOMAIN):
        origin = _normalised_pattern(scheme, host.removeprefix(_ANY_SUBDOMAIN))
    else:
        origin = normalise_origin(named)
    if origin is None:
        raise SettingsError(
            f"{option!r} is not an origin",
            hint="give --cors-origin as scheme://host[:port], such as https://example.com or, "
            "for all subdomains, https://*.example.com; or null, or *",
        )
    return origin


def _normalised_pattern(scheme: str, domain: str) -> str | None:
    """Return the pattern for all subdomains; ``None`` for a whole top level, or no domain."""
    origin = normalise_origin(f"{scheme}://{domain}")
    if origin is None or "." not in domain or is_address(domain.partition(":")[0]):
        return None
    return origin.replace("://", f"://{_ANY_SUBDOMAIN}")


def _allowed_headers(requested: str | None) -> str:
    """Echo the requested field names if they are valid; they have no effect here."""
    names = [name.strip(" \t") for name in (requested or "").split(",")]
    if all(map(_TOKEN.fullmatch, names)):
        return ", ".join(names)
    return _ALWAYS_ALLOWED_REQUEST_HEADERS
