"""Sizes that a model has only because of its first call; see also ``parity/cases/models``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.conversion.building import Json, layer, saved, sequential, weight
from tfjs_serve.conversion.translate import translate
from tfjs_serve.layers_model.model import LayersModel

KERNEL = {"a": [weight(np.zeros((3, 3, 1, 4))), weight(np.zeros(4))]}
CONV = layer("Conv2D", "a", filters=4, kernel_size=[3, 3])
POOL = layer("GlobalMaxPooling2D", "p")
LSTM = {"a": [weight(np.zeros(shape)) for shape in ((2, 12), (3, 12), (12,))]}


def called(first: Sequence[int | None], *layers: Json) -> Json:
    return sequential([layer("InputLayer", "x", batch_shape=list(first)), *layers])


def shape_of(model: LayersModel) -> list[int | None]:
    shape: list[int | None] = model.topology["model_config"]["config"]["layers"][0]["config"][
        "batch_input_shape"
    ]
    return shape


def test_sizes_that_no_layer_depends_on_are_free_and_noted() -> None:
    model = translate(saved(called([4, 8, 9, 1], CONV, POOL), KERNEL))
    assert shape_of(model) == [None, None, None, 1]
    assert "[8, 9, 1]" in " ".join(model.warnings)


def test_sizes_that_were_stated_stay() -> None:
    model = translate(saved(called([None, 8, 9, 1], CONV, POOL), KERNEL))
    assert shape_of(model) == [None, 8, 9, 1]
    assert not model.warnings


def test_a_stateful_layer_keeps_the_batch() -> None:
    lstm = layer("LSTM", "a", units=3, stateful=True)
    assert shape_of(translate(saved(called([4, 6, 2], lstm), LSTM))) == [4, 6, 2]


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([layer("Resizing", "r", height=6, width=6), CONV], [None, 8, 9, 1]),
        ([CONV, layer("GroupNormalization", "g", groups=2), POOL], [None, None, 9, 1]),
    ],
    ids=["Resizing", "GroupNormalization"],
)
def test_a_size_stays_and_is_noted_if_the_page_needed_more_javascript(
    layers: list[Json], shape: list[int | None]
) -> None:
    found = KERNEL | {"g": [weight(np.ones(4)), weight(np.zeros(4))]}
    model = translate(saved(called([4, 8, 9, 1], *layers), found))
    assert shape_of(model) == shape
    assert not model.parts
    assert "keras.Input" in " ".join(model.warnings)


def test_build_input_shape_of_keras_2_is_that_of_a_call() -> None:
    config = sequential([layer("Conv2D", "a", filters=4, kernel_size=[3, 3]), POOL])
    config["config"]["build_input_shape"] = [None, 8, 9, 1]
    assert shape_of(translate(saved(config, KERNEL))) == [None, None, None, 1]
