"""``.keras`` archives keep weights and shapes elsewhere than ``.h5``; the model is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from .cases import KERAS3, Case, embeddings, masks, naming, nesting, structures, wrappers
from .harness import NodeTf, ServedModels, assert_same_predictions
from .keras3 import ignore_warnings_about_the_cases, model_with_references

pytestmark = ignore_warnings_about_the_cases

FAMILIES = (embeddings, wrappers, nesting, naming, structures, masks)
"""Those in which it matters where a weight lies."""
CASES = [case for family in FAMILIES for case in family.CASES if KERAS3 in case.dialects]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_keras_archive_predicts_the_same(
    case: Case, served: ServedModels, node_tf: NodeTf, tmp_path: Path
) -> None:
    model, inputs, expected = model_with_references(case)
    path = tmp_path / f"archive-{case.id}.keras"
    model.save(path)
    assert_same_predictions(served, node_tf, path, inputs, expected, rtol=case.tolerance)
