"""Other pages and other programs at the same time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from tests.saving.dense import dense_model, kernel_in, kernel_of
from tests.stack.saving.asking import (
    Hook,
    assert_refused,
    contents,
    is_whole,
    names_in,
    post,
    save,
)
from tests.stack.whole import Folder, Stack, running
from tests.web.asking import ask
from tests.web.saving.forms import form
from tfjs_serve.saving import placing
from tfjs_serve.settings import ServerSettings


async def test_two_at_once_are_saved_one_after_the_other(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    models = [dense_model(seed) for seed in range(6)]
    spellings = ["/iris", "/iris.h5", "/iris/model.json"] * 2
    saves = [save(stack, *one) for one in zip(spellings, models, strict=True)]
    answers = await asyncio.gather(*saves)
    assert [answer.status for answer in answers] == [200] * 6
    found = {kernel_in(folder.path / name).tobytes() for name in names_in(folder)[2:]}
    found.add(kernel_in(folder.path / "iris.h5").tobytes())
    assert found == {kernel_of(parts).tobytes() for parts in models}


async def test_of_two_at_once_that_mean_one_version_one_is_saved(
    stack: Stack, folder: Folder
) -> None:
    folder.save("iris.h5")
    etag = (await ask(stack, "/iris/model.json")).headers["ETag"]
    saves = [save(stack, "/iris", dense_model(seed), If_Match=etag) for seed in range(3)]
    statuses = [answer.status for answer in await asyncio.gather(*saves)]
    assert sorted(statuses) == [200, 412, 412]
    assert names_in(folder) == ["iris.h5", "iris.h5.~1~"]


async def test_two_new_ones_at_once_are_one_and_its_backup(stack: Stack, folder: Folder) -> None:
    saves = [save(stack, path, dense_model()) for path in ("/new", "/NEW", "/new.h5")]
    statuses = sorted(answer.status for answer in await asyncio.gather(*saves))
    assert statuses in ([200, 201, 409], [201, 409, 409])
    assert len(names_in(folder)) == len(statuses) - statuses.count(409)


async def test_what_a_training_run_wrote_meanwhile_is_not_replaced(
    folder: Folder, settings: ServerSettings
) -> None:
    hook = Hook()
    async with running(settings, export=hook.export) as stack:
        folder.save("iris.h5")
        hook.action = lambda: folder.save("iris.h5", "digits.h5")
        told = assert_refused(await save(stack, "/iris", dense_model()), 409, "cannot-save-here")
        assert "another program" in told["detail"]
        digits = (folder.path / "iris.h5").read_bytes()
        hook.action = (folder.path / "iris.h5").unlink
        assert (await save(stack, "/iris", dense_model())).status == 409
        hook.action = lambda: (folder.path / "new.h5").write_bytes(digits)
        assert (await save(stack, "/new", dense_model())).status == 409
        assert contents(folder) == {"new.h5": digits}


async def test_a_file_that_is_being_written_is_not_replaced(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")

    async def write_on() -> None:
        with (folder.path / "iris.h5").open("r+b", buffering=0) as file:
            first = file.read(1)
            while True:
                file.seek(0)
                file.write(first)
                await asyncio.sleep(0.05)

    writing = asyncio.create_task(write_on())
    await asyncio.sleep(0.1)
    told = assert_refused(await save(stack, "/iris", dense_model()), 409, "cannot-save-here")
    assert "is being written" in told["detail"]
    writing.cancel()
    with suppress(asyncio.CancelledError):
        await writing
    assert names_in(folder) == ["iris.h5"]
    assert (await save(stack, "/iris", dense_model())).status == 200


async def test_what_is_written_in_place_during_the_last_step_is_in_the_backup(
    stack: Stack, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras truncates and writes a file in place; it has it open when the name changes."""
    folder.save("iris.h5")
    keep = placing._keep

    def keep_and_write(path: Path) -> Path:
        backup = keep(path)
        path.write_bytes(b"of a training run")
        return backup

    monkeypatch.setattr(placing, "_keep", keep_and_write)
    assert (await save(stack, "/iris", dense_model())).status == 200
    assert (folder.path / "iris.h5.~1~").read_bytes() == b"of a training run"
    assert is_whole(folder.path / "iris.h5")


async def test_at_every_moment_there_is_a_whole_model(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    path = folder.path / "iris.h5"
    looks, is_over = 0, False

    def watch() -> None:
        nonlocal looks
        while not is_over:
            assert is_whole(path)
            looks += 1

    watching = asyncio.create_task(asyncio.to_thread(watch))
    for seed in range(15):
        body = form(dense_model(seed))
        sent = body if seed % 3 else body[: -20 - seed]
        assert (await post(stack, "/iris", sent)).status == (200 if seed % 3 else 400)
        document, _ = await stack.load("/iris")
        assert document.status == 200
    is_over = True
    await watching
    assert looks > 15
