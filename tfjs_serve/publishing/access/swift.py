"""OpenStack Swift by its own API: its S3 API knows neither CORS nor anonymous reading."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

from tfjs_serve.publishing.access.model import NotByApiError, Place, Readers, with_origins

_PUBLIC = ".r:*"
_ALLOW = "X-Container-Meta-Access-Control-Allow-Origin"
_READ = "X-Container-Read"
_SECONDS = 15.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account, and leave to change it.

    Attributes
    ----------
    url
        Where it is: ``https://host/v1/AUTH_account``. Everybody reads objects below it.
    """

    url: str
    token: str


def is_swift(endpoint: str) -> bool:
    """Whether the store at an endpoint is Swift. Blocks."""
    return "swift" in _capabilities(endpoint)


def account_at(endpoint: str, environment: Mapping[str, str]) -> Account:
    """Return the account that the environment has keys for. Blocks.

    They are looked for as by Swift's own client: a token (``OS_STORAGE_URL``, ``OS_AUTH_TOKEN``),
    then a user (``ST_AUTH``, ``ST_USER``, ``ST_KEY``), and at last the keys of the S3 API, which
    are the same with Swift's own authentication.

    Raises
    ------
    NotByApiError
        There are none that can be used.
    """
    url, token = environment.get("OS_STORAGE_URL"), environment.get("OS_AUTH_TOKEN")
    if url and token:
        return Account(url=url.rstrip("/"), token=token)
    if all(name in environment for name in ("ST_AUTH", "ST_USER", "ST_KEY")):
        return _entered(environment["ST_AUTH"], environment["ST_USER"], environment["ST_KEY"])
    user = environment.get("AWS_ACCESS_KEY_ID", "")
    key = environment.get("AWS_SECRET_ACCESS_KEY", "")
    if user and key and "tempauth" in _capabilities(endpoint):
        return _entered(f"{endpoint}/auth/v1.0", user, key)
    raise NotByApiError("Swift's own API takes OS_STORAGE_URL and OS_AUTH_TOKEN (swift auth)")


def let_read(place: Place, readers: Readers, environment: Mapping[str, str]) -> str:
    """Let `readers` read a container; return what was done, in words. Blocks.

    What is allowed already stays.

    Raises
    ------
    NotByApiError
        There are no keys for it, or the container is not there.
    """
    account = account_at(place.endpoint, environment)
    container = f"{account.url}/{quote(place.bucket)}"
    token = {"X-Auth-Token": account.token}
    headers = headers_for(readers, _asked("HEAD", container, token))
    _asked("POST", container, {**token, **headers})
    return "; ".join(f"{name}: {value}" for name, value in headers.items())


def headers_for(readers: Readers, there: Mapping[str, str] | Message) -> dict[str, str]:
    """Return what the container is told, given what it says. Pure."""
    headers = {}
    if readers.is_public:
        acl = [part for part in there.get(_READ, "").split(",") if part]
        headers[_READ] = ",".join(dict.fromkeys((*acl, _PUBLIC)))
    if readers.origins:
        allowed = with_origins(there.get(_ALLOW, "").split(), readers.origins)
        headers[_ALLOW] = " ".join(allowed)
    return headers


def _entered(url: str, user: str, key: str) -> Account:
    # A signature does not tell the key, but this does.
    if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in _LOOPBACK:
        raise NotByApiError("keys are not sent over plain http")
    found = _asked("GET", url, {"X-Auth-User": user, "X-Auth-Key": key})
    account, token = found.get("X-Storage-Url"), found.get("X-Auth-Token")
    if not account or not token:
        raise NotByApiError(f"{url} tells no account")
    return Account(url=account.rstrip("/"), token=token)


def _capabilities(endpoint: str) -> Mapping[str, Any]:
    """Return what a Swift says that it can do; nothing if it is none."""
    try:
        with _opened("GET", f"{endpoint}/info", {}) as answer:
            found = json.load(answer)
    except (OSError, HTTPException, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _asked(method: str, url: str, headers: Mapping[str, str]) -> Message:
    """Return the header fields of an answer, by names in any case."""
    try:
        with _opened(method, url, headers) as answer:
            found: Message = answer.headers
    except HTTPError as error:
        raise NotByApiError(f"Swift answers {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise NotByApiError(f"Swift cannot be asked: {error}") from error
    return found


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Keys are for the host that was named."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


def _opened(method: str, url: str, headers: Mapping[str, str]) -> Any:
    """Return an answer.

    aiohttp cannot be used: Swift 2.30 sends an empty chunk after an answer that has no body, at
    which it stops.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise OSError(f"{url} is not on the web")
    request = urllib.request.Request(url, method=method, headers=dict(headers))  # noqa: S310
    return urllib.request.build_opener(_NoRedirects).open(request, timeout=_SECONDS)
