"""Who may save, and what a request to save must be like. Pure.

A page that saves needs two things. Its origin was named with ``--cors-origin``, or it is a page of
this server: other pages of this machine may load models, but not replace them. And it knows the
token, which was printed where the server was started: what has no origin, such as a program, needs
it as well.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from tfjs_serve.errors import (
    BadUploadError,
    OriginNotAllowedError,
    SavingOffError,
    UploadTooLargeError,
    WrongTokenError,
)
from tfjs_serve.settings import KIB, MAXIMUM_MODEL_JSON_BYTES, MIB, SavingLimits
from tfjs_serve.web.cors import NULL_ORIGIN, CorsPolicy, normalise_origin
from tfjs_serve.web.hosts import HostPolicy

TOKEN_PARAMETER = "token"  # noqa: S105 - the name of a parameter
"""In the URL, so that ``model.save(url)`` is all that a page has to say."""
_TOKEN_IN_QUERY = re.compile(rf"([?&]{TOKEN_PARAMETER}=)[^&#]*")
_BEARER = "bearer "
_AROUND_PARTS_BYTES = 64 * KIB
"""Boundaries and heads of parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What decides whether a request may save; fields as they were sent, each line by itself.

    Attributes
    ----------
    authority
        The host that the request is for, with the port if there is one.
    query
        That of the URL, encoded.
    """

    authority: str | None
    origins: Sequence[str] = ()
    authorizations: Sequence[str] = ()
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavePolicy:
    """Who may save.

    Attributes
    ----------
    token
        What a request must know; ``None``: nobody may save.
    """

    token: str | None
    cors: CorsPolicy
    hosts: HostPolicy

    @property
    def is_on(self) -> bool:
        """Whether anybody may save."""
        return self.token is not None

    def allows(self, origin: str, authority: str | None) -> bool:
        """Whether a page of `origin` may save, if it knows the token."""
        if self.cors.names(origin):
            return normalise_origin(origin) != NULL_ORIGIN  # frames of any site have that
        # If every host name is answered, one that was pointed here (DNS rebinding) is no proof.
        return not self.hosts.allows_any and is_same_origin(origin, authority)

    def check(self, asked: Asked) -> None:
        """Refuse a request that may not save.

        Raises
        ------
        SavingOffError, OriginNotAllowedError, WrongTokenError
        """
        if self.token is None:
            raise SavingOffError(
                "pages may not save models", hint="to let them, start with --allow-save"
            )
        for origin in asked.origins:
            if len(asked.origins) > 1 or not self.allows(origin, asked.authority):
                raise _not_allowed(origin)
        given = tokens_in(asked)
        if not given:
            raise WrongTokenError(
                "the token is missing",
                hint="save to the URL that the terminal shows, which ends with ?token=...",
            )
        if not all(is_equal(one, self.token) for one in given):
            raise WrongTokenError(
                "the token is wrong", hint="the terminal shows the right one at the start"
            )


def tokens_in(asked: Asked) -> list[str]:
    """Return all tokens that a request gives: in the URL, or as ``Authorization: Bearer``."""
    pairs = parse_qsl(asked.query, keep_blank_values=True)
    in_url = [value for name, value in pairs if name == TOKEN_PARAMETER]
    bearers = [one for one in asked.authorizations if one.lower().startswith(_BEARER)]
    return in_url + [one[len(_BEARER) :].strip() for one in bearers]


def without_token(target: str) -> str:
    """Return the target of a request as it may stand in a log."""
    return _TOKEN_IN_QUERY.sub(r"\1...", target)


def is_equal(given: str, token: str) -> bool:
    """Whether two tokens are equal; this takes as long wherever they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode("utf-8"))


def is_same_origin(origin: str, authority: str | None) -> bool:
    """Whether a page of `origin` was sent by the host and port `authority`.

    Not by which scheme: a proxy in between may have encrypted it.
    """
    normalised = normalise_origin(origin)
    if normalised is None or authority is None:
        return False
    scheme, separator, _ = normalised.partition("://")
    return bool(separator) and normalise_origin(f"{scheme}://{authority}") == normalised


def check_size(declared_bytes: int | None, limits: SavingLimits) -> None:
    """Refuse a body that says that it is too large; ``None``: it does not say.

    Raises
    ------
    UploadTooLargeError
    """
    most_bytes = limits.weights_bytes + MAXIMUM_MODEL_JSON_BYTES + _AROUND_PARTS_BYTES
    if declared_bytes is not None and declared_bytes > most_bytes:
        raise too_large(limits)


def too_large(limits: SavingLimits) -> UploadTooLargeError:
    """Return the error for a model that exceeds `limits`."""
    return UploadTooLargeError(
        f"the model is too large: its weights may have {limits.weights_bytes // MIB} MiB, and its "
        f"model.json {MAXIMUM_MODEL_JSON_BYTES // MIB} MiB",
        hint="save it in the page (model.save('downloads://name')), and convert that",
    )


def check_coding(content_encoding: str) -> None:
    """Refuse a body that is compressed. Raises :class:`BadUploadError`."""
    if content_encoding.lower() not in ("", "identity"):
        raise BadUploadError(
            f"the body is encoded ({content_encoding[:50]})", hint="send it as it is"
        )


def _not_allowed(origin: str) -> OriginNotAllowedError:
    named = normalise_origin(origin)
    if named is None or "://" not in named:
        return OriginNotAllowedError(
            "a page without an origin may not save models",
            hint="serve the page over http, and name its origin with --cors-origin",
        )
    return OriginNotAllowedError(
        f"pages of {named[:200]} may not save models",
        hint=f"to let them, start with --cors-origin {named[:200]}",
    )
