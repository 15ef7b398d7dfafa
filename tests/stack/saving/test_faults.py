"""What the machine refuses."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.saving.dense import dense_model
from tests.stack.saving.asking import (
    Hook,
    assert_refused,
    contents,
    names_in,
    save,
)
from tests.stack.whole import Folder, Stack, running
from tfjs_serve.saving import placing
from tfjs_serve.settings import ServerSettings

FAULTS = [
    (errno.ENOSPC, 507, "folder-full"),
    (errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC, 507, "folder-full"),
    (errno.EROFS, 500, "not-writable"),
    (errno.EACCES, 500, "not-writable"),
    (errno.EIO, 500, "not-writable"),
]


@pytest.mark.parametrize(("number", "status", "code"), FAULTS)
@pytest.mark.parametrize("step", ["touch", "move", "fsync", "replace"])
@pytest.mark.parametrize("name", ["iris", "new"])
async def test_a_disk_that_refuses_costs_nothing(
    stack: Stack,
    folder: Folder,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    number: int,
    status: int,
    code: str,
    name: str,
) -> None:
    folder.save("iris.h5")
    before = contents(folder)

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        if step == "touch":
            broken.setattr(Path, "touch", fail)
        elif step == "move":
            broken.setattr(shutil, "move", fail)
        elif step == "fsync":
            broken.setattr(os, "fsync", fail)
        else:
            broken.setattr(placing, "retry_on_windows", fail)
            broken.setattr(Path, "hardlink_to", fail)
        answer = await save(stack, f"/{name}", dense_model())
    assert_refused(answer, status, code)
    assert contents(folder) == before
    assert stack.stored("staging") == 0


async def test_a_cache_that_is_full_is_told(
    stack: Stack, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr("tfjs_serve.web.saving.receiving.Parts._write", fail)
        answer = await save(stack, "/new", dense_model())
    assert_refused(answer, 507, "store-full")
    assert names_in(folder) == []


async def test_a_file_that_may_only_be_read_is_not_replaced(
    stack: Stack, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.save("iris.h5")
    before = contents(folder)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything
    told = assert_refused(await save(stack, "/iris", dense_model()), 500, "not-writable")
    assert "may only be read" in told["detail"]
    assert contents(folder) == before


async def test_a_folder_that_becomes_a_link_meanwhile_is_not_written_to(
    folder: Folder, settings: ServerSettings
) -> None:
    outside = folder.path.parent / "outside"
    outside.mkdir()
    (folder.path / "a").mkdir()

    def swap() -> None:
        (folder.path / "a").rmdir()
        (folder.path / "a").symlink_to(outside)

    hook = Hook()
    hook.action = swap
    async with running(settings, export=hook.export) as stack:
        assert (await save(stack, "/a/new", dense_model())).status == 409
    assert list(outside.iterdir()) == []


async def test_without_hard_links_the_backup_is_a_copy(
    stack: Stack, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", fail)
    folder.save("iris.h5")
    former = (folder.path / "iris.h5").read_bytes()
    assert (await save(stack, "/iris", dense_model())).status == 200
    assert (await save(stack, "/new", dense_model())).status == 201
    assert names_in(folder) == ["iris.h5", "iris.h5.~1~", "new.h5"]
    assert (folder.path / "iris.h5.~1~").read_bytes() == former


async def test_what_a_killed_server_left_is_removed_later(stack: Stack, folder: Folder) -> None:
    old, young = (folder.path / f".saving-{digit * 16}.h5" for digit in "01")
    for path in (old, young, folder.path / ".saving-notes.h5"):
        path.write_bytes(b"x")
        os.utime(path, (1e9, 1e9))
    os.utime(young)
    assert (await save(stack, "/new", dense_model())).status == 201
    assert names_in(folder) == [young.name, ".saving-notes.h5", "new.h5"]


async def test_what_could_not_be_served_is_not_saved(
    folder: Folder, settings: ServerSettings
) -> None:
    async def export_nonsense(_source: Path, out: Path) -> Sequence[str]:
        await asyncio.to_thread(out.write_bytes, b"nonsense")
        return ()

    folder.save("iris.h5")
    before = contents(folder)
    async with running(settings, export=export_nonsense) as stack:
        answer = await save(stack, "/iris", dense_model())
        assert_refused(answer, 422, "unreadable-file")
        assert "iris.h5" in answer.json()["detail"]
    assert contents(folder) == before
