"""Configurations and weights as Keras writes them, small enough to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.keras_files import Container, Dialect, KerasModel, WeightRef

Json = dict[str, Any]


def weight(values: npt.ArrayLike, name: str = "w") -> WeightRef:
    """Return a weight that is in memory."""
    array = np.asarray(values, dtype=np.float32)

    def read(_max_bytes: int) -> Iterator[npt.NDArray[Any]]:
        yield array.reshape(-1)

    return WeightRef(name=name, shape=array.shape, dtype="float32", read=read)


def given(name: str, shape: Sequence[Any], generation: int = 3) -> Json:
    """Return an InputLayer."""
    key = "batch_shape" if generation == 3 else "batch_input_shape"
    config = {key: list(shape), "dtype": "float32", "name": name}
    return {"class_name": "InputLayer", "config": config, "name": name, "inbound_nodes": []}


def layer(class_name: str, name: str, nodes: Sequence[Any] = (), **config: Any) -> Json:
    """Return a layer with its calls."""
    return {
        "class_name": class_name,
        "config": {"name": name, "trainable": True, "dtype": "float32", **config},
        "name": name,
        "inbound_nodes": list(nodes),
    }


def call(*tensors: tuple[str, int, int], **kwargs: Any) -> Json:
    """Return a call as Keras 3 writes it: one tensor alone, several as a list."""
    written = [
        {"class_name": "__keras_tensor__", "config": {"keras_history": list(tensor)}}
        for tensor in tensors
    ]
    return {"args": [written[0] if len(written) == 1 else written], "kwargs": kwargs}


def functional(
    layers: Sequence[Json],
    inputs: Sequence[tuple[str, int, int]],
    outputs: Sequence[tuple[str, int, int]],
    name: str = "m",
) -> Json:
    """Return a Functional model."""
    config = {
        "name": name,
        "trainable": True,
        "layers": list(layers),
        "input_layers": [list(tensor) for tensor in inputs],
        "output_layers": [list(tensor) for tensor in outputs],
    }
    return {"class_name": "Functional", "config": config}


def sequential(layers: Sequence[Json], name: str = "m") -> Json:
    """Return a Sequential model."""
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def saved(
    config: Json,
    weights: Mapping[str, Sequence[WeightRef]] | None = None,
    generation: int = 3,
    container: Container = Container.HDF5,
    version: str = "",
) -> KerasModel:
    """Return a model as if it had been read from a file, of the newest `version` if not told."""
    return KerasModel(
        display_name="model.h5",
        dialect=Dialect(generation=generation, container=container),
        keras_version=version or {2: "2.15.0", 3: "3.15.0"}[generation],
        config=config,
        weights={name: tuple(refs) for name, refs in (weights or {}).items()},
    )
