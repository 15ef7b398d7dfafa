"""The cache folder is deleted, damaged, or of another time, under a server that goes on."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack.whole import Folder, Stack, running
from tests.web.asking import ask
from tests.web.raw import until
from tfjs_serve.settings import ServerSettings

Note = Callable[[str, str], None]
DAY_SECONDS = 24 * 60 * 60


async def served(stack: Stack) -> tuple[bytes, dict[str, bytes]]:
    document, shards = await stack.load("/model")
    return document.body, shards


async def nothing_half_written(cache_dir: Path) -> None:
    """Wait until nothing is; a pruning goes on for a moment after its server has stopped."""
    await until(lambda: not any((*cache_dir.glob("staging/*"), *cache_dir.glob("trash/*"))))


async def test_cache_folder_deleted(stack: Stack, folder: Folder, answered: Note) -> None:
    folder.save("model.h5")
    before = await served(stack)
    for part in ("artifacts", "generations", "staging", "trash", "processes", ""):
        shutil.rmtree(stack.cache_dir / part)
        for name, body in before[1].items():
            answer = await ask(stack, f"/model/{name}")
            assert (answer.status, answer.body) == (200, body)
        assert await served(stack) == before
        assert stack.stored() == 1
        await nothing_half_written(stack.cache_dir)
    answered("cache folder deleted under the server", "200: converted again, same bytes")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def flip_silently(path: Path) -> None:
    """As a failing disk does: no time tells."""
    times = path.stat()
    flip(path)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def link_elsewhere(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.with_name("beside").write_bytes(data)
    try:
        path.symlink_to("beside")
    except OSError:
        pytest.skip("no symbolic links here")


DAMAGES = [
    *(
        (pattern, damage)
        for pattern in ("*.bin", "model.json")
        for damage in (flip, flip_silently, truncate, Path.unlink, link_elsewhere)
    ),
    *(("artifact.json", damage) for damage in (flip, truncate, Path.unlink)),
]


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize(("pattern", "damage"), DAMAGES)
async def test_artifact_damaged(
    settings: ServerSettings,
    folder: Folder,
    answered: Note,
    pattern: str,
    damage: Callable[[Path], None],
    restart: bool,
) -> None:
    folder.save("model.h5")
    async with running(settings) as stack:
        before = await served(stack)
        if not restart:
            damage(next(settings.cache_dir.glob(f"artifacts/*/{pattern}")))
            for name, body in before[1].items():
                assert (await ask(stack, f"/model/{name}")).body == body
            assert await served(stack) == before
    if restart:
        damage(next(settings.cache_dir.glob(f"artifacts/*/{pattern}")))
        async with running(settings) as stack:
            for name, body in before[1].items():
                assert (await ask(stack, f"/model/{name}")).body == body
            assert await served(stack) == before
    await nothing_half_written(settings.cache_dir)
    how = damage.__name__.replace("_", " ")
    what = f"{pattern} of an artifact: {how}, {'then restarted' if restart else 'while it runs'}"
    answered(what, "200: found before a byte was sent, converted again, same bytes")


@pytest.mark.parametrize("step_seconds", [-DAY_SECONDS, -1, DAY_SECONDS])
async def test_clock_set(
    settings: ServerSettings, folder: Folder, answered: Note, step_seconds: float
) -> None:
    offset_seconds = 0.0
    async with running(settings, clock=lambda: time.time() + offset_seconds) as stack:
        folder.save("model.h5")
        _, old = await served(stack)
        offset_seconds = step_seconds
        folder.save("model.h5", sample="digits.h5")
        _, new = await served(stack)
        assert new.keys().isdisjoint(old)
        for name, body in {**(old if step_seconds < 0 else {}), **new}.items():
            answer = await ask(stack, f"/model/{name}")
            assert (answer.status, answer.body) == (200, body)
    async with running(settings, clock=lambda: time.time() + step_seconds) as stack:
        assert (await served(stack))[1] == new
        assert stack.told() == ["ready"]
    await nothing_half_written(settings.cache_dir)
    more = "; earlier shards served on" if step_seconds < 0 else ""
    answered(f"clock set by {step_seconds:+} s", f"200: newest version{more}")


async def test_model_saved_by_a_clock_that_is_ahead(
    stack: Stack, folder: Folder, answered: Note
) -> None:
    folder.save("model.h5")
    old = await served(stack)
    folder.save("model.h5", sample="digits.h5")
    ahead = time.time() + DAY_SECONDS
    os.utime(folder.path / "model.h5", (ahead, ahead))
    assert await served(stack) != old
    assert stack.told() == ["started", "ready"] * 2
    answered("model file dated tomorrow", "200: served when it did not change for 250 ms")
