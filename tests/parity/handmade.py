"""Folders with a TensorFlow.js model, written by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

KERNEL, BIAS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [0.5, -0.5]

Json = dict[str, Any]


def write_weights(
    folder: Path, weights: Mapping[str, npt.ArrayLike], integers: Collection[str] = ()
) -> list[Json]:
    """Write one shard of float32, and of int32 for some, and return the weights manifest."""
    arrays = {
        name: np.asarray(values, "<i4" if name in integers else "<f4")
        for name, values in weights.items()
    }
    if not arrays:
        return []
    (folder / "weights.bin").write_bytes(b"".join(array.tobytes() for array in arrays.values()))
    specs = [
        {"name": name, "shape": list(array.shape), "dtype": array.dtype.name}
        for name, array in arrays.items()
    ]
    return [{"paths": ["weights.bin"], "weights": specs}]


def write_layers_model(
    folder: Path, layers: Sequence[Json], weights: Mapping[str, npt.ArrayLike]
) -> None:
    """Write a layers model that leads from the layer ``given`` to the layer ``out``."""
    config = {
        "name": "model",
        "layers": list(layers),
        "input_layers": [["given", 0, 0]],
        "output_layers": [["out", 0, 0]],
    }
    document = {
        "format": "layers-model",
        "modelTopology": {"model_config": {"class_name": "Model", "config": config}},
        "weightsManifest": write_weights(folder, weights),
    }
    (folder / "model.json").write_text(json.dumps(document))


def input_layer(width: int) -> Json:
    """Return the layer ``given``."""
    config = {"name": "given", "batch_input_shape": [None, width], "dtype": "float32"}
    return {"class_name": "InputLayer", "name": "given", "config": config, "inbound_nodes": []}


def dense_layer(units: int) -> Json:
    """Return the layer ``out``, which takes what ``given`` gives."""
    config = {"name": "out", "units": units, "activation": "linear", "use_bias": True}
    nodes = [[["given", 0, 0, {}]]]
    return {"class_name": "Dense", "name": "out", "config": config, "inbound_nodes": nodes}


def write_dense(folder: Path) -> None:
    """Write the layers model that computes ``x @ KERNEL + BIAS``."""
    weights: dict[str, npt.ArrayLike] = {"out/kernel": KERNEL, "out/bias": BIAS}
    write_layers_model(folder, [input_layer(3), dense_layer(2)], weights)


def node(name: str, op: str, inputs: Sequence[str] = (), **attributes: Json) -> Json:
    """Return a node of a graph of float32 tensors."""
    dtype = {"dtype": {"type": "DT_FLOAT"}} if op in {"Placeholder", "Const"} else {}
    return {"name": name, "op": op, "input": list(inputs), "attr": {**dtype, **attributes}}


def write_graph(folder: Path) -> None:
    """Write the graph model that computes ``x @ KERNEL + BIAS``."""
    shape = {"shape": {"dim": [{"size": "-1"}, {"size": "3"}]}}
    nodes = [
        node("x", "Placeholder", shape=shape),
        node("kernel", "Const"),
        node("bias", "Const"),
        node("product", "MatMul", ["x", "kernel"]),
        node("sum", "Add", ["product", "bias"]),
    ]
    _write_nodes(folder, nodes, write_weights(folder, {"kernel": KERNEL, "bias": BIAS}))


def write_crop(folder: Path, *, image: int) -> None:
    """Write the graph model that returns one of the images of 2x2 that it is given."""
    shape = {"shape": {"dim": [{"size": size} for size in ("-1", "2", "2", "1")]}}
    bilinear = {"s": base64.b64encode(b"bilinear").decode()}
    integers = {"dtype": {"type": "DT_INT32"}}
    nodes = [
        node("x", "Placeholder", shape=shape),
        node("boxes", "Const"),
        node("image", "Const", **integers),
        node("size", "Const", **integers),
        node("crop", "CropAndResize", ["x", "boxes", "image", "size"], method=bilinear),
    ]
    weights = {"boxes": [[0, 0, 1, 1]], "image": [image], "size": [2, 2]}
    _write_nodes(folder, nodes, write_weights(folder, weights, integers=("image", "size")))


def _write_nodes(folder: Path, nodes: Sequence[Json], manifest: Sequence[Json]) -> None:
    document = {
        "format": "graph-model",
        "modelTopology": {"node": list(nodes), "library": {}, "versions": {"producer": 1}},
        "weightsManifest": list(manifest),
    }
    (folder / "model.json").write_text(json.dumps(document))
