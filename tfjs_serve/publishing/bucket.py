"""A bucket of an object store as a destination: S3 and what speaks like it, Azure, Google Cloud.

The client is obstore, which is of the extra ``publish``: only ``destinations.py`` imports this.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, NotSupportedError
from obstore.store import ObjectStore, from_url

from tfjs_serve.errors import SettingsError
from tfjs_serve.publishing.contents import whole
from tfjs_serve.publishing.model import PublishError, SiteFile
from tfjs_serve.publishing.store_errors import hint_for, in_words

_LISTED_AT_ONCE = 1000
_DELETED_TOGETHER = 50
_DELETES_AT_ONCE = 8
_DELETE_TRIES = 4
_FIRST_PAUSE_SECONDS = 0.5
_ANYWHERE = "us-east-1"
"""What stores other than Amazon's take for a region."""


def open_bucket(url: str, endpoint: str | None = None) -> Bucket:
    """Return the bucket, and the prefix in it, that a URL such as ``s3://bucket/prefix`` names.

    Keys come from where the clouds' own tools look for them: the environment, for example
    ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY``, or the machine's role.

    Parameters
    ----------
    endpoint
        Where the store is, unless it is the cloud's own.

    Raises
    ------
    SettingsError
        The URL names no bucket.
    """
    parts = urlsplit(url)
    if not parts.netloc:
        raise SettingsError(f"{url} names no bucket", hint="write for example s3://bucket/models")
    options: dict[str, Any] = {}
    if endpoint:
        options["client_options"] = {"allow_http": endpoint.startswith("http:")}
        options["endpoint"] = endpoint
        if parts.scheme == "s3":
            options["region"] = _ANYWHERE
    address = url.rstrip("/")  # slashes would become empty names in the paths of objects
    try:
        store = from_url(address, **options)
        hasty = from_url(address, **options, retry_config={"max_retries": 0})
    except (BaseError, ValueError) as error:
        raise SettingsError(
            f"{url} cannot be used: {in_words(str(error))}", hint=hint_for(str(error), url)
        ) from error
    return Bucket(store, url, hasty=hasty)


class Bucket:
    """Puts objects into a bucket; each is in one piece, so that it appears whole."""

    keeps_headers = True

    def __init__(self, store: ObjectStore, url: str, *, hasty: ObjectStore | None = None) -> None:
        """Take a store, and the same one without patience for what it never does.

        Stores that have no conditional writes, such as Swift's S3 API, say 501, which obstore takes
        for a failure that will pass.
        """
        self._store = store
        self._hasty = hasty or store
        self._url = url
        self.keeps_locks = True

    async def sizes(self) -> AsyncIterator[Mapping[str, int]]:
        """Yield the sizes in bytes of all objects by their paths, some at a time."""
        with self._errors():
            async for batch in self._store.list(chunk_size=_LISTED_AT_ONCE):
                yield {one["path"]: one["size"] for one in batch}

    async def read(self, path: str) -> bytes | None:
        """Return a small object; ``None`` if there is none."""
        with self._errors():
            try:
                result = await self._store.get_async(path)
                return bytes(await result.bytes_async())
            except FileNotFoundError:
                return None

    async def put(self, file: SiteFile) -> None:
        """Put an object there, in place of what was there."""
        attributes = {"Content-Type": file.media_type, "Cache-Control": file.cache_control}
        if file.content_encoding:
            attributes["Content-Encoding"] = file.content_encoding
        content = await asyncio.to_thread(whole, file)
        with self._errors():
            await self._store.put_async(
                file.path, content, attributes=attributes, use_multipart=False
            )

    async def create(self, path: str, content: bytes) -> bool:
        """Put a small object there, unless there is one; return whether it was put."""
        with self._errors():
            try:
                await self._hasty.put_async(path, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            except (BaseError, NotImplementedError) as error:
                if not _is_unknown(error):
                    raise
                self.keeps_locks = False
        return True

    async def delete(self, paths: Sequence[str]) -> None:
        """Remove objects; those that are not there are passed over."""
        places = asyncio.Semaphore(_DELETES_AT_ONCE)

        async def delete_some(some: Sequence[str]) -> None:
            async with places:
                await self._tried_delete(some)

        starts = range(0, len(paths), _DELETED_TOGETHER)
        with self._errors():
            await asyncio.gather(
                *(delete_some(paths[at : at + _DELETED_TOGETHER]) for at in starts)
            )

    async def _tried_delete(self, paths: Sequence[str]) -> None:
        """Remove objects, a few times if it fails: the client sends a POST, and only once."""
        for attempt in range(1, _DELETE_TRIES):
            try:
                return await self._delete(paths)
            except BaseError:
                await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        return await self._delete(paths)

    async def _delete(self, paths: Sequence[str]) -> None:
        try:
            await self._store.delete_async(paths)
        except (NotFoundError, FileNotFoundError):
            for path in paths:
                with suppress(NotFoundError, FileNotFoundError):
                    await self._store.delete_async(path)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, NotImplementedError) as error:
            raise PublishError(
                f"{self._url}: {in_words(str(error))}", hint=hint_for(str(error), self._url)
            ) from error


def _is_unknown(error: BaseException) -> bool:
    """Whether an error says that the store has no conditional writes."""
    return isinstance(error, (NotSupportedError, NotImplementedError)) or "501 Not" in str(error)
