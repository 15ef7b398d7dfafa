"""Every case of the tables: the files as Keras writes them, converted, loaded, compared.

Conversions run in this process here, which makes room for thousands of them; some of the cases
take the whole road through the server.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from .cases import KERAS2, KERAS3, Case, cases_of, refused_cases_of
from .cases.case import keras2_file, model_inputs, randomise_weights
from .cases.inputs import Array
from .converted import inferred_output_shapes
from .grid.cases import GridCase
from .grid.run import Reference, Workbench, disagreement, reference
from .harness import NodeTf, ServedModels, assert_same_predictions
from .keras3 import (
    OF_TENSORFLOW,
    expected_outputs,
    ignore_warnings_about_the_cases,
    model_with_references,
)

pytestmark = ignore_warnings_about_the_cases

KERAS2_ARCHIVE = Path(__file__).parents[1] / "fixtures" / "keras2.zip"
SERVED_EVERY = 12
"""One in so many cases is served by the real server."""


@pytest.fixture(scope="module")
def keras2_files() -> Iterator[zipfile.ZipFile]:
    """What ``tests/fixtures/make_keras2.py`` wrote."""
    with zipfile.ZipFile(KERAS2_ARCHIVE) as archive:
        yield archive


def _parameters(dialect: str, every: int = 1) -> Any:
    cases = cases_of(dialect)[::every]
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


@_parameters(KERAS3)
def test_keras_3_model_predicts_the_same(case: Case, bench: Workbench) -> None:
    """In both formats, unless Keras itself cannot read its file again."""
    grid_case = _as_grid_case(case)
    expected = reference(keras, grid_case)
    expected = replace(expected, outputs=expected_outputs(case, expected.outputs))
    results = list(bench.results(keras, grid_case, expected))
    failures = [
        f"{one.title}: {one.outcome.value}: {one.detail}"
        for one in results
        if one.outcome.is_failure
    ]
    assert not failures
    assert any(one.outcome.is_success for one in results)
    _assert_shapes(expected)


def _assert_shapes(expected: Reference) -> None:
    """What the converter works out on the way must be what Keras does, before or when it predicts.

    Keras announces other shapes of attention scores than it computes.
    """
    found = inferred_output_shapes(json.loads(expected.model.to_json()))
    announced = [tuple(output.shape) for output in expected.model.outputs]
    for shape, named, output in zip(found, announced, expected.outputs, strict=True):
        sizes = [size or actual for size, actual in zip(shape or (), output.shape, strict=True)]
        assert shape == named or tuple(sizes) == output.shape


@_parameters(KERAS2)
def test_keras_2_model_predicts_the_same(
    case: Case, keras2_files: zipfile.ZipFile, bench: Workbench
) -> None:
    inputs, expected = _references(keras2_files, case)
    _assert_telling(expected)
    path = bench.folder / f"keras2-{keras2_file(case)}"
    path.write_bytes(keras2_files.read(keras2_file(case)))
    predicted = bench.predicted(path, inputs).outputs
    path.unlink()
    assert not disagreement(expected, predicted, case.tolerance)


@_parameters(KERAS3, SERVED_EVERY)
def test_keras_3_model_is_served(
    case: Case, served: ServedModels, node_tf: NodeTf, tmp_path: Path
) -> None:
    model, inputs, expected = model_with_references(case)
    path = tmp_path / f"keras3-{case.id}.keras"
    model.save(path)
    assert_same_predictions(served, node_tf, path, inputs, expected, rtol=case.tolerance)


def test_archive_of_keras_2_holds_the_cases_of_the_tables(keras2_files: zipfile.ZipFile) -> None:
    """Run ``tests/fixtures/make_keras2.py`` if this fails."""
    cases = cases_of(KERAS2)
    expected = {*map(keras2_file, cases), *(f"{case.id}.npz" for case in cases)}
    refused = {f"{case.id}.h5" for case in refused_cases_of(KERAS2)}
    assert set(keras2_files.namelist()) == expected | refused


def test_archive_of_tensorflow_holds_the_cases_that_ask_for_it() -> None:
    """Run ``tests/fixtures/make_tensorflow.py`` if this fails."""
    with zipfile.ZipFile(OF_TENSORFLOW) as archive:
        names = archive.namelist()
    assert names == [f"{case.id}.npz" for case in cases_of(KERAS3) if case.by_tensorflow]


def _as_grid_case(case: Case) -> GridCase:
    def prepare(_id: str, model: Any) -> None:
        randomise_weights(case, model)

    return GridCase(
        id=case.id,
        family="tables",
        class_name="",
        build=case.build,
        inputs=lambda _id, model: model_inputs(case, model),
        prepare=prepare,
        tolerance=case.tolerance,
    )


def _references(archive: zipfile.ZipFile, case: Case) -> tuple[list[Array], list[Array]]:
    with np.load(io.BytesIO(archive.read(f"{case.id}.npz"))) as arrays:
        inputs = [arrays[name] for name in arrays if name.startswith("input_")]
        return inputs, [arrays[name] for name in arrays if name.startswith("output_")]


def _assert_telling(expected: list[Array]) -> None:
    """A reference that is empty or zero would agree with a wrong answer too."""
    assert all(output.size > 0 for output in expected)
    assert any(np.nan_to_num(output, nan=1.0).any() for output in expected)
