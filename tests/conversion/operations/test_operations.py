"""Operations of Keras 2 that only old or odd files have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversion.building import Json, functional, given, layer, saved
from tfjs_serve.conversion.model.dtypes import result_type
from tfjs_serve.conversion.operations.equations import equation
from tfjs_serve.conversion.operations.specs.indexing import subscripts
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError


def keras2(class_name: str, node: Any, **config: Any) -> Json:
    operation = layer(class_name, "it", [node], **config)
    return functional([given("x", (None, 3), 2), operation], [("x", 0, 0)], [("it", 0, 0)])


def operation_of(model: Json) -> Json:
    config = translate(saved(model, {}, 2)).topology["model_config"]["config"]
    found: Json = config["layers"][-1]
    return found


def node_def(op: str, **attributes: Any) -> Json:
    return {"name": op, "op": op, "input": ["x", f"{op}/y"], "attr": attributes}


def test_graph_operation_has_constants_among_its_inputs() -> None:
    """As TensorFlow 2.0 to 2.3 have it; its name in the graph is not that in its configuration."""
    model = keras2(
        "TensorFlowOpLayer",
        [["x", 0, 0, {}]],
        node_def=node_def("Sub", T={"type": "DT_FLOAT"}),
        constants={"0": 2.0},
    )
    model["config"]["layers"][1]["name"] = "tf_op_layer_it"
    model["config"]["output_layers"] = [["tf_op_layer_it", 0, 0]]
    found = operation_of(model)
    inner = found["config"]["layers"][-1]
    assert found["name"] == "tf_op_layer_it"
    assert (inner["config"]["scale"], inner["config"]["offset"]) == (-1.0, 2.0)


def test_graph_operation_has_masks_for_slices() -> None:
    model = keras2(
        "TensorFlowOpLayer",
        [["x", 0, 0, {}]],
        node_def=node_def("StridedSlice", begin_mask={"i": "1"}, end_mask={"i": "3"}),
        constants={"1": [0, 1], "2": [0, 0], "3": [1, 1]},
    )
    assert [item["class_name"] for item in operation_of(model)["config"]["layers"]].count(
        "Cropping2D"
    ) == 1


def test_tensors_that_keras_does_not_save_are_told() -> None:
    """``tf.einsum`` has its tensors as further positional arguments."""
    node = ["_CONSTANT_VALUE", -1, "bi,bi->b", {}]
    with pytest.raises(ConversionError) as caught:
        operation_of(keras2("TFOpLambda", node, function="einsum"))
    (problem,) = caught.value.problems
    assert "has not saved" in problem.message


def test_patches_of_images_side_by_side_are_lowered() -> None:
    sizes = {"sizes": [1, 2, 3, 1], "strides": [1, 2, 3, 1], "rates": [1, 1, 1, 1]}
    node = ["x", 0, 0, {**sizes, "padding": "VALID", "name": None}]
    operation = layer("TFOpLambda", "it", [node], function="image.extract_patches")
    layers = [given("x", (None, 5, 6, 3), 2), operation]
    found = operation_of(functional(layers, [("x", 0, 0)], [("it", 0, 0)]))
    reshape = found["config"]["layers"][-1]
    assert reshape["config"]["target_shape"] == [2, 2, 18]


def test_function_without_translation_is_named() -> None:
    node = ["x", 0, 0, {}]
    with pytest.raises(ConversionError) as caught:
        operation_of(keras2("TFOpLambda", node, function="strings.lower"))
    (problem,) = caught.value.problems
    assert "strings.lower" in problem.message


def test_argument_without_translation_is_named() -> None:
    node = ["x", 0, 0, {"axis": 1, "exclusive": True}]
    with pytest.raises(ConversionError) as caught:
        operation_of(keras2("TFOpLambda", node, function="math.cumsum"))
    (problem,) = caught.value.problems
    assert "exclusive" in problem.message


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (("int32", "float"), "float32"),
        (("int64", "int"), "int64"),
        (("bool", "int"), "int32"),
        (("uint8", "int8"), "int16"),
        (("float16", "bfloat16"), "float32"),
        (("float16", "int32"), "float16"),
    ],
)
def test_dtypes_are_promoted_as_in_keras(dtypes: tuple[str, ...], expected: str) -> None:
    assert result_type(*dtypes) == expected


def test_subscripts_are_filled_up_to_the_rank() -> None:
    everything = {"slice": [None, None, None]}
    assert subscripts([{"ellipsis": True}, None, 0], 3) == [everything, everything, None, 0]


def test_einsum_gets_letters_for_what_it_leaves_open() -> None:
    assert str(equation("...ij,jk", [4, 2])) == "abcd,de->abce"
