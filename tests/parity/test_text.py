"""Models of text and lookups, from committed files: Keras needs TensorFlow for them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from .cases import TEXT_CASES, TextCase
from .harness import NodeTf, ServedModels, assert_same_predictions

ARCHIVE = Path(__file__).parents[1] / "fixtures" / "text.zip"
FILES = [
    pytest.param(case, f"{dialect}-{case.id}", ending, id=f"{dialect}-{case.id}.{ending}")
    for case in TEXT_CASES
    for dialect in case.dialects
    for ending in case.endings
]


@pytest.fixture(scope="module")
def files() -> Iterator[zipfile.ZipFile]:
    """What ``tests/fixtures/make_text.py`` wrote."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        yield archive


@pytest.mark.parametrize(("case", "name", "ending"), FILES)
def test_model_of_text_predicts_the_same(
    case: TextCase,
    name: str,
    ending: str,
    files: zipfile.ZipFile,
    served: ServedModels,
    node_tf: NodeTf,
    tmp_path: Path,
) -> None:
    path = tmp_path / f"{ending}-{name}.{ending}"
    path.write_bytes(files.read(f"{name}.{ending}"))
    with np.load(io.BytesIO(files.read(f"{name}.npz"))) as arrays:
        inputs = [arrays[f"input_{index}"] for index in range(len(case.inputs))]
        expected = arrays["output_0"]
    if expected.dtype.kind == "U":
        expected = expected.astype(object)
    assert_same_predictions(served, node_tf, path, inputs, [expected])


def test_archive_holds_the_cases_of_the_tables(files: zipfile.ZipFile) -> None:
    """Run ``tests/fixtures/make_text.py`` if this fails."""
    names = {f"{dialect}-{case.id}" for case in TEXT_CASES for dialect in case.dialects}
    expected = {f"{name}.npz" for name in names}
    expected |= {
        f"{dialect}-{case.id}.{ending}"
        for case in TEXT_CASES
        for dialect in case.dialects
        for ending in case.endings
    }
    assert set(files.namelist()) == expected
