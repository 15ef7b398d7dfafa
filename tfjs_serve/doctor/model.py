"""What the doctor records, and who it pretends to be."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from tfjs_serve.errors import DeploymentProblem

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEMES = ("http://", "https://")


def is_address(text: str) -> bool:
    """Whether a text is the address of a deployed model, not a path."""
    return text.lower().startswith(_SCHEMES)


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, as an ``Origin`` header has them (RFC 6454)."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    is_default = parts.port in (None, _DEFAULT_PORTS.get(parts.scheme))
    return f"{parts.scheme}://{host}{'' if is_default else f':{parts.port}'}"


def is_loopback(url: str) -> bool:
    """Whether a URL is of this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_trustworthy(url: str) -> bool:
    """Whether browsers treat a URL like https: it is, or it is on this machine.

    See "potentially trustworthy origin" in W3C's Secure Contexts.
    """
    return urlsplit(url).scheme == "https" or is_loopback(url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page that loads the model.

    Attributes
    ----------
    origin
        Its origin, such as ``https://example.com``; empty for a page of any other site.
    sends_credentials
        Whether it loads with ``requestInit: {credentials: "include"}``.
    """

    origin: str = ""
    sends_credentials: bool = False

    def is_same(self, url: str) -> bool:
        """Whether a URL is of the same origin, so that nothing has to be allowed."""
        return self.origin == origin_of(url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One response: a redirect, or the last one.

    Attributes
    ----------
    origin
        The ``Origin`` that a browser sends for it; ``null`` after a redirect from one other site
        to another, and empty if none is sent.
    headers
        With names in lower case.
    """

    url: str
    origin: str
    status: int
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """Return the value of a field, its lines joined by commas; empty if there is none."""
        return ", ".join(value for key, value in self.headers if key == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one URL.

    Attributes
    ----------
    url
        What was asked for.
    hops
        Redirects, and at last what they led to.
    body
        Its first bytes, or all of them, without the content encoding.
    size_bytes
        Of the whole body without the content encoding; ``None`` if nothing tells.
    sha256
        Of the whole body, in hexadecimal, if all of it was read.
    accepted
        The content encodings that were asked for.
    failure
        Why there is no response, or no whole body.
    """

    url: str
    hops: tuple[Hop, ...] = ()
    body: bytes = b""
    size_bytes: int | None = None
    sha256: str = ""
    accepted: tuple[str, ...] = ()
    failure: str = ""

    @property
    def last(self) -> Hop | None:
        """The response that has the body, if there is any."""
        return self.hops[-1] if self.hops else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong.

    Attributes
    ----------
    faults
        A page cannot load the model, or gets something else than was deployed.
    warnings
        It can, but not every page, or not as it should.
    """

    faults: tuple[DeploymentProblem, ...] = ()
    warnings: tuple[DeploymentProblem, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        return Findings(faults=self.faults + other.faults, warnings=self.warnings + other.warnings)


@dataclass(slots=True)
class Notebook:
    """Collects what is wrong with one URL."""

    url: str
    faults: list[DeploymentProblem] = field(default_factory=list)
    warnings: list[DeploymentProblem] = field(default_factory=list)

    def fault(self, code: str, message: str, hint: str) -> None:
        """Write down why a page cannot load it."""
        self.faults.append(self._problem(code, message, hint))

    def warning(self, code: str, message: str, hint: str) -> None:
        """Write down what should be better."""
        self.warnings.append(self._problem(code, message, hint))

    def _problem(self, code: str, message: str, hint: str) -> DeploymentProblem:
        return DeploymentProblem(code=code, url=self.url, message=message, hint=hint)

    def findings(self) -> Findings:
        """Return all that was written down."""
        return Findings(faults=tuple(self.faults), warnings=tuple(self.warnings))


def together(several: Iterable[Findings]) -> Findings:
    """Return the findings about the parts of one model; what several have in common once."""
    total = sum(several, Findings())
    return Findings(faults=_merged(total.faults), warnings=_merged(total.warnings))


def _merged(problems: tuple[DeploymentProblem, ...]) -> tuple[DeploymentProblem, ...]:
    by_text: dict[tuple[str, str, str], list[DeploymentProblem]] = {}
    for problem in problems:
        by_text.setdefault((problem.code, problem.message, problem.hint), []).append(problem)
    return tuple(_one_for(alike) for alike in by_text.values())


def _one_for(alike: list[DeploymentProblem]) -> DeploymentProblem:
    first, more = alike[0], len(alike) - 1
    if not more:
        return first
    files = "another file" if more == 1 else f"{more} other files"
    return replace(first, message=f"{first.message} (the same for {files})")
