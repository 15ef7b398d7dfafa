"""Translates operations of TensorFlow's graphs: ``TensorFlowOpLayer`` of TensorFlow 2.0 to 2.3.

Its configuration has a ``NodeDef`` as JSON (``json_format.MessageToDict``: numbers as text, text in
base 64), and constants by the index of the input.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.spelling.operations.errors import UntranslatableError
from tfjs_serve.conversion.spelling.operations.tensorflow_graph_tables import (
    BINARY,
    POSITIONAL,
    REDUCTIONS,
    TYPES,
    UNARY,
)

Bound = tuple[str, dict[str, Json]]


@dataclass(frozen=True, slots=True)
class _Node:
    """One operation: its attributes, and all of its inputs including constants."""

    op: str
    attributes: Mapping[str, Any]
    inputs: Sequence[Json]

    def integer(self, key: str, default: int = 0) -> int:
        return int(self.attributes.get(key, {}).get("i", default))

    def number(self, key: str, default: float) -> float:
        return float(self.attributes.get(key, {}).get("f", default))

    def flag(self, key: str) -> bool:
        return bool(self.attributes.get(key, {}).get("b", False))

    def text(self, key: str, default: str) -> str:
        value = self.attributes.get(key, {}).get("s")
        return default if value is None else base64.b64decode(value).decode()

    def integers(self, key: str) -> list[int]:
        return [int(item) for item in self.attributes.get(key, {}).get("list", {}).get("i", ())]


def graph_operation(config: Mapping[str, Json], args: Sequence[Json]) -> Bound:
    """Return the name of an operation, and its arguments by parameter.

    Parameters
    ----------
    config
        Arguments of the layer.
    args
        The tensors of the call, in one list if there are several.

    Raises
    ------
    UntranslatableError
        No operation computes what TensorFlow's computes.
    """
    node = _node(config, args)
    if node.op in UNARY:
        return UNARY[node.op], {"x": node.inputs[0]}
    if node.op in BINARY:
        return BINARY[node.op], {"x1": node.inputs[0], "x2": node.inputs[1]}
    if node.op in REDUCTIONS:
        axes = {"axis": node.inputs[1], "keepdims": node.flag("keep_dims")}
        return REDUCTIONS[node.op], {"x": node.inputs[0], **axes}
    if node.op in POSITIONAL:
        operation, parameters = POSITIONAL[node.op]
        return operation, dict(zip(parameters, node.inputs, strict=False))
    special = _SPECIAL.get(node.op)
    if special is None:
        message = f"It is TensorFlow's operation {node.op}, which has no translation."
        raise UntranslatableError(message)
    return special(node)


def _node(config: Mapping[str, Json], args: Sequence[Json]) -> _Node:
    definition = config["node_def"]
    if isinstance(definition, str):
        definition = json.loads(definition)
    inputs = list(args[0]) if args and isinstance(args[0], list) else list(args)
    constants = config.get("constants") or {}
    for index in sorted(map(int, constants)):
        inputs.insert(index, constants[str(index)])
    return _Node(definition["op"], definition.get("attr", {}), inputs)


def _matrix_product(node: _Node) -> Bound:
    one, other = ("transpose_a", "transpose_b") if node.op == "MatMul" else ("adj_x", "adj_y")
    return "batch_matmul", {
        "x1": node.inputs[0],
        "x2": node.inputs[1],
        "transpose_a": node.flag(one),
        "transpose_b": node.flag(other),
    }


def _strided_slice(node: _Node) -> Bound:
    x, begins, ends, strides = node.inputs
    keys: list[Json] = []
    for index, part in enumerate(zip(begins, ends, strides, strict=True)):
        keys.append(_subscript(node, index, list(part)))
    return "get_item", {"x": x, "key": keys}


def _subscript(node: _Node, index: int, part: list[Json]) -> Json:
    def has(mask: str) -> bool:
        return bool(node.integer(f"{mask}_mask") >> index & 1)

    if has("ellipsis"):
        return {"ellipsis": True}
    if has("new_axis"):
        return None
    if has("shrink_axis"):
        return part[0]
    begin, end, step = part
    return {"slice": [None if has("begin") else begin, None if has("end") else end, step]}


def _split(node: _Node) -> Bound:
    if node.op == "SplitV":
        x, lengths, axis = node.inputs
        return "split_lengths", {"x": x, "lengths": lengths, "axis": axis}
    axis, x = node.inputs
    parts = node.integer("num_split", 1)
    return "split", {"x": x, "indices_or_sections": parts, "axis": axis}


def _pad(node: _Node) -> Bound:
    mode = node.text("mode", "CONSTANT").lower()
    config = {"x": node.inputs[0], "pad_width": node.inputs[1], "mode": mode}
    if len(node.inputs) > 2:
        config["constant_values"] = node.inputs[2]
    return "pad", config


def _cumsum(node: _Node) -> Bound:
    if node.flag("exclusive") or node.flag("reverse"):
        raise UntranslatableError("It is an exclusive or reverse sum, which has no translation.")
    return node.op.lower(), {"x": node.inputs[0], "axis": node.inputs[1]}


def _resize(node: _Node) -> Bound:
    if node.flag("align_corners") or not node.flag("half_pixel_centers"):
        raise UntranslatableError("It resizes images by the corners of pixels.")
    return "resize", {
        "images": node.inputs[0],
        "size": node.inputs[1],
        "interpolation": _INTERPOLATIONS[node.op],
        "data_format": "channels_last",
    }


_INTERPOLATIONS = {
    "ResizeArea": "area",
    "ResizeBicubic": "bicubic",
    "ResizeBilinear": "bilinear",
    "ResizeNearestNeighbor": "nearest",
}


def _one_hot(node: _Node) -> Bound:
    x, depth, *values = node.inputs
    if values not in ([1, 0], [1.0, 0.0], []):
        raise UntranslatableError("Its result has other values than 0 and 1.")
    return "one_hot", {"x": x, "num_classes": depth, "axis": node.integer("axis", -1)}


def _blocks(name: str) -> Callable[[_Node], Bound]:
    def translate(node: _Node) -> Bound:
        first = node.text("data_format", "NHWC") == "NCHW"
        return name, {
            "x": node.inputs[0],
            "block_size": node.integer("block_size", 2),
            "data_format": "channels_first" if first else "channels_last",
        }

    return translate


def _windows(name: str) -> Callable[[_Node], Bound]:
    def translate(node: _Node) -> Bound:
        if node.text("data_format", "NHWC") != "NHWC":
            raise UntranslatableError("It has the channels before the pixels.")
        config: dict[str, Json] = {
            "inputs": node.inputs[0],
            "strides": node.integers("strides")[1:-1],
            "padding": node.text("padding", "VALID").lower(),
            "data_format": "channels_last",
        }
        if "pool" in name:
            return name, {**config, "pool_size": node.integers("ksize")[1:-1]}
        rates = node.integers("dilations")[1:-1] or 1
        return name, {**config, "kernel": node.inputs[1], "dilation_rate": rates}

    return translate


def _gather(node: _Node) -> Bound:
    x, indices, axis = node.inputs
    config = {"x": x, "indices": indices, "axis": axis}
    batch = node.integer("batch_dims")
    return ("batch_take", {**config, "batch_dims": batch}) if batch else ("take", config)


def _cast(node: _Node) -> Bound:
    dtype = node.attributes["DstT"]["type"]
    if dtype not in TYPES:
        raise UntranslatableError(f"It converts numbers to the dtype {dtype}.")
    return "cast", {"x": node.inputs[0], "dtype": TYPES[dtype]}


def _axis_of(name: str) -> Callable[[_Node], Bound]:
    return lambda node: (name, {"x": node.inputs[0], "axis": node.inputs[1]})


_SPECIAL: Mapping[str, Callable[[_Node], Bound]] = {
    "AddN": lambda node: ("add_n", {"xs": list(node.inputs)}),
    "ArgMax": _axis_of("argmax"),
    "ArgMin": _axis_of("argmin"),
    "AvgPool": _windows("average_pool"),
    "AvgPool3D": _windows("average_pool"),
    "BatchMatMul": _matrix_product,
    "BatchMatMulV2": _matrix_product,
    "Cast": _cast,
    "ConcatV2": lambda node: (
        "concatenate",
        {"xs": list(node.inputs[:-1]), "axis": node.inputs[-1]},
    ),
    "Conv2D": _windows("conv"),
    "Conv3D": _windows("conv"),
    "Cumprod": _cumsum,
    "Cumsum": _cumsum,
    "DepthToSpace": _blocks("depth_to_space"),
    "DepthwiseConv2dNative": _windows("depthwise_conv"),
    "Einsum": lambda node: (
        "einsum",
        {"operands": list(node.inputs), "subscripts": node.text("equation", "")},
    ),
    "GatherV2": _gather,
    "LeakyRelu": lambda node: (
        "leaky_relu",
        {"x": node.inputs[0], "negative_slope": node.number("alpha", 0.2)},
    ),
    "MatMul": _matrix_product,
    "MaxPool": _windows("max_pool"),
    "MaxPool3D": _windows("max_pool"),
    "MirrorPad": _pad,
    "OneHot": _one_hot,
    "Pack": lambda node: ("stack", {"xs": list(node.inputs), "axis": node.integer("axis")}),
    "Pad": _pad,
    "PadV2": _pad,
    "ResizeArea": _resize,
    "ResizeBicubic": _resize,
    "ResizeBilinear": _resize,
    "ResizeNearestNeighbor": _resize,
    "SpaceToDepth": _blocks("space_to_depth"),
    "Split": _split,
    "SplitV": _split,
    "Squeeze": lambda node: (
        "squeeze",
        {"x": node.inputs[0], "axis": node.integers("squeeze_dims") or None},
    ),
    "StridedSlice": _strided_slice,
    "TopKV2": lambda node: ("top_k", {"x": node.inputs[0], "k": node.inputs[1]}),
    "Unpack": lambda node: (
        "unstack",
        {"x": node.inputs[0], "num": node.integer("num"), "axis": node.integer("axis")},
    ),
}
