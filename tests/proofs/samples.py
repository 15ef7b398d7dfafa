"""The sample models with proofs beside them, made by Keras; and models that were tampered with."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from tests.samples import REFERENCES, SAMPLE_MODELS, arrays
from tfjs_serve import load_keras_model
from tfjs_serve.keras import write_proof

NAMES = tuple(REFERENCES)


def with_proof(name: str, folder: Path) -> Path:
    """Copy a sample model into a folder, with a proof beside it; return where it is."""
    keras_file = SAMPLE_MODELS / f"{name}.h5"
    path = folder / (f"{name}.h5" if keras_file.is_file() else name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if keras_file.is_file():
        shutil.copyfile(keras_file, path)
    else:
        shutil.copytree(SAMPLE_MODELS / name, path)
    inputs = arrays(REFERENCES[name]["inputs"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Keras 3 says of models of Keras 2
        write_proof(loaded(path), inputs if len(inputs) > 1 else inputs[0], path)
    return path


def loaded(path: Path) -> Any:
    """Load a sample model in Keras 3, also those of Keras 2."""
    import keras

    class GRU(keras.layers.GRU):  # type: ignore[misc]  # of which nothing is known here
        def __init__(self, time_major: object = None, **arguments: Any) -> None:
            assert not time_major
            super().__init__(**arguments)

    if path.is_dir():
        return load_keras_model(path)
    return keras.models.load_model(path, compile=False, custom_objects={"GRU": GRU})


def change_weight(path: Path, layer: str, change: Callable[[Any], Any]) -> None:
    """Change the first weight of a layer in an HDF5 file."""
    with h5py.File(path, "r+") as file:
        group = file["model_weights"][layer]
        weight = group[group.attrs["weight_names"][0]]
        weight[...] = change(weight[...])


def change_config(path: Path, layer: str, **arguments: Any) -> None:
    """Change arguments of a layer in an HDF5 file."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        (found,) = [one for one in config["config"]["layers"] if one["config"].get("name") == layer]
        found["config"].update(arguments)
        file.attrs["model_config"] = json.dumps(config)
