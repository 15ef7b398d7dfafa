"""The builder with real processes and real files."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.builder.conftest import House
from tfjs_serve.builder import Builder
from tfjs_serve.errors import KerasFileError, VariantNotAvailableError
from tfjs_serve.settings import Variant
from tfjs_serve.worker.client import WorkerPool

SAMPLES = Path(__file__).parents[2] / "sample_models"


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


async def test_sample_folder_is_served_in_its_only_variant(house: House, builder: Builder) -> None:
    shutil.copytree(SAMPLES / "breast-cancer-tfjs", house.folder.path / "cancer")
    entry = house.folder.look("cancer")
    build = await builder.build(entry, Variant.FULL)
    assert "model.json" in build.artifact.by_name
    with pytest.raises(VariantNotAvailableError, match=r"cancer/model\.json"):
        await builder.build(entry, Variant.UINT8)


async def test_file_that_is_no_model_is_refused_by_name(house: House, builder: Builder) -> None:
    house.folder.save("notes.h5", "no model at all")
    with pytest.raises(KerasFileError, match=r"notes\.h5"):
        await builder.build(house.folder.look("notes"), Variant.FULL)
    assert house.artifacts_stored() == 0
