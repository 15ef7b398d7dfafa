"""Keras files of any size, written without Keras, whose weights are random but repeatable."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

_LONG_AGO_SECONDS = 1_000_000_000


def write_model(
    path: Path,
    size_bytes: int,
    *,
    seed: int = 0,
    last_seed: int = 0,
    units: int = 2048,
    compression: str | None = None,
) -> Path:
    """Write dense layers as Keras 2 saves them; the file is at rest.

    Parameters
    ----------
    size_bytes
        Of the weights, about.
    last_seed
        Makes the last layer another one.
    units
        Inputs and outputs of each layer, for 16 MiB of weights; the last layer has the rest.
    compression
        That of h5py; the datasets are then chunked.
    """
    shapes = list(_shapes(size_bytes, units))
    names = [f"dense_{number:03}" for number in range(len(shapes))]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = "2.15.0", "tensorflow"
        file.attrs["model_config"] = json.dumps(_configuration(names, shapes))
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [name.encode() for name in names]
        block = np.random.default_rng(seed).normal(0, 0.05, max(r * c for r, c in shapes))
        block = block.astype("<f4")
        for number, (name, shape) in enumerate(zip(names, shapes, strict=True)):
            # Another beginning makes other values, much faster than random ones.
            start = number + (last_seed if number == len(names) - 1 else 0)
            values = np.roll(block, start)[: shape[0] * shape[1]].reshape(shape)
            group = weights.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0".encode()]
            group.create_dataset(f"{name}/kernel:0", data=values, compression=compression)
    at_rest(path)
    return path


def at_rest(path: Path, version: int = 0) -> None:
    """Give a file a time of long ago, so that nobody waits for it to be complete."""
    os.utime(path, (_LONG_AGO_SECONDS + version, _LONG_AGO_SECONDS + version))


def weights_of(path: Path) -> Iterator[npt.NDArray[np.float32]]:
    """Yield the weights of a model from :func:`write_model`, layer by layer."""
    with h5py.File(path, "r") as file:
        weights = file["model_weights"]
        for name in (f"dense_{number:03}" for number in range(len(weights))):
            yield weights[f"{name}/{name}/kernel:0"][()]


def _shapes(size_bytes: int, units: int) -> Iterator[tuple[int, int]]:
    while size_bytes < 4 * 4 * units * units and units > 8:  # a small model has a few layers too
        units //= 2
    layers, rest = divmod(size_bytes, 4 * units * units)
    yield from [(units, units)] * layers
    if rest >= 4 * units or not layers:
        yield units, max(1, rest // (4 * units))


def _configuration(names: list[str], shapes: list[tuple[int, int]]) -> dict[str, object]:
    layers: list[dict[str, object]] = []
    for name, (inputs, units) in zip(names, shapes, strict=True):
        config = {"name": name, "units": units, "use_bias": False, "activation": "linear"}
        config |= {"dtype": "float32", "trainable": True}
        config |= {} if layers else {"batch_input_shape": [None, inputs]}
        layers.append({"class_name": "Dense", "config": config})
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
