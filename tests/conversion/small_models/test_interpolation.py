"""Resizing as matrices: what holds for every method, and what is special about some."""

from __future__ import annotations

import numpy as np
import pytest

from tfjs_serve.conversion.small_models.interpolation import METHODS, resizing_matrix

SIZES = [(1, 4), (4, 1), (5, 8), (8, 5), (10, 3), (33, 17)]


@pytest.mark.parametrize("generation", [2, 3])
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_an_even_image_stays_even(method: str, antialias: bool, generation: int) -> None:
    for size, target in SIZES:
        matrix = resizing_matrix(method, size, target, antialias=antialias, generation=generation)
        assert matrix.shape == (size, target)
        np.testing.assert_allclose(matrix.sum(axis=0), 1.0, rtol=1e-6)


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic", "area", "lanczos3"])
def test_the_same_size_changes_nothing(method: str) -> None:
    np.testing.assert_allclose(resizing_matrix(method, 6, 6), np.eye(6), atol=1e-12)


def test_samples_lie_at_the_centres_of_pixels() -> None:
    expected = [[1, 0.75, 0.25, 0], [0, 0.25, 0.75, 1]]
    np.testing.assert_allclose(resizing_matrix("bilinear", 2, 4), expected)


def test_antialiasing_takes_all_pixels_that_are_covered() -> None:
    assert np.count_nonzero(resizing_matrix("bilinear", 9, 3)[:, 1]) == 1
    assert np.count_nonzero(resizing_matrix("bilinear", 9, 3, antialias=True)[:, 1]) == 5


def test_tensorflow_rounds_the_weights_of_keras_2() -> None:
    exact, rounded = (resizing_matrix("bicubic", 7, 3, generation=number) for number in (3, 2))
    assert 0 < np.abs(exact - rounded).max() < 1e-3


def test_an_unknown_method_is_told() -> None:
    with pytest.raises(ValueError, match="no interpolation 'cubic'"):
        resizing_matrix("cubic", 2, 4)
