"""Weights that are computed when they are written, and the error when that fails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.conversion.building import weight
from tfjs_serve.conversion.model.sources import Array, computed_source, constant, with_named_errors
from tfjs_serve.errors import KerasFileError
from tfjs_serve.layers_model.model import LayersWeight


def turned(array: Array) -> Array:
    return array.T


def divided_by_nothing(array: Array) -> Array:
    raise ZeroDivisionError


@pytest.mark.parametrize("compute", [turned, divided_by_nothing])
def test_a_weight_that_cannot_be_computed_names_itself_and_its_file(
    compute: Callable[[Array], Array],
) -> None:
    source = computed_source(compute, constant(np.zeros((2, 3))), shape=(2, 3))
    named = with_named_errors(LayersWeight(name="dense/kernel", source=source), "m.h5")
    assert (named.source.shape, named.source.dtype) == ((2, 3), "float32")
    with pytest.raises(
        KerasFileError, match=r"^m\.h5: the weight 'dense/kernel' cannot be computed"
    ):
        list(named.source.blocks(100))


def test_weights_that_are_read_or_computed_keep_their_values() -> None:
    for source in (weight([[1.0, 2.0]]), constant([[1.0, 2.0]])):
        named = with_named_errors(LayersWeight(name="w", source=source), "m.h5")
        assert np.concatenate(list(named.source.blocks(4))).tolist() == [1.0, 2.0]
