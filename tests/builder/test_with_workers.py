"""The builder with real processes and real files."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builder.conftest import LONG_AGO_NS, House
from tfjs_serve.builder import Builder
from tfjs_serve.errors import KerasFileError, VariantNotAvailableError
from tfjs_serve.settings import Variant
from tfjs_serve.worker.client import WorkerPool

SAMPLES = Path(__file__).parents[2] / "sample_models"
FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture
async def builder(house: House) -> AsyncIterator[Builder]:
    pool = WorkerPool(deadline_seconds=120)
    await pool.start()
    builder = Builder(store=house.store(), workers=pool, settings=house.settings)
    yield builder
    await builder.close()
    await pool.close()


@pytest.mark.parametrize("variant", list(Variant))
async def test_sample_model_is_converted(house: House, builder: Builder, variant: Variant) -> None:
    shutil.copy2(SAMPLES / "iris.h5", house.folder.path)
    build = await builder.build(house.folder.look("iris"), variant)
    document = json.loads((build.artifact.directory / "model.json").read_text())
    assert document["format"] == "layers-model"
    (group,) = document["weightsManifest"]
    assert set(group["paths"]) < set(build.artifact.by_name)


async def test_the_error_of_a_quantized_variant_is_kept_with_it(
    house: House, builder: Builder
) -> None:
    shutil.copy2(SAMPLES / "iris.h5", house.folder.path)
    entry = house.folder.look("iris")
    full, small = [await builder.build(entry, one) for one in (Variant.FULL, Variant.UINT8)]
    error = builder.status(entry, Variant.UINT8).facts.weight_error
    assert 0 < error.mean < error.largest < 0.1
    assert full.artifact.facts.weight_error is None
    assert house.store().get(small.artifact.key).facts.weight_error == error
    await builder.diagnose(entry)  # which writes nothing, and measures nothing
    assert builder.status(entry, Variant.UINT8).facts.weight_error == error


async def test_sample_folder_is_served_in_its_only_variant(house: House, builder: Builder) -> None:
    shutil.copytree(SAMPLES / "breast-cancer-tfjs", house.folder.path / "cancer")
    entry = house.folder.look("cancer")
    build = await builder.build(entry, Variant.FULL)
    assert "model.json" in build.artifact.by_name
    with pytest.raises(VariantNotAvailableError, match=r"cancer/model\.json"):
        await builder.build(entry, Variant.UINT8)


def pack(path: Path) -> None:
    """Write a model of Keras 3 anew as other tools do: with its weights compressed."""
    fixture = FIXTURES / "archives-keras-3.3.3.zip"
    with zipfile.ZipFile(fixture) as models, models.open("dense.keras") as saved:
        content = io.BytesIO(saved.read())
    with zipfile.ZipFile(content) as plain, zipfile.ZipFile(path, "w") as packed:
        for name in plain.namelist():
            packed.writestr(name, plain.read(name), zipfile.ZIP_DEFLATED)
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))


async def test_packed_weights_are_unpacked_in_the_work_folder(
    house: House, builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "/nowhere")
    pack(house.folder.path / "packed.keras")
    build = await builder.build(house.folder.look("packed"), Variant.FULL)
    assert any(file.name.endswith(".bin") for file in build.artifact.files)


async def test_file_that_is_no_model_is_refused_by_name(house: House, builder: Builder) -> None:
    house.folder.save("notes.h5", "no model at all")
    with pytest.raises(KerasFileError, match=r"notes\.h5"):
        await builder.build(house.folder.look("notes"), Variant.FULL)
    assert house.artifacts_stored() == 0
