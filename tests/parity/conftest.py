"""Keras, loaded once."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(scope="session", autouse=True)
def _frozen_keras() -> None:
    """Take Keras and its like out of the garbage collector's sight.

    A test that has Keras count the names of its layers from the beginning makes it collect all
    garbage, and looking through what never becomes garbage takes longer than most cases.
    """
    import keras  # noqa: F401

    gc.collect()
    gc.freeze()
