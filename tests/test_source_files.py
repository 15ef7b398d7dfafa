"""Whatever another program puts in the place of a model is not waited for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tfjs_serve.builder.snapshots import copy_file, digest_file, looks_complete
from tfjs_serve.catalog.scan import scan
from tfjs_serve.source_files import open_source

OPEN = threading.Event()

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a pipe")


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"weights")
    with open_source(tmp_path / "a.h5") as file:
        assert file.read() == b"weights"


@pytest.mark.parametrize("name", ["gone", "."])
def test_what_is_no_file_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match=r"No such file|directory|Permission"):
        open_source(tmp_path / name)


@needs_pipes
@pytest.mark.parametrize(
    "read",
    [
        open_source,
        looks_complete,
        lambda pipe: digest_file(pipe, OPEN),
        lambda pipe: copy_file(pipe, pipe.with_name("copy"), OPEN),
    ],
)
def test_a_pipe_in_place_of_a_source_is_refused_at_once(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    os.mkfifo(tmp_path / "a.h5")
    with pytest.raises(OSError, match="not a regular file"):
        read(tmp_path / "a.h5")
    assert not (tmp_path / "copy").exists()


@needs_pipes
def test_a_pipe_in_place_of_a_document_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may take the file's place after the look at it."""
    regular = tmp_path / "regular"
    regular.write_bytes(b"{}")
    status = regular.stat()
    (tmp_path / "models").mkdir()
    os.mkfifo(tmp_path / "models" / "model.json")
    stat = os.stat

    def as_before(path: str, **options: object) -> os.stat_result:
        return status if str(path).endswith("model.json") else stat(path, **options)

    monkeypatch.setattr(os, "stat", as_before)
    found = scan(tmp_path / "models")
    monkeypatch.undo()
    (other,) = found.others
    assert (other.path, other.message) == (
        "model.json",
        "a model.json that cannot be read (it is not a regular file)",
    )
