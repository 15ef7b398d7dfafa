"""Models of Keras 1 become models of Keras 2: classes, arguments, merges and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conversion.building import Json, weight
from tfjs_serve.conversion.spelling.keras1.arguments import modern_arguments
from tfjs_serve.conversion.spelling.keras1.structure import modern_structure
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files import Container, Dialect, KerasModel, WeightRef

Weights = dict[str, list[WeightRef]]


def layer(class_name: str, name: str, **config: Any) -> Json:
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


def read(layers: list[Json], weights: Weights, backend: str = "tensorflow") -> KerasModel:
    return KerasModel(
        display_name="model.h5",
        dialect=Dialect(generation=1, container=Container.HDF5, backend=backend),
        keras_version="1.2.2",
        config={"class_name": "Sequential", "config": layers},
        weights={name: tuple(refs) for name, refs in weights.items()},
    )


def arrays(model: KerasModel) -> dict[str, np.ndarray[Any, Any]]:
    return {
        item.name: np.concatenate(list(item.source.blocks(1 << 20))).reshape(item.source.shape)
        for item in translate(model).weights
    }


def convolution(order: str, **config: Any) -> Json:
    shape = [None, 1, 4, 4] if order == "th" else [None, 4, 4, 1]
    size = {"nb_filter": 2, "nb_row": 3, "nb_col": 2}
    arguments = {"border_mode": "valid", "subsample": [1, 1], "dim_ordering": order, **size}
    return layer("Convolution2D", "c", batch_input_shape=shape, **{**arguments, **config})


KERNEL = np.arange(12.0).reshape(3, 2, 1, 2)
BIAS = weight([0.0, 1.0])


@pytest.mark.parametrize("order", ["th", "tf"])
@pytest.mark.parametrize("backend", ["theano", "tensorflow"])
def test_kernels_are_transposed_and_flipped_as_the_file_needs(order: str, backend: str) -> None:
    kernel = KERNEL[::-1, ::-1] if backend == "theano" else KERNEL
    stored = kernel.transpose(3, 2, 0, 1) if order == "th" else kernel
    found = arrays(read([convolution(order)], {"c": [weight(stored), BIAS]}, backend))
    assert np.array_equal(found["c/kernel"], KERNEL)


def test_gates_are_put_side_by_side_in_the_order_of_keras_2() -> None:
    gates = {"i": 1.0, "c": 2.0, "f": 3.0, "o": 4.0}
    refs = [
        weight(np.full(shape, number))
        for number in gates.values()
        for shape in ((2, 1), (1, 1), (1,))
    ]
    lstm = layer("LSTM", "l", output_dim=1, batch_input_shape=[None, 3, 2], consume_less="cpu")
    found = arrays(read([lstm], {"l": refs}))
    assert found["l/bias"].tolist() == [1, 3, 2, 4]
    assert found["l/kernel"].tolist() == [[1, 3, 2, 4]] * 2


def test_a_nested_model_has_the_weights_of_the_group_at_its_place() -> None:
    """The configuration of Keras 1 has no name for it."""
    first = layer("Dense", "a", output_dim=2, batch_input_shape=[None, 1], bias=False)
    inner = {"class_name": "Sequential", "config": [first]}
    last = layer("Dense", "b", output_dim=1, bias=False)
    weights = {"sequential_7": [weight([[1, 2]])], "b": [weight([[3], [4]])]}
    found = arrays(read([inner, last], weights))
    assert {name: array.tolist() for name, array in found.items()} == {
        "a/kernel": [[1, 2]],
        "b/kernel": [[3], [4]],
    }


def branch(name: str, size: int) -> Json:
    dense = layer("Dense", name, output_dim=2, batch_input_shape=[None, size], bias=False)
    return {"class_name": "Sequential", "config": [dense]}


def merge(*branches: Json, **config: Any) -> Json:
    arguments = {"mode": "sum", "mode_type": "raw", "concat_axis": -1, "dot_axes": -1, **config}
    return layer("Merge", "m", layers=list(branches), **arguments)


def test_a_merge_at_the_start_makes_an_input_for_each_branch() -> None:
    layers = [merge(branch("a", 3), branch("b", 4)), layer("Activation", "t", activation="tanh")]
    structure = modern_structure({"class_name": "Sequential", "config": layers})
    assert structure["class_name"] == "Model"
    config = structure["config"]
    assert config["input_layers"] == [["a_input", 0, 0], ["b_input", 0, 0]]
    assert config["output_layers"] == [["t", 0, 0]]
    (merged,) = [entry for entry in config["layers"] if entry["name"] == "m"]
    assert merged["inbound_nodes"] == [[["a", 0, 0, {}], ["b", 0, 0, {}]]]


def test_the_same_branch_twice_is_computed_once() -> None:
    layers = [merge(branch("a", 3), branch("a", 3))]
    config = modern_structure({"class_name": "Sequential", "config": layers})["config"]
    assert config["input_layers"] == [["a_input", 0, 0]]
    (merged,) = [entry for entry in config["layers"] if entry["name"] == "m"]
    assert merged["inbound_nodes"] == [[["a", 0, 0, {}], ["a", 0, 0, {}]]]


@pytest.mark.parametrize("mode", [{"mode": "f", "mode_type": "function"}, {"mode": "other"}])
def test_a_merge_by_python_code_is_refused(mode: Json) -> None:
    layers = [merge(branch("a", 1), branch("b", 1), **mode)]
    with pytest.raises(ConversionError) as caught:
        translate(read(layers, {"a": [weight([[1, 2]])], "b": [weight([[1, 2]])]}))
    assert caught.value.problems[0].layer_path.endswith("/m")


@pytest.mark.parametrize(
    ("class_name", "old", "new"),
    [
        ("Dense", {"output_dim": 3, "bias": False}, {"units": 3, "use_bias": False}),
        ("Dropout", {"p": 0.3}, {"rate": 0.3}),
        ("GaussianNoise", {"sigma": 0.3}, {"stddev": 0.3}),
        ("MaxPooling1D", {"pool_length": 3, "stride": 2}, {"pool_size": 3, "strides": 2}),
        ("UpSampling1D", {"length": 3}, {"size": 3}),
        ("ZeroPadding2D", {"padding": [1, 2, 3, 4]}, {"padding": [[1, 2], [3, 4]]}),
        ("ZeroPadding1D", {"padding": {"left_pad": 2}}, {"padding": [2, 0]}),
        ("Embedding", {"input_dim": 7, "dropout": 0.2}, {"input_dim": 7}),
        (
            "Dense",
            {"W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.1}},
            {"kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.1}}},
        ),
        (
            "Dense",
            {"W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0}},
            {
                "kernel_constraint": {
                    "class_name": "MaxNorm",
                    "config": {"max_value": 2, "axis": 0},
                }
            },
        ),
    ],
)
def test_arguments_get_their_names_in_keras_2(class_name: str, old: Json, new: Json) -> None:
    assert modern_arguments(class_name, old, None) == new


@pytest.mark.parametrize("order", ["th", "tf"])
def test_layers_that_do_not_write_their_order_have_that_of_the_others(order: str) -> None:
    layers = [convolution(order), layer("UpSampling2D", "u", size=[2, 2])]
    model = read(layers, {"c": [weight(KERNEL if order == "tf" else KERNEL.T), BIAS], "u": []})
    written = translate(model).topology["model_config"]["config"]["layers"]
    formats = {entry["config"].get("data_format") for entry in written[1:]}
    assert formats == {"channels_first" if order == "th" else "channels_last"}
