from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import pytest

from tfjs_serve.errors import SettingsError, TfjsServeError
from tfjs_serve.exporting.building import building
from tfjs_serve.exporting.export import ExportError
from tfjs_serve.exporting.keras_file import export_keras, is_keras_file
from tfjs_serve.settings import ServerSettings

SAMPLES = Path(__file__).parents[2] / "sample_models"
FOLDER = SAMPLES / "breast-cancer-tfjs"


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    return ServerSettings(models_dir=FOLDER, cache_dir=tmp_path / "cache")


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """A folder for the file, in which nothing else may be left."""
    folder = tmp_path / "out"
    folder.mkdir()
    yield folder
    assert {path.name for path in folder.iterdir()} <= {"model.keras", "model.h5"}


async def test_an_archive_is_written_by_a_confined_process(
    settings: ServerSettings, out: Path
) -> None:
    async with building(settings, processes=1) as builder:
        exported = await export_keras(builder, FOLDER, out / "model.keras")
    assert exported.size_bytes == (out / "model.keras").stat().st_size
    with zipfile.ZipFile(out / "model.keras") as archive:
        assert {"config.json", "metadata.json", "model.weights.h5"} == set(archive.namelist())


async def test_the_old_file_is_replaced_and_anybody_may_read_the_new_one(
    settings: ServerSettings, out: Path
) -> None:
    path = out / "model.h5"
    path.write_bytes(b"old")
    with path.open("rb") as still_open:
        async with building(settings, processes=1) as builder:
            await export_keras(builder, FOLDER, path)
        assert still_open.read() == b"old"
    with h5py.File(path, "r") as file:
        assert "model_weights" in file
    if os.name == "posix":
        assert path.stat().st_mode & 0o444 == 0o444 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


async def test_the_old_file_stays_if_there_is_no_new_one(
    settings: ServerSettings, out: Path, tmp_path: Path
) -> None:
    path = out / "model.h5"
    path.write_bytes(b"old")
    folder = tmp_path / "broken"
    folder.mkdir()
    text = (FOLDER / "model.json").read_text().replace('"Dense"', '"Unheard"')
    (folder / "model.json").write_text(text)
    for shard in FOLDER.glob("*.bin"):
        (folder / shard.name).write_bytes(shard.read_bytes())
    async with building(settings, processes=1) as builder:
        with pytest.raises(TfjsServeError):
            await export_keras(builder, folder, path)
    assert path.read_bytes() == b"old"


async def test_what_cannot_be_written_to_is_named(settings: ServerSettings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with building(settings, processes=1) as builder:
        with pytest.raises(ExportError, match=r"model\.h5"):
            await export_keras(builder, FOLDER, tmp_path / "file" / "model.h5")


@pytest.mark.parametrize("name", ["model.txt", "model", "folder.h5"])
async def test_other_names_are_refused(settings: ServerSettings, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.h5").mkdir()
    async with building(settings, processes=1) as builder:
        with pytest.raises(SettingsError):
            await export_keras(builder, FOLDER, tmp_path / name)


async def test_a_keras_file_is_refused(settings: ServerSettings, tmp_path: Path) -> None:
    async with building(settings, processes=1) as builder:
        with pytest.raises(TfjsServeError, match="Keras file already"):
            await export_keras(builder, SAMPLES / "iris.h5", tmp_path / "model.h5")


def test_the_ending_tells_a_keras_file() -> None:
    assert [is_keras_file(Path(name)) for name in ("a.h5", "a.HDF5", "a.keras", "a", "a.json")] == [
        True,
        True,
        True,
        False,
        False,
    ]
