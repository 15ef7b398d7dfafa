"""``.keras`` archives keep weights elsewhere than ``.h5`` does; the model is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from .cases import KERAS3, Case, cases_of, nesting
from .converted import converted, inferred_output_shapes
from .harness import NodeTf, ServedModels, assert_same_predictions
from .keras3 import built, ignore_warnings_about_the_cases, model_with_references

pytestmark = ignore_warnings_about_the_cases


@pytest.mark.parametrize("case", cases_of(KERAS3), ids=lambda case: case.id)
def test_archive_converts_to_the_same_bytes(case: Case, tmp_path: Path) -> None:
    """What the HDF5 file becomes, TensorFlow.js has predicted with in the other tests.

    The shapes that the converter works out on the way must be Keras's.
    """
    model = built(case.build)
    archive, file = tmp_path / "model.keras", tmp_path / "model.h5"
    model.save(archive)
    model.save(file)
    assert inferred_output_shapes(archive) == [tuple(output.shape) for output in model.outputs]
    assert converted(archive, tmp_path / "archive") == converted(file, tmp_path / "file")


@pytest.mark.parametrize(
    "case", [case for case in nesting.CASES if KERAS3 in case.dialects], ids=lambda case: case.id
)
def test_keras_archive_predicts_the_same(
    case: Case, served: ServedModels, node_tf: NodeTf, tmp_path: Path
) -> None:
    model, inputs, expected = model_with_references(case)
    path = tmp_path / f"archive-{case.id}.keras"
    model.save(path)
    assert_same_predictions(served, node_tf, path, inputs, expected, rtol=case.tolerance)
