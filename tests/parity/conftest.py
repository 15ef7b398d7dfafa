"""Keras, loaded once, and its own warnings."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .grid.run import Workbench, workbench

KERAS_WARNINGS = (
    # Variables are turned into arrays that way; numpy 2 has announced another signature.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
    # The numpy backend finds out a layer's output shape by calling it with memory that nobody
    # has set, so what numpy says of the numbers in it is chance.
    "ignore:(overflow|underflow|invalid value|divide by zero) encountered:RuntimeWarning",
    # Masks that end at a layer are what some cases are about.
    r"ignore:Layer '.*' \(of type .*\) was passed an input with a mask:UserWarning",
    # `model.quantize` says of each layer without weights that it left it alone.
    "ignore:Layer .* does not have a `quantize` method implemented:UserWarning",
    # A case uses the argument because files that have it exist.
    "ignore:You passed `rms_scaling=True`:UserWarning",
)
"""Keras's warnings that nothing here can avoid. The project's own code runs in other processes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore those warnings in the tests of this folder; all others are errors."""
    ignored = pytest.mark.filterwarnings(*KERAS_WARNINGS)
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(ignored)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Converts in this process, and predicts with TensorFlow.js."""
    with workbench(tmp_path_factory.mktemp("bench")) as bench:
        yield bench


@pytest.fixture(scope="session", autouse=True)
def _frozen_keras() -> None:
    """Take Keras and its like out of the garbage collector's sight.

    A test that has Keras count the names of its layers from the beginning makes it collect all
    garbage, and looking through what never becomes garbage takes longer than most cases.
    """
    importlib.import_module("keras")
    gc.collect()
    gc.freeze()
