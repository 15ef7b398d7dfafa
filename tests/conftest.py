"""What all tests share: the Keras that is the reference, and others' warnings."""

from __future__ import annotations

import os

import pytest

# Before anyone imports Keras. The numpy backend computes most layers eagerly, so a small model
# answers at once where the jax backend would compile each one for half a second; it borrows only
# convolutions, pooling and Fourier transforms from jax.
os.environ["KERAS_BACKEND"] = "numpy"
os.environ["JAX_PLATFORMS"] = "cpu"

pytest.register_assert_rewrite("tests.parity.harness")

IGNORED_WARNINGS: tuple[str, ...] = ()
"""Third parties' own warnings, which nothing in this project can avoid; each with a reason."""


def pytest_configure(config: pytest.Config) -> None:
    """Ignore those warnings; all others are errors."""
    for warning in IGNORED_WARNINGS:
        config.addinivalue_line("filterwarnings", warning)
