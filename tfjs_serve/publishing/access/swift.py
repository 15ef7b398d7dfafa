"""OpenStack Swift by its own API: its S3 API knows neither CORS nor anonymous reading."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp

from tfjs_serve.publishing.access.model import NotByApiError, Place, Readers, with_origins

_PUBLIC = ".r:*"
_ALLOW = "X-Container-Meta-Access-Control-Allow-Origin"
_READ = "X-Container-Read"
_SECONDS = 15.0


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


async def is_swift(endpoint: str) -> bool:
    """Whether the store at an endpoint is Swift."""
    return "swift" in await _capabilities(endpoint)


async def account_at(endpoint: str, environment: Mapping[str, str]) -> Account:
    """Return the account that the environment has keys for.

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
        return await _entered(environment["ST_AUTH"], environment["ST_USER"], environment["ST_KEY"])
    user = environment.get("AWS_ACCESS_KEY_ID", "")
    key = environment.get("AWS_SECRET_ACCESS_KEY", "")
    # Unlike a signature, this tells the key: only to who knows it already, and to nobody beside.
    if user and key and "tempauth" in await _capabilities(endpoint):
        return await _entered(f"{endpoint}/auth/v1.0", user, key)
    raise NotByApiError("Swift's own API takes OS_STORAGE_URL and OS_AUTH_TOKEN (openstack token)")


async def let_read(place: Place, readers: Readers, environment: Mapping[str, str]) -> str:
    """Let `readers` read a container; return what was done, in words.

    What is allowed already stays.

    Raises
    ------
    NotByApiError
        There are no keys for it, or the container is not there.
    """
    account = await account_at(place.endpoint, environment)
    container = f"{account.url}/{quote(place.bucket)}"
    async with _asking(account.token) as session:
        async with session.head(container) as there:
            _check(there)
            headers = headers_for(readers, there.headers)
        async with session.post(container, headers=headers) as changed:
            _check(changed)
    return "; ".join(f"{name}: {value}" for name, value in headers.items())


def headers_for(readers: Readers, there: Mapping[str, str]) -> dict[str, str]:
    """Return what the container is told, given what it says. Pure."""
    headers = {}
    if readers.is_public:
        acl = [part for part in there.get(_READ, "").split(",") if part]
        headers[_READ] = ",".join(dict.fromkeys((*acl, _PUBLIC)))
    if readers.origins:
        allowed = with_origins(there.get(_ALLOW, "").split(), readers.origins)
        headers[_ALLOW] = " ".join(allowed)
    return headers


async def _entered(url: str, user: str, key: str) -> Account:
    if urlsplit(url).scheme != "https" and not _is_of_this_machine(url):
        raise NotByApiError("keys are not sent over plain http")
    async with _asking() as session:
        headers = {"X-Auth-User": user, "X-Auth-Key": key}
        async with session.get(url, headers=headers) as answer:
            _check(answer)
            found, token = answer.headers.get("X-Storage-Url"), answer.headers.get("X-Auth-Token")
    if not found or not token:
        raise NotByApiError(f"{url} tells no account")
    return Account(url=found.rstrip("/"), token=token)


def _is_of_this_machine(url: str) -> bool:
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise NotByApiError(f"Swift answers {answer.status} {answer.reason}")


async def _capabilities(endpoint: str) -> Mapping[str, Any]:
    """Return what a Swift says that it can do; nothing if it is none."""
    try:
        async with _asking() as session, session.get(f"{endpoint}/info") as answer:
            found = await answer.json() if answer.ok else {}
    except (NotByApiError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@asynccontextmanager
async def _asking(token: str = "") -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"X-Auth-Token": token} if token else {}
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    # Swift 2.30 ends an answer without a body as one that has chunks; the next one on the same
    # connection would begin with that.
    connector = aiohttp.TCPConnector(force_close=True)
    try:
        async with aiohttp.ClientSession(
            headers=headers, timeout=timeout, connector=connector
        ) as session:
            yield session
    except (aiohttp.ClientError, TimeoutError) as error:
        raise NotByApiError(f"Swift cannot be asked: {error or 'no answer'}") from error
