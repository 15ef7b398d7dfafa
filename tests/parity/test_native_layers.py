"""Every parity case: the file as Keras writes it, served, loaded by TensorFlow.js, compared."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .cases import KERAS2, KERAS3, Case, cases_of, refused_cases_of
from .cases.case import Array
from .harness import NodeTf, ServedModels, assert_same_predictions
from .keras3 import ignore_warnings_about_the_cases, model_with_references

pytestmark = ignore_warnings_about_the_cases

KERAS2_ARCHIVE = Path(__file__).parents[1] / "fixtures" / "keras2.zip"


@pytest.fixture(scope="module")
def keras2_files() -> Iterator[zipfile.ZipFile]:
    """What ``tests/fixtures/make_keras2.py`` wrote."""
    with zipfile.ZipFile(KERAS2_ARCHIVE) as archive:
        yield archive


def _parameters(dialect: str) -> Any:
    return pytest.mark.parametrize("case", cases_of(dialect), ids=lambda case: case.id)


@_parameters(KERAS3)
def test_keras_3_model_predicts_the_same(
    case: Case, served: ServedModels, node_tf: NodeTf, tmp_path: Path
) -> None:
    model, inputs, expected = model_with_references(case)
    path = tmp_path / f"keras3-{case.id}.h5"
    model.save(path)
    _assert_parity(served, node_tf, case, path, inputs, expected)


@_parameters(KERAS2)
def test_keras_2_model_predicts_the_same(
    case: Case,
    keras2_files: zipfile.ZipFile,
    served: ServedModels,
    node_tf: NodeTf,
    tmp_path: Path,
) -> None:
    path = tmp_path / f"keras2-{case.id}.h5"
    path.write_bytes(keras2_files.read(f"{case.id}.h5"))
    inputs, expected = _references(keras2_files, case)
    _assert_parity(served, node_tf, case, path, inputs, expected)


def test_archive_of_keras_2_holds_the_cases_of_the_tables(keras2_files: zipfile.ZipFile) -> None:
    """Run ``tests/fixtures/make_keras2.py`` if this fails."""
    ids = [case.id for case in cases_of(KERAS2)]
    refused = [case.id for case in refused_cases_of(KERAS2)]
    expected = {*(f"{i}.h5" for i in (*ids, *refused)), *(f"{i}.npz" for i in ids)}
    assert set(keras2_files.namelist()) == expected


def _references(archive: zipfile.ZipFile, case: Case) -> tuple[list[Array], list[Array]]:
    with np.load(io.BytesIO(archive.read(f"{case.id}.npz"))) as arrays:
        inputs = [arrays[name] for name in arrays if name.startswith("input_")]
        return inputs, [arrays[name] for name in arrays if name.startswith("output_")]


def _assert_parity(
    served: ServedModels,
    node_tf: NodeTf,
    case: Case,
    path: Path,
    inputs: list[Array],
    expected: list[Array],
) -> None:
    # A reference that is empty, infinite or zero would agree with a wrong answer too.
    for output in expected:
        assert output.size > 0
        assert np.isfinite(output).all()
        assert np.abs(output).max() > 0
    assert_same_predictions(served, node_tf, path, inputs, expected, rtol=case.tolerance)
