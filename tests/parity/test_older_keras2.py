"""Files of older Keras 2 versions (``tests/fixtures/make_old_keras2.py``) predict the same."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from .harness import NodeTf, ServedModels, assert_same_predictions


def _model_names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as models:
        return sorted({Path(entry).stem for entry in models.namelist()})


ARCHIVES = sorted((Path(__file__).parents[1] / "fixtures").glob("keras-2.*.zip"))
MODELS = [
    pytest.param(archive, name, id=f"{archive.stem}-{name}")
    for archive in ARCHIVES
    for name in _model_names(archive)
]


@pytest.mark.parametrize(("archive", "name"), MODELS)
def test_older_keras_2_model_predicts_the_same(
    archive: Path, name: str, served: ServedModels, node_tf: NodeTf, tmp_path: Path
) -> None:
    path = tmp_path / f"{archive.stem}-{name}.h5"
    with zipfile.ZipFile(archive) as models:
        path.write_bytes(models.read(f"{name}.h5"))
        references = dict(np.load(io.BytesIO(models.read(f"{name}.npz"))))
    inputs = [references[key] for key in references if key.startswith("input_")]
    expected = [references[key] for key in references if key.startswith("output_")]
    assert_same_predictions(served, node_tf, path, inputs, expected)


def test_three_older_versions_are_covered() -> None:
    assert [archive.stem for archive in ARCHIVES] == ["keras-2.13.1", "keras-2.2.5", "keras-2.4.0"]
