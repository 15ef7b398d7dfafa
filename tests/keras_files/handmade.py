"""HDF5 files laid out as Keras lays them out, written by hand: no Keras needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files import open_model

Json = dict[str, Any]
Weights = Mapping[str, Mapping[str, npt.ArrayLike]]

DENSE: Weights = {
    "dense": {"dense/kernel:0": [[1.0, 2.0], [3.0, 4.0]], "dense/bias:0": [0.5, -0.5]},
    "flatten": {},
}
CONFIG: Json = {"class_name": "Sequential", "config": {"name": "model", "layers": []}}


def write_hdf5(
    path: Path,
    config: Any = CONFIG,
    weights: Weights = DENSE,
    *,
    version: str | None = "3.15.0",
    chunk: int | None = None,
) -> Path:
    """Write a whole model.

    Parameters
    ----------
    version
        ``None``: the file does not tell, as before Keras 2.
    chunk
        Split lists of names, and the configuration, into pieces of so many items or characters.
    """
    with h5py.File(path, "w") as file:
        if version is not None:
            file.attrs["keras_version"] = version
        text = config if isinstance(config, (str, bytes)) else json.dumps(config)
        set_attribute(file, "model_config", text, chunk and 40 * chunk)
        group = file.create_group("model_weights")
        set_attribute(group, "layer_names", [name.encode() for name in weights], chunk)
        for layer, arrays in weights.items():
            add_layer(group.create_group(layer), arrays, chunk)
    return path


def add_layer(
    group: h5py.Group, arrays: Mapping[str, npt.ArrayLike], chunk: int | None = None
) -> None:
    """Write the weights of one layer."""
    set_attribute(group, "weight_names", [name.encode() for name in arrays], chunk)
    for name, values in arrays.items():
        group.create_dataset(name, data=np.asarray(values))


def set_attribute(group: h5py.Group, name: str, value: Any, chunk: int | None) -> None:
    """Write an attribute, in numbered pieces if `chunk` is given, as Keras does past 64 KiB."""
    if not chunk:
        group.attrs[name] = value
        return
    for index, start in enumerate(range(0, max(1, len(value)), chunk)):
        group.attrs[f"{name}{index}"] = value[start : start + chunk]


def refused(path: Path) -> KerasFileError:
    """Return the error with which a file is refused: it names the file, and what to do."""
    with pytest.raises(KerasFileError) as raised, open_model(path, display_name=path.name):
        pass
    assert raised.value.message.startswith(path.name)
    assert raised.value.hint
    return raised.value
