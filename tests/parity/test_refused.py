"""Models that must not be served: one answer that lists every reason, and no files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from .cases import KERAS2, KERAS3, RefusedCase, refused_cases_of
from .harness import NodeTf, NodeTfError, ServedModels
from .keras3 import built, ignore_warnings_about_the_cases
from .test_native_layers import KERAS2_ARCHIVE

pytestmark = ignore_warnings_about_the_cases

UNPROCESSABLE = 422


def _parameters(dialect: str) -> Any:
    cases = refused_cases_of(dialect)
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


@_parameters(KERAS3)
def test_keras_3_model_is_refused(case: RefusedCase, served: ServedModels, tmp_path: Path) -> None:
    path = tmp_path / f"keras3-{case.id}.h5"
    built(case.build).save(path)
    _assert_refused(served, case, served.add(path))


@_parameters(KERAS2)
def test_keras_2_model_is_refused(case: RefusedCase, served: ServedModels, tmp_path: Path) -> None:
    path = tmp_path / f"keras2-{case.id}.h5"
    with zipfile.ZipFile(KERAS2_ARCHIVE) as archive:
        path.write_bytes(archive.read(f"{case.id}.h5"))
    _assert_refused(served, case, served.add(path))


def test_page_gets_an_error_and_no_half_loaded_model(
    served: ServedModels, node_tf: NodeTf, tmp_path: Path
) -> None:
    case = next(case for case in refused_cases_of(KERAS2) if case.id == "refused-lambda_layer")
    path = tmp_path / "refused.h5"
    with zipfile.ZipFile(KERAS2_ARCHIVE) as archive:
        path.write_bytes(archive.read(f"{case.id}.h5"))
    url = served.add(path)
    with pytest.raises(NodeTfError, match="422"):
        node_tf.predict(url, [])


def _assert_refused(served: ServedModels, case: RefusedCase, url: str) -> None:
    answer = served.get(url, {"Origin": "http://localhost:3000"})
    assert answer.status == UNPROCESSABLE
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    problems = json.loads(answer.body)["problems"]
    assert {(problem["layerPath"], problem["code"]) for problem in problems} == case.problems
    for problem in problems:
        assert problem["className"]
        assert problem["message"]
        assert problem["hint"]
    told = " ".join(f"{problem['message']} {problem['hint']}" for problem in problems)
    assert [words for words in case.hints if words not in told] == []
