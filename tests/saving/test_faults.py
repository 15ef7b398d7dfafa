"""The disk of the models fills up, or may not be written to: the real server on a real disk."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.parity.harness import ServedModels
from tests.samples import SAMPLE_MODELS
from tests.saving.dense import dense_model
from tests.saving.terminal import token_of
from tests.stack import circumstances
from tests.web.saving.forms import content_type, form

SMALL = dense_model(units=(4, 3))
LARGE = dense_model(units=(400, 300))
"""With weights of half a megabyte."""


@contextmanager
def saving(workspace: Path, prefix: Sequence[str] = ()) -> Iterator[ServedModels]:
    server = ServedModels(workspace, options=["--allow-save"], prefix=prefix)
    try:
        yield server
    finally:
        server.close()


def save(server: ServedModels, parts: dict[str, bytes], name: str = "iris") -> str:
    """Save a model; return the status, and the code of a problem."""
    url = f"{server.base_url}/{name}?token={token_of(server)}"
    fields = {"Content-Type": content_type()}
    request = urllib.request.Request(url, data=form(parts), headers=fields, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code} {json.loads(error.read())['code']}"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_full_disk(tmp_path: Path) -> None:
    models = tmp_path / "models"
    with saving(tmp_path, circumstances.on_small_disk(models, "256k")) as server:
        inside = circumstances.seen_by(server.pid, models)
        shutil.copy(SAMPLE_MODELS / "iris.h5", inside)
        before = contents(inside)
        for name in ("iris", "new", "new.keras"):
            assert save(server, LARGE, name) == "507 folder-full"
            assert contents(inside) == before
        assert save(server, SMALL) == "200"
        assert sorted(contents(inside)) == ["iris.h5", "iris.h5.~1~"]
        circumstances.remount(server.pid, models, "size=8m")
        assert save(server, LARGE) == "200"


def test_a_full_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with saving(tmp_path, circumstances.on_small_disk(cache, "512k")) as server:
        shutil.copy(SAMPLE_MODELS / "iris.h5", server.folder)
        before = contents(server.folder)
        assert save(server, LARGE) == "507 store-full"
        assert contents(server.folder) == before
        circumstances.remount(server.pid, cache, "size=64m")
        assert save(server, LARGE) == "200"


def test_a_disk_that_may_only_be_read(tmp_path: Path) -> None:
    models = tmp_path / "models"
    with saving(tmp_path, circumstances.on_small_disk(models, "8m")) as server:
        inside = circumstances.seen_by(server.pid, models)
        shutil.copy(SAMPLE_MODELS / "iris.h5", inside)
        before = contents(inside)
        circumstances.remount(server.pid, models, "ro")
        for name in ("iris", "new"):
            assert save(server, SMALL, name) == "500 not-writable"
        assert contents(inside) == before
        circumstances.remount(server.pid, models, "rw")
        assert save(server, SMALL) == "200"


def test_a_folder_and_a_file_that_may_only_be_read(tmp_path: Path) -> None:
    with saving(tmp_path, circumstances.as_nobody_special()) as server:
        file = Path(shutil.copy(SAMPLE_MODELS / "iris.h5", server.folder))
        before = contents(server.folder)
        for path, mode in ((server.folder, 0o555), (file, 0o444)):
            usual = path.stat().st_mode
            path.chmod(mode)
            assert save(server, SMALL) == "500 not-writable"
            path.chmod(usual)
            assert contents(server.folder) == before
        assert save(server, SMALL) == "200"
