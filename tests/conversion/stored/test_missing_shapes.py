"""Models that were saved without an input shape get it from their weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.conversion.building import Json, layer, saved, sequential, weight
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files import WeightRef

Shape = Sequence[int | None]


def weights(*shapes: Sequence[int]) -> list[WeightRef]:
    return [weight(np.zeros(shape)) for shape in shapes]


def dense(name: str, units: int) -> Json:
    return layer("Dense", name, units=units)


def input_shape(layers: Sequence[Json], found: dict[str, list[WeightRef]]) -> Shape:
    model = translate(saved(sequential(layers), found)).topology["model_config"]
    first = model["config"]["layers"][0]
    assert first["class_name"] == "InputLayer"
    shape: Shape = first["config"]["batch_input_shape"]
    return shape


CONV = {"filters": 4, "kernel_size": [3, 3]}
LSTM = weights((5, 8), (2, 8), (8,))


@pytest.mark.parametrize(
    ("first", "refs", "shape"),
    [
        (layer("PReLU", "a", shared_axes=[1]), weights((1, 3)), (None, None, 3)),
        (
            layer("RNN", "a", cell=layer("GRUCell", "c", units=2, reset_after=False)),
            weights((5, 6), (2, 6), (6,)),
            (None, None, 5),
        ),
        (
            layer("EinsumDense", "a", equation="abc,cd->abd", output_shape=[7, 4], bias_axes="bd"),
            weights((3, 4), (7, 4)),
            (None, 7, 3),
        ),
        (layer("LayerNormalization", "a", axis=[1, 2]), weights((6, 3), (6, 3)), (None, 6, 3)),
        (dense("a", 2), weights((3, 2), (2,)), (None, 3)),
        (layer("Conv2D", "a", **CONV), weights((3, 3, 1, 4), (4,)), (None, None, None, 1)),
        (
            layer("Conv2D", "a", **CONV, data_format="channels_first"),
            weights((3, 3, 2, 4), (4,)),
            (None, 2, None, None),
        ),
        (
            layer("Conv2DTranspose", "a", **CONV),
            weights((3, 3, 4, 2), (4,)),
            (None, None, None, 2),
        ),
        (layer("LSTM", "a", units=2), LSTM, (None, None, 5)),
        (layer("UnifiedLSTM", "a", units=2), LSTM, (None, None, 5)),
        (layer("Embedding", "a", input_dim=7, output_dim=3), weights((7, 3)), (None, None)),
        (
            layer("TimeDistributed", "a", layer=dense("d", 2)),
            weights((3, 2), (2,)),
            (None, None, 3),
        ),
    ],
    ids=[
        *("PReLU", "RNN", "EinsumDense", "LayerNormalization"),
        *("Dense", "Conv2D", "channels first", "Conv2DTranspose", "LSTM", "UnifiedLSTM"),
        *("Embedding", "TimeDistributed"),
    ],
)
def test_the_first_weights_tell_axes_and_channels(
    first: Json, refs: list[WeightRef], shape: Shape
) -> None:
    assert list(input_shape([first], {"a": refs})) == list(shape)


def test_layers_without_weights_are_looked_through() -> None:
    layers = [layer("Dropout", "drop", rate=0.5), layer("ReLU", "r"), dense("a", 2)]
    found = {"drop": [], "r": [], "a": weights((3, 2), (2,))}
    assert input_shape(layers, found) == [None, 3]


def test_later_weights_decide_the_number_of_axes() -> None:
    layers = [dense("a", 5), layer("LSTM", "b", units=2)]
    assert input_shape(layers, {"a": weights((3, 5), (5,)), "b": LSTM}) == [None, None, 3]


STATISTICS = weights((3,), (3,), (3,), (3,))


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([layer("GlobalAveragePooling2D", "p")], [None, None, None, 3]),
        ([layer("ReLU", "r"), layer("MaxPooling1D", "p")], [None, None, 3]),
        ([layer("SpatialDropout3D", "p", rate=0.5)], [None, None, None, None, 3]),
        ([layer("RepeatVector", "p", n=2)], [None, 3]),
    ],
    ids=["GlobalAveragePooling2D", "MaxPooling1D", "SpatialDropout3D", "RepeatVector"],
)
def test_layers_without_weights_decide_the_number_of_axes(layers: list[Json], shape: Shape) -> None:
    first = layer("BatchNormalization", "b")
    assert input_shape([first, *layers], {"b": STATISTICS}) == shape


def test_without_any_weights_the_number_of_axes_is_enough() -> None:
    layers = [layer("MaxPooling2D", "a"), layer("GlobalAveragePooling2D", "b")]
    assert input_shape(layers, {}) == [None, None, None, None]


@pytest.mark.parametrize("first", ["Flatten", "ReLU"])
def test_a_shape_that_no_weight_tells_is_asked_for(first: str) -> None:
    rest = [dense("a", 2)] if first == "Flatten" else []
    with pytest.raises(ConversionError) as caught:
        translate(saved(sequential([layer(first, "f"), *rest]), {"a": weights((6, 2), (2,))}))
    assert "no-input-shape" in {problem.code for problem in caught.value.problems}
    assert "keras.Input" in str(caught.value.problems[0])


def test_a_nested_model_has_the_shape_that_it_is_called_with() -> None:
    outer_input = layer("InputLayer", "x", batch_shape=[None, 6, 3])
    inner = sequential([layer("Reshape", "r", target_shape=[18])], name="inner")
    layers = [outer_input, {**inner, "name": "inner"}, dense("a", 2)]
    model = translate(saved(sequential(layers), {"inner": [], "a": weights((18, 2), (2,))}))
    nested = model.topology["model_config"]["config"]["layers"][1]["config"]["layers"]
    assert nested[0]["config"]["batch_input_shape"] == [None, 6, 3]
