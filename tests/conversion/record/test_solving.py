from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tfjs_serve.conversion.model.sources import Array, computed_source, reshaped_source
from tfjs_serve.conversion.record.solving import Solution, Unknown, UnsolvedError
from tfjs_serve.layers_model.model import TensorSource

NUMBERS = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7

Made = Callable[[Array], Array]


def solved(make: Made, numbers: Array = NUMBERS) -> Array | None:
    """Return what is found of a variable that a rule computes a weight from."""
    variable = Unknown(numbers.shape)
    target = make(numbers)
    solution = Solution({id(variable): variable})
    solution.learn(computed_source(make, variable, shape=target.shape), target)
    return solution.value(variable)


@pytest.mark.parametrize(
    "make",
    [
        lambda array: array.transpose(2, 0, 1),
        lambda array: np.flip(array, 1),
        lambda array: np.concatenate([array, array[:1]]),
        lambda array: np.pad(array, ((0, 0), (2, 1), (0, 0))),
        lambda array: np.pad(array, ((0, 0), (2, 1), (0, 0)), constant_values=3),
    ],
    ids=["transposed", "flipped", "repeated", "padded", "padded-with-threes"],
)
def test_numbers_that_are_moved_go_back_exactly(make: Made) -> None:
    np.testing.assert_array_equal(solved(make), NUMBERS)


def test_numbers_that_are_scaled_go_back() -> None:
    found = solved(lambda array: array * 5 / 6 - 1)
    assert found is not None
    np.testing.assert_allclose(found, NUMBERS, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda array: (array + array[::-1]) / 2,
        lambda array: array[:1] + array[1:],
        lambda array: 1 / array,
        lambda array: array**2,
        lambda array: array * 0,
    ],
    ids=["averaged", "added", "inverse", "squared", "lost"],
)
def test_numbers_that_are_mixed_are_not_made_up(make: Made) -> None:
    try:
        found = solved(make, NUMBERS + 1)
    except UnsolvedError:
        return
    assert found is None


def test_a_variable_is_joined_from_several_weights() -> None:
    variable = Unknown(NUMBERS.shape)
    solution = Solution({id(variable): variable})
    for index in range(3):
        part: TensorSource = computed_source(
            lambda array, index=index: array[:, index], variable, shape=(2, 4)
        )
        assert solution.value(variable) is None
        solution.learn(part, NUMBERS[:, index])
    np.testing.assert_array_equal(solution.value(variable), NUMBERS)


def test_a_weight_of_several_variables_is_taken_apart() -> None:
    left, right = Unknown((2, 3)), Unknown((2, 2))
    solution = Solution({id(one): one for one in (left, right)})
    joined = computed_source(
        lambda one, other: np.concatenate([one, other], 1), left, right, shape=(2, 5)
    )
    numbers = np.arange(10, dtype=np.float32).reshape(2, 5)
    solution.learn(joined, numbers)
    np.testing.assert_array_equal(solution.value(left), numbers[:, :3])
    np.testing.assert_array_equal(solution.value(right), numbers[:, 3:])


def test_copies_that_differ_are_refused() -> None:
    variable = Unknown((2,))
    solution = Solution({id(variable): variable})
    solution.learn(reshaped_source(variable, (1, 2)), np.ones((1, 2), np.float32))
    with pytest.raises(UnsolvedError, match="no longer the same"):
        solution.learn(variable, np.array([1, 2], np.float32))


def test_copies_may_differ_where_weights_are_rounded() -> None:
    variable = Unknown((2,))
    solution = Solution({id(variable): variable}, is_rounded=True)
    solution.learn(variable, np.array([1, 2], np.float32))
    solution.learn(variable, np.array([1, 2.01], np.float32))
    assert solution.value(variable) is not None


def test_slots_of_scaled_weights_are_refused() -> None:
    variable = Unknown((2,))
    solution = Solution({id(variable): variable}, moves_only=True)
    scaled = computed_source(lambda array: array * 2, variable, shape=(2,))
    with pytest.raises(UnsolvedError):
        solution.learn(scaled, np.ones(2, np.float32))


def test_nan_is_a_number_like_others() -> None:
    numbers = np.array([np.nan, 1, np.inf], np.float32)
    np.testing.assert_array_equal(solved(lambda array: array[::-1], numbers), numbers)
