"""Write a small TensorFlow.js model as a file of Keras: what stands for the real way back here.

Only Sequential models of Dense layers, as ``sample_models/iris.h5`` is. The files are those of
Keras 2, whose configurations TensorFlow.js has as well.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tfjs_serve.errors import TfjsFolderError

IRIS_UNITS = (4, 3)


async def export_dense(folder: Path, out: Path) -> Sequence[str]:
    """Write the model in `folder` as `out`, an ``.h5`` file."""
    try:
        document = json.loads((folder / "model.json").read_bytes())
        specs = document["weightsManifest"][0]["weights"]
    except (ValueError, TypeError) as error:
        raise TfjsFolderError("model.json is none", hint="save it again") from error
    data = (folder / "model.weights.bin").read_bytes()
    if len(data) != 4 * sum(prod(spec["shape"]) for spec in specs):
        raise TfjsFolderError("the weights do not fit the manifest", hint="save it again")
    topology = document["modelTopology"]
    with h5py.File(out, "w") as file:
        model = {key: topology[key] for key in ("class_name", "config")}
        file.attrs["model_config"] = json.dumps(model)
        file.attrs["keras_version"], file.attrs["backend"] = "2.15.0", "tensorflow"
        weights = file.create_group("model_weights")
        layers = dict.fromkeys(spec["name"].partition("/")[0] for spec in specs)
        weights.attrs["layer_names"] = [name.encode() for name in layers]
        for name in layers:
            own = [spec["name"] for spec in specs if spec["name"].startswith(f"{name}/")]
            weights.create_group(name).attrs["weight_names"] = [one.encode() for one in own]
        values = np.frombuffer(data, "<f4")
        for spec in specs:
            size = prod(spec["shape"])
            place = weights[spec["name"].partition("/")[0]]
            place[spec["name"]] = values[:size].reshape(spec["shape"])
            values = values[size:]
    return ("written by a test",)


def dense_model(seed: int = 0, *, units: Sequence[int] = IRIS_UNITS) -> dict[str, bytes]:
    """Return what TensorFlow.js sends of a model of one Dense layer, by the names of the parts."""
    inputs, outputs = units
    config = {
        "name": "one",
        "layers": [
            {
                "class_name": "Dense",
                "config": {
                    "name": "dense",
                    "units": outputs,
                    "activation": "linear",
                    "use_bias": True,
                    "batch_input_shape": [None, inputs],
                    "dtype": "float32",
                },
            }
        ],
    }
    specs = [
        {"name": "dense/kernel", "shape": [inputs, outputs], "dtype": "float32"},
        {"name": "dense/bias", "shape": [outputs], "dtype": "float32"},
    ]
    document: dict[str, Any] = {
        "format": "layers-model",
        "generatedBy": "TensorFlow.js tfjs-layers v4.22.0",
        "convertedBy": None,
        "modelTopology": {
            "keras_version": "tfjs-layers 4.22.0",
            "backend": "tensor_flow.js",
            "class_name": "Sequential",
            "config": config,
        },
        "weightsManifest": [{"paths": ["./model.weights.bin"], "weights": specs}],
    }
    size = inputs * outputs + outputs
    weights = np.random.default_rng(seed).standard_normal(size, dtype=np.float32)
    return {"model.json": json.dumps(document).encode(), "model.weights.bin": weights.tobytes()}


def kernel_in(path: Path) -> np.ndarray[Any, Any]:
    """Return the kernel in a file that :func:`export_dense` wrote."""
    with h5py.File(path, "r", locking=False) as file:
        return np.asarray(file["model_weights/dense/dense/kernel"])


def kernel_of(parts: dict[str, bytes], *, units: Sequence[int] = IRIS_UNITS) -> Any:
    """Return the kernel in what :func:`dense_model` returned."""
    inputs, outputs = units
    values = np.frombuffer(parts["model.weights.bin"], "<f4")
    return values[: inputs * outputs].reshape(inputs, outputs)
