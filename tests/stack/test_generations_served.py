"""Whoever holds a model.json gets the shards that belong to it, or is told that they are gone."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.stack.whole import LOCAL, Folder, Stack, running
from tests.web.asking import ask, assert_problem
from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.settings import ServerSettings


async def assert_served(stack: Stack, base: str, shards: dict[str, bytes]) -> None:
    for name, body in shards.items():
        answer = await ask(stack, f"{base}/{name}", Origin=LOCAL)
        assert (answer.status, answer.body) == (200, body)


def save_another(folder: Folder, number: int) -> None:
    """Save a model whose model.json and shards no other number has."""

    def rename(config: dict[str, Any]) -> None:
        config["config"]["layers"][-1]["config"]["trainable"] = bool(number % 2)

    folder.save("model.h5", sample=("iris.h5", "digits.h5")[number // 2 % 2], edit=rename)


def prune_much_later(settings: ServerSettings) -> None:
    """Do what another server on the same cache does when the grace time is over."""
    ArtifactStore(
        settings.cache_dir,
        limit_bytes=1,
        grace_seconds=settings.grace_seconds,
        clock=lambda: time.time() + 10 * settings.grace_seconds,
    ).prune()


async def test_old_shards_outlive_newer_generations_a_restart_a_full_cache_and_the_file(
    settings: ServerSettings, folder: Folder
) -> None:
    settings = replace(settings, cache_size_bytes=1)
    held = []
    async with running(settings) as stack:
        for number in range(4):
            save_another(folder, number)
            held.append((await stack.load("/model"))[1])
        for shards in held:
            await assert_served(stack, "/model", shards)
    (folder.path / "model.h5").unlink()
    async with running(settings) as stack:
        folder.save("other.h5")
        await stack.load("/other")  # prunes
        for shards in held:
            await assert_served(stack, "/model", shards)
            await assert_served(stack, "/model.h5", shards)


async def gone_shards(settings: ServerSettings, folder: Folder) -> dict[str, bytes]:
    """Return the shards of a generation that was served, superseded and pruned."""
    async with running(settings) as stack:
        folder.save("model.h5")
        _, old = await stack.load("/model")
        folder.save("model.h5", sample="digits.h5")
        await stack.load("/model")
    prune_much_later(settings)
    return old


def assert_gone(answer: Any) -> None:
    assert_problem(answer, 410, "file-gone")
    assert answer.headers["Access-Control-Allow-Origin"] == LOCAL
    assert "load model.json again" in answer.json()["hint"]


async def test_a_shard_that_is_gone_is_a_410_and_one_that_never_was_a_404(
    settings: ServerSettings, folder: Folder
) -> None:
    old = await gone_shards(settings, folder)
    async with running(settings) as stack:
        for name in old:
            for base in ("/model", "/model.h5"):
                assert_gone(await ask(stack, f"{base}/{name}", Origin=LOCAL))
            other = await ask(stack, f"/model@uint8/{name}")
            assert_problem(other, 404, "no-such-file")
        for name in ("model.0123456789abcdef.bin", "nothing.bin"):
            assert_problem(await ask(stack, f"/model/{name}"), 404, "no-such-file")
            assert_problem(await ask(stack, f"/nobody/{name}"), 404, "no-such-model")
        _, new = await stack.load("/model")
        assert new.keys().isdisjoint(old)


async def test_a_shard_of_a_deleted_model_that_is_gone_is_a_410(
    settings: ServerSettings, folder: Folder
) -> None:
    old = await gone_shards(settings, folder)
    (folder.path / "model.h5").unlink()
    async with running(settings) as stack:
        for name in old:
            assert_gone(await ask(stack, f"/model/{name}", Origin=LOCAL))
        assert_problem(await ask(stack, "/model/model.json"), 404, "no-such-model")
        assert stack.told() == []


async def test_a_running_server_says_so_too(stack: Stack, folder: Folder) -> None:
    folder.save("model.h5")
    _, old = await stack.load("/model")
    folder.save("model.h5", sample="digits.h5")
    await stack.load("/model")
    shutil.rmtree(stack.cache_dir)
    for name in old:
        assert_gone(await ask(stack, f"/model/{name}", Origin=LOCAL))


async def test_a_lost_shard_of_an_unchanged_file_is_made_again(
    settings: ServerSettings, folder: Folder
) -> None:
    folder.save("model.h5")
    async with running(settings) as stack:
        _, shards = await stack.load("/model")
        shutil.rmtree(settings.cache_dir / "artifacts")
        await assert_served(stack, "/model", shards)
        assert stack.told() == ["started", "ready", "started"]
    shutil.rmtree(settings.cache_dir / "artifacts")
    async with running(settings) as restarted:
        await assert_served(restarted, "/model", shards)
        assert restarted.told() == ["started", "ready"]


@pytest.mark.parametrize("grace_seconds", [0.0, 3600.0])
async def test_what_the_cache_has_room_for_is_served_beyond_the_grace_time(
    settings: ServerSettings, folder: Folder, grace_seconds: float
) -> None:
    settings = replace(settings, grace_seconds=grace_seconds)
    async with running(settings) as stack:
        folder.save("model.h5")
        _, old = await stack.load("/model")
        folder.save("model.h5", sample="digits.h5")
        await stack.load("/model")
    async with running(settings) as stack:
        await assert_served(stack, "/model", old)


async def test_an_earlier_version_has_a_url_as_long_as_it_is_kept(
    settings: ServerSettings, folder: Folder
) -> None:
    async with running(settings) as stack:
        documents = []
        for number in (0, 2):
            save_another(folder, number)
            documents.append((await ask(stack, "/model/model.json")).body)
        page = (await ask(stack, "/model/")).body.decode()
        names = re.findall(r'href="\.\./model/(model\.[0-9a-f]{16}\.json)"', page)
        assert len(names) == 2
        for name, document in zip(names, reversed(documents), strict=True):
            answer = await ask(stack, f"/model/{name}", Origin=LOCAL)
            assert (answer.status, answer.body) == (200, document)
            assert answer.headers["Access-Control-Allow-Origin"] == LOCAL
            for group in answer.json()["weightsManifest"]:
                for path in group["paths"]:
                    assert (await ask(stack, f"/model/{path}")).status == 200
        assert_problem(await ask(stack, f"/model@uint8/{names[0]}"), 404, "no-such-file")
        assert_problem(await ask(stack, f"/nobody/{names[0]}"), 404, "no-such-model")
    prune_much_later(settings)
    async with running(settings) as stack:
        answer = await ask(stack, f"/model/{names[1]}")
        assert_problem(answer, 404, "no-such-file")
        assert "--grace" in answer.json()["hint"]
