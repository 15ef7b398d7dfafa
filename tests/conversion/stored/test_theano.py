"""Convolutions of Theano become layers of TensorFlow.js that compute the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conversion.building import Json, given, layer, sequential, weight
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files import Container, Dialect, KerasModel


def read(tested: Json, *shapes: tuple[int, ...], version: str = "2.3.1") -> KerasModel:
    refs = tuple(weight(np.arange(np.prod(shape)).reshape(shape)) for shape in shapes)
    image = given("x", (None, 8, 8, 1), 2)
    return KerasModel(
        display_name="model.h5",
        dialect=Dialect(generation=2, container=Container.HDF5, backend="theano"),
        keras_version=version,
        config=sequential([image, tested]),
        weights={"c": refs},
    )


def convolution(**config: Any) -> Json:
    return layer("Conv2D", "c", filters=1, use_bias=False, **config)


def test_kernels_are_flipped() -> None:
    found = translate(read(convolution(kernel_size=[2, 2]), (2, 2, 1, 1))).weights
    assert next(iter(found[0].source.blocks(64))).reshape(-1).tolist() == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("size", "strides", "edges"),
    [
        (3, 1, None),
        (2, 1, [[1, 0], [1, 0]]),
        (3, 2, [[1, 1], [1, 1]]),
        (4, 2, [[2, 1], [2, 1]]),
    ],
)
def test_same_pads_half_of_the_kernel_on_both_sides(
    size: int, strides: int, edges: list[list[int]] | None
) -> None:
    tested = convolution(kernel_size=[size, size], strides=[strides, strides], padding="same")
    model = translate(read(tested, (size, size, 1, 1))).topology["model_config"]
    written = model["config"]["layers"][1]
    if edges is None:
        assert written["class_name"] == "Conv2D"
        return
    given_, padding, valid = written["config"]["layers"]
    assert given_["config"]["batch_input_shape"] == [None, 8, 8, 1]
    assert padding["config"]["padding"] == edges
    assert valid["config"]["padding"] == "valid"


@pytest.mark.parametrize(
    ("tested", "version", "shapes"),
    [
        (layer("AveragePooling2D", "c", pool_size=[2, 2], padding="same"), "2.0.9", ()),
        (
            layer(
                "Conv2DTranspose",
                "c",
                filters=1,
                kernel_size=[2, 2],
                padding="same",
                use_bias=False,
            ),
            "2.3.1",
            ((2, 2, 1, 1),),
        ),
    ],
    ids=["an average of unknown padding", "an even kernel"],
)
def test_what_releases_do_differently_is_refused(
    tested: Json, version: str, shapes: tuple[tuple[int, ...], ...]
) -> None:
    with pytest.raises(ConversionError) as caught:
        translate(read(tested, *shapes, version=version))
    (problem,) = caught.value.problems
    assert "Theano" in problem.message
    assert "valid" in problem.hint
