"""What is served while other programs save, tear, replace, move and restore the models' files."""

from __future__ import annotations

import html
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.stack.whole import LONG_AGO_NS, SAMPLES, Folder, Stack
from tests.web.asking import ask, assert_problem


def begin_save(path: Path) -> h5py.File:
    """Begin to save as Keras does, with the lock that HDF5 takes; stop half-way."""
    file = h5py.File(path, "w", locking=True)
    file.create_dataset("model_weights/hidden/kernel:0", data=np.ones((50, 50)))
    file.flush()
    return file


async def stale_reason(stack: Stack, name: str) -> str:
    """Return why the last good version is served; every place that says so must agree."""
    answer = await ask(stack, f"/{name}/model.json")
    assert answer.status == 200
    reason: str = answer.headers["Tfjs-Serve-Stale"]
    listed = await stack.listed(f"{name}.h5")
    assert listed["state"] == "stale"
    assert listed["error"]["message"] == reason
    for page in ("/", f"/{name}/"):
        body = (await ask(stack, page)).body.decode()
        assert "last good version" in body
        assert html.escape(reason) in body
    return reason


async def test_a_save_is_neither_disturbed_nor_served_before_it_is_over(
    stack: Stack, folder: Folder
) -> None:
    folder.save("model.h5")
    old, _ = await stack.load("/model")
    with begin_save(folder.path / "model.h5") as file:
        assert await stale_reason(stack, "model") == "model.h5 is still being written"
        # The same lock again, and bytes after the server has read what was there.
        file.create_dataset("later", data=np.ones(100_000))
        shards = await ask(stack, "/model/model.json", If_None_Match=old.headers["ETag"])
        assert (shards.status, "Tfjs-Serve-Stale" in shards.headers) == (304, True)
    with h5py.File(folder.path / "model.h5", "r+", locking=True):
        pass
    folder.save("model.h5", sample="digits.h5")
    new, _ = await stack.load("/model")
    assert new.headers["ETag"] != old.headers["ETag"]
    assert "Tfjs-Serve-Stale" not in new.headers
    assert (await stack.listed("model.h5"))["state"] == "ready"
    assert stack.stored("staging") == 0


@pytest.mark.parametrize(
    "tear",
    [
        lambda path: os.truncate(path, path.stat().st_size // 2),
        lambda path: os.truncate(path, path.stat().st_size - 1),
        lambda path: os.truncate(path, 0),
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        lambda path: begin_save(path).close(),
    ],
    ids=["half of it", "without its last byte", "nothing", "zeros", "weights without a model"],
)
async def test_a_file_that_came_to_rest_torn_is_never_served(
    stack: Stack, folder: Folder, tear: Callable[[Path], None]
) -> None:
    path = folder.path / "model.h5"
    folder.save("model.h5")
    good, shards = await stack.load("/model")
    tear(path)
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    assert "model.h5" in await stale_reason(stack, "model")
    assert (await stack.load("/model"))[1] == shards
    assert (stack.stored(), stack.stored("staging")) == (1, 0)
    folder.save("model.h5", sample="digits.h5")
    assert (await stack.load("/model"))[0].headers["ETag"] != good.headers["ETag"]


def rewrite(folder: Path) -> None:
    shutil.copyfile(SAMPLES / "digits.h5", folder / "model.h5")


def replace(folder: Path) -> None:
    shutil.copyfile(SAMPLES / "digits.h5", folder / "beside.tmp")
    (folder / "beside.tmp").replace(folder / "model.h5")


def delete_and_save_again(folder: Path) -> None:
    (folder / "model.h5").unlink()
    rewrite(folder)


def restore_an_older_one(folder: Path) -> None:
    rewrite(folder)
    os.utime(folder / "model.h5", ns=(1, 1))


def restore_with_the_very_time_and_size(folder: Path) -> None:
    """Put other weights into the same inode, and set the time back: only ``ctime`` tells."""
    path = folder / "model.h5"
    before = path.stat()
    with h5py.File(path, "r+") as file:
        file["model_weights"].visititems(
            lambda _, item: (
                item.write_direct(np.full(item.shape, 7, item.dtype))
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (
        before.st_ino,
        before.st_size,
        before.st_mtime_ns,
    )


@pytest.mark.parametrize(
    "change",
    [
        rewrite,
        replace,
        delete_and_save_again,
        restore_an_older_one,
        restore_with_the_very_time_and_size,
    ],
)
async def test_a_change_is_seen_without_any_event(
    stack: Stack, folder: Folder, change: Callable[[Path], None]
) -> None:
    folder.save("model.h5")
    old, old_shards = await stack.load("/model")
    change(folder.path)
    new, new_shards = await stack.load("/model")
    assert new_shards.keys().isdisjoint(old_shards)
    assert new.headers["ETag"] != old.headers["ETag"]
    for name, body in {**old_shards, **new_shards}.items():
        assert (await ask(stack, f"/model/{name}")).body == body


async def test_a_link_that_is_pointed_elsewhere_is_followed(stack: Stack, folder: Folder) -> None:
    folder.save("first.h5")
    folder.save("second.h5", sample="digits.h5")
    link = folder.path / "current.h5"
    served = []
    for target in ("first.h5", "second.h5", "first.h5"):
        link.unlink(missing_ok=True)
        try:
            link.symlink_to(target)
        except OSError:
            pytest.skip("no symbolic links here")
        served.append((await stack.load("/current"))[0].headers["ETag"])
    assert served[0] == served[2] != served[1]
    link.unlink()
    link.symlink_to("nowhere.h5")
    assert_problem(await ask(stack, "/current/model.json"), 404, "no-such-model")


async def test_a_renamed_model_has_its_new_name_and_old_pages_load_on(
    stack: Stack, folder: Folder
) -> None:
    folder.save("before.h5")
    document, shards = await stack.load("/before")
    (folder.path / "before.h5").rename(folder.path / "after.h5")
    assert_problem(await ask(stack, "/before/model.json"), 404, "no-such-model")
    for name, body in shards.items():
        assert (await ask(stack, f"/before/{name}")).body == body
    assert (await stack.load("/after"))[0].body == document.body
    assert stack.told() == ["started", "ready", "ready"]


async def test_a_folder_that_is_unmounted_and_mounted_again(stack: Stack, folder: Folder) -> None:
    folder.save("model.h5")
    document, shards = await stack.load("/model")
    away = folder.path.with_name("away")
    folder.path.rename(away)
    assert_problem(await ask(stack, "/model/model.json"), 404, "no-such-model")
    assert (await ask(stack, "/-/models.json")).json()["models"] == []
    assert (await ask(stack, "/")).status == 200
    for name, body in shards.items():
        assert (await ask(stack, f"/model/{name}")).body == body
    folder.path.mkdir()  # the empty mount point
    assert (await ask(stack, "/-/models.json")).json()["models"] == []
    folder.path.rmdir()
    away.rename(folder.path)
    assert (await stack.load("/model"))[0].headers["ETag"] == document.headers["ETag"]
    assert stack.told() == ["started", "ready"]


async def test_a_mode_or_a_name_more_is_no_new_generation(stack: Stack, folder: Folder) -> None:
    folder.save("model.h5")
    document, _ = await stack.load("/model")
    (folder.path / "model.h5").chmod(0o600)
    try:
        os.link(folder.path / "model.h5", folder.path / "backup.bin")
    except OSError:
        pytest.skip("no hard links here")
    assert (await stack.load("/model"))[0].headers["ETag"] == document.headers["ETag"]
    assert stack.told() == ["started", "ready"]
