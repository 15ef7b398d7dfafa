"""Files of versions that cannot be installed beside each other predict what they predicted.

The scripts ``tests/fixtures/make_*.py`` made them.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from .harness import NodeTf, ServedModels, assert_same_predictions

FIXTURES = Path(__file__).parents[1] / "fixtures"
PATTERNS = ("keras-[12].*.zip", "archives-*.zip", "quantized-*.zip", "versions-*.zip")
ARCHIVES = sorted(path for pattern in PATTERNS for path in FIXTURES.glob(pattern))
ENDINGS = (".h5", ".keras")
ROUNDED = 1e-4
"""Of what quantized layers round, sums in another order may fall on the other side."""
TIES = frozenset({"einsum_float8_h5.h5", "einsum_float8_keras.keras"})
"""Models of version 3.3 of which Keras 3.15 predicts something else than 3.3 did: float8 rounds
many of their numbers the other way."""


def _names(archive: Path) -> list[str]:
    left_out = TIES if archive.stem == "quantized-3.3.3" else frozenset()
    with zipfile.ZipFile(archive) as models:
        names = set(models.namelist()) - left_out
    return sorted(name for name in names if name.endswith(ENDINGS))


MODELS = [
    pytest.param(archive, name, id=f"{archive.stem}-{name}")
    for archive in ARCHIVES
    for name in _names(archive)
]


@pytest.mark.parametrize(("archive", "name"), MODELS)
def test_old_file_predicts_the_same(
    archive: Path, name: str, served: ServedModels, node_tf: NodeTf, tmp_path: Path
) -> None:
    path = tmp_path / f"{archive.stem}-{name}"
    with zipfile.ZipFile(archive) as models:
        path.write_bytes(models.read(name))
        references = dict(np.load(io.BytesIO(models.read(f"{Path(name).stem}.npz"))))
    # Python 2.7 wrote them in any order.
    inputs = [references[key] for key in sorted(references) if key.startswith("input_")]
    expected = [references[key] for key in sorted(references) if key.startswith("output_")]
    rtol = ROUNDED if archive.stem.startswith("quantized") else 1e-5
    assert_same_predictions(served, node_tf, path, inputs, expected, rtol=rtol)


def test_all_generations_are_covered() -> None:
    stems = [archive.stem for archive in ARCHIVES]
    assert {stem.partition(".")[0] for stem in stems} == {
        *("keras-1", "keras-2", "archives-keras-2", "archives-keras-3", "archives-tf_keras-2"),
        *("quantized-3", "versions-keras-3"),
    }
