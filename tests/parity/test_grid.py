"""A sample of the grid, and that the grid knows all that Keras has."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import Mock

import keras
import pytest

from .cases import KERAS3
from .grid.cases import GridCase, nightly, sample
from .grid.generate import UnknownToTheGridError, choices_of, classes_of
from .grid.run import Workbench, workbench
from .grid.subjects.subject import floats, subject
from .keras3 import ignore_warnings_about_the_cases

pytestmark = ignore_warnings_about_the_cases

SAMPLE_COUNT = 400


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with workbench(tmp_path_factory.mktemp("grid")) as bench:
        yield bench


@pytest.mark.parametrize("case", sample(keras, KERAS3, SAMPLE_COUNT), ids=lambda case: case.id)
def test_sample_of_the_grid(case: GridCase, bench: Workbench) -> None:
    """A file that Keras can read is neither refused nor does it predict something else."""
    results = list(bench.run(keras, case))
    failures = [
        f"{result.title}: {result.outcome.value}: {result.detail}"
        for result in results
        if result.outcome.is_failure
    ]
    assert not failures


def test_no_two_cases_of_the_grid_have_one_id() -> None:
    ids = [case.id for case in nightly(keras, KERAS3)]
    assert len(set(ids)) == len(ids)


def test_unknown_class_is_noticed() -> None:
    class Extended:
        class layers:
            Dense = keras.layers.Dense
            Newest = type("Newest", (keras.layers.Layer,), {})

    with pytest.raises(UnknownToTheGridError, match="Newest"):
        classes_of(Extended)


def test_unknown_argument_is_noticed() -> None:
    class Dense(keras.layers.Dense):
        def __init__(self, units: int, newest: int = 1) -> None:
            super().__init__(units)

    with pytest.raises(UnknownToTheGridError, match="newest"):
        choices_of(subject("Dense", floats(4), base={"units": 2}), Dense)


def test_what_both_formats_become_is_predicted_once(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = [case for case in nightly(keras, KERAS3, "Dense") if case.id == "Dense-alone"]
    predict = Mock(wraps=bench.node.predict)
    monkeypatch.setattr(bench.node, "predict", predict)
    results = list(bench.run(keras, case))
    assert [result.outcome.is_success for result in results] == [True, True]
    assert predict.call_count == 1
