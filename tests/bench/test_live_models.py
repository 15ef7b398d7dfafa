"""What the comparison of models in memory with their files makes of cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

from bench import live_models
from bench.live_models import OTHER, SAME, compared
from tests.parity.cases.case import Case, single_layer
from tests.parity.conftest import KERAS_WARNINGS

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

CASE = Case(id="some", build=single_layer("Dense", (3,), {}, {"units": 2}))


def test_a_model_and_its_file_are_the_same_bytes(tmp_path: Path) -> None:
    assert compared(keras, CASE, tmp_path).verdict == SAME


@pytest.mark.parametrize(("known", "verdict"), [("so", "other, as is known"), ("x", OTHER)])
def test_a_difference_is_told_with_its_reason(
    known: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_file(*_given: Any, **_named: Any) -> tuple[str]:
        return ("another",)

    monkeypatch.setattr(live_models, "of_file", of_file)
    monkeypatch.setattr(live_models, "REASONS", {known: "It is so."})
    row = compared(keras, CASE, tmp_path)
    assert row.verdict == verdict
    assert ("It is so." in str(row)) is (known == "so")
    assert ("another" in str(row)) is (known == "x")


def test_what_keras_does_not_build_is_told(tmp_path: Path) -> None:
    case = Case(id="none", build=single_layer("Dense", (3,), {}, {"units": -1}))
    row = compared(keras, case, tmp_path)
    assert row.verdict == "not buildable"
    assert "units" in row.detail
