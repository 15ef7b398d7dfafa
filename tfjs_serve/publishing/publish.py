"""Carries out a plan: sends what is missing, in order, and writes down what is there."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tfjs_serve.publishing.contents import DamagedError
from tfjs_serve.publishing.lock import locked
from tfjs_serve.publishing.manifest import Manifest, is_done, is_manifest, joined
from tfjs_serve.publishing.model import Destination, IsMine, PublishError, SiteFile, note
from tfjs_serve.publishing.plan import Plan, is_about_all, own_files, plan

_AT_ONCE = 8
_TRIES = 4
_FIRST_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be at a destination.

    Attributes
    ----------
    files
        Of the models that are published now.
    removes_after_seconds
        How long files that no model needs any more stay; ``None`` removes nothing.
    renew
        Gives it anew, because files about all models name those of other publishes, too; ``None``
        if nothing in it depends on these.
    """

    files: Sequence[SiteFile]
    is_mine: IsMine
    removes_after_seconds: float | None
    renew: Callable[[], Awaitable[Wish]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was done, or would have been done.

    Attributes
    ----------
    others
        Paths of files of somebody else, which stay in place of what would have been sent.
    """

    sent: tuple[SiteFile, ...]
    kept: int
    removed: tuple[str, ...]
    others: tuple[str, ...] = ()
    was_locked: bool = True

    @property
    def sent_bytes(self) -> int:
        """How many bytes were sent."""
        return sum(file.size_bytes for file in self.sent)


async def look(destination: Destination, wish: Wish, now: float) -> Plan | None:
    """Return what is to be done; ``None`` if a listing tells that there is nothing to do."""
    sizes: dict[str, int] = {}
    async for some in destination.sizes():
        sizes |= some
    own = own_files(sizes)
    complete = Manifest(files={file.path: file.sha256 for file in wish.files}).done
    are_there = all(sizes.get(file.path) == file.size_bytes for file in wish.files)
    if wish.removes_after_seconds is None and own == [complete] and are_there:
        return None
    known = await _known(destination, [path for path in own if is_manifest(path)])
    known = await _still_own(destination, known, sizes)
    found = plan(
        wish.files,
        sizes,
        known,
        is_mine=wish.is_mine,
        removes_after_seconds=wish.removes_after_seconds,
        now=now,
    )
    return None if found.is_nothing else found


async def _known(destination: Destination, paths: Sequence[str]) -> Manifest:
    texts = await asyncio.gather(*map(destination.read, paths))
    read = [
        (path, Manifest.from_bytes(text)) for path, text in zip(paths, texts, strict=True) if text
    ]
    return joined(
        [one for path, one in read if is_done(path)],
        [one for path, one in read if not is_done(path)],
    )


async def _still_own(
    destination: Destination, known: Manifest, sizes: Mapping[str, int]
) -> Manifest:
    """Leave out files about all models that somebody has edited since: they are theirs now."""
    paths = [path for path, digest in known.files.items() if digest and is_about_all(path, sizes)]
    texts = await asyncio.gather(*map(destination.read, paths))
    edited = {
        path
        for path, text in zip(paths, texts, strict=True)
        if text is not None and hashlib.sha256(text).hexdigest() != known.files[path]
    }
    files = {path: digest for path, digest in known.files.items() if path not in edited}
    return replace(known, files=files)


async def publish(
    destination: Destination, wish: Wish, on_progress: Callable[[int, int], None]
) -> Published:
    """Send what is missing, and remove what may go.

    Parameters
    ----------
    on_progress
        Is told how many bytes were sent, and how many there are to be sent in all.

    Raises
    ------
    PublishError
        The destination cannot be used, or somebody else publishes there.
    """
    found = await look(destination, wish, time.time())
    if found is None:
        return would_be(None, wish)
    async with locked(destination) as was_locked:
        # Somebody else may have published while this one waited.
        wish = await wish.renew() if wish.renew else wish
        found = await look(destination, wish, time.time())
        if found is not None:
            await _carry_out(destination, found, on_progress)
    return would_be(found, wish, was_locked=was_locked)


def would_be(found: Plan | None, wish: Wish, *, was_locked: bool = True) -> Published:
    """Return what a plan does."""
    if found is None:
        return Published(sent=(), kept=len(wish.files), removed=())
    return Published(
        sent=tuple(file for stage in found.stages for file in stage),
        kept=found.kept,
        removed=found.removed,
        others=found.others,
        was_locked=was_locked,
    )


async def _carry_out(
    destination: Destination, found: Plan, on_progress: Callable[[int, int], None]
) -> None:
    manifest = found.manifest
    sent_bytes, all_bytes = 0, sum(file.size_bytes for stage in found.stages for file in stage)
    if not manifest.is_empty:
        await _tried(destination, note(manifest.doing, manifest.to_bytes()))

    async def send(files: Iterator[SiteFile]) -> None:
        """Send one after another of those that nobody else has taken."""
        nonlocal sent_bytes
        for file in files:
            await _tried(destination, file)
            sent_bytes += file.size_bytes
            on_progress(sent_bytes, all_bytes)

    for stage in found.stages:
        files = iter(stage)
        await _all_or_none([asyncio.create_task(send(files)) for _ in range(_AT_ONCE)])
    if not manifest.is_empty:
        await _tried(destination, note(manifest.done, manifest.to_bytes()))
    await destination.delete(found.removed)  # as long as there is a manifest that names them
    await destination.delete([*found.leftovers, manifest.doing])


async def _all_or_none(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all, and leave none behind if one fails."""
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tried(destination: Destination, file: SiteFile) -> None:
    """Put a file there, a few times if it fails."""
    for attempt in range(1, _TRIES):
        try:
            return await destination.put(file)
        except DamagedError:
            raise
        except PublishError:
            await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
    return await destination.put(file)
