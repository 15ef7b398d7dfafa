"""What is written gets the permissions that everything new gets, and nothing changes these."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfjs_serve.builder import Converted
from tfjs_serve.exporting.export import export_written
from tfjs_serve.exporting.options import ShardNames


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_folder_is_as_any_other(
    mask: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other threads make files meanwhile: what one changes would hold for those of all."""

    def write(folder: Path) -> Converted:
        (folder / "model.json").write_text('{"weightsManifest": []}')
        return Converted(folder=folder, files=(), notes=())

    def refuse(_mask: int) -> int:
        raise AssertionError

    before = os.umask(mask)
    try:
        (tmp_path / "usual").mkdir()
        with monkeypatch.context() as patched:
            patched.setattr(os, "umask", refuse)
            export_written(write, tmp_path / "out", ShardNames.DIGEST)
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["model.json"]
