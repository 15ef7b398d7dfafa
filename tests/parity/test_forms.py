"""Models in several files predict what Keras predicts, and only with what belongs together.

``tests/fixtures/make_weights.py`` made the files of other versions.
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from .harness import Array, NodeTf, ServedModels, assert_same_predictions, compare

FIXTURES = Path(__file__).parents[1] / "fixtures"
SEPARATE = sorted(FIXTURES.glob("weights-*.zip"))
WHOLE = sorted(FIXTURES.glob("keras-[12].*.zip"))


def members(archive: Path, *endings: str) -> list[str]:
    with zipfile.ZipFile(archive) as models:
        return sorted(name for name in models.namelist() if name.endswith(endings))


def references(archive: Path, model: str) -> tuple[list[Array], list[Array]]:
    """Return the inputs and outputs that were noted when the files were made."""
    with zipfile.ZipFile(archive) as models:
        arrays = dict(np.load(io.BytesIO(models.read(f"{model}.npz"))))
    return (
        [arrays[key] for key in arrays if key.startswith("input_")],
        [arrays[key] for key in arrays if key.startswith("output_")],
    )


def split(source: bytes, weights: Path, architecture: Path) -> None:
    """Write what ``save_weights`` and ``to_json`` would have written of a whole model."""
    with h5py.File(io.BytesIO(source)) as whole, h5py.File(weights, "w") as file:
        document = json.loads(whole.attrs["model_config"])
        told = ("keras_version", "backend")
        document |= {key: str(np.asarray(whole.attrs[key]).astype(str)) for key in told if key in whole.attrs}
        architecture.write_text(json.dumps(document))
        for key in whole["model_weights"]:
            whole.copy(whole["model_weights"][key], file, key)
        for key, value in whole["model_weights"].attrs.items():
            file.attrs[key] = value


@pytest.mark.parametrize(
    ("archive", "name"),
    [
        pytest.param(archive, name, id=f"{archive.stem}-{name}")
        for archive in SEPARATE
        for name in members(archive, ".h5")
    ],
)
def test_weights_find_their_architecture_among_others(
    archive: Path, name: str, served: ServedModels, node_tf: NodeTf, tmp_path: Path
) -> None:
    model = name.partition(".")[0]
    folder = tmp_path / f"{archive.stem}-{name}"
    folder.mkdir()
    with zipfile.ZipFile(archive) as models:
        (folder / name).write_bytes(models.read(name))
        for number, other in enumerate(members(archive, ".json")):
            # Its name tells nothing.
            (folder / f"{number}.json").write_bytes(models.read(other))
    served.add(folder)
    inputs, expected = references(archive, model)
    url = served.url(f"{folder.name}/{name.removesuffix('.h5')}")
    compare(expected, node_tf.predict(url, inputs).outputs)
