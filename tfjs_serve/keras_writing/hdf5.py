"""Writes whole models as HDF5, as ``legacy_h5_format.py`` of Keras reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import h5py
import numpy as np

from tfjs_serve.conversion.raising.model import Raised
from tfjs_serve.keras_writing.layout import by_layer
from tfjs_serve.layers_model.model import TensorSource
from tfjs_serve.settings import MIB

_MOST_BYTES = 64_000
"""Of a list of names in one attribute; longer ones are continued in another."""
_BLOCK_BYTES = 4 * MIB

CountBytes = Callable[[int], None]


def write_hdf5(model: Raised, target: Path | IO[bytes], count_bytes: CountBytes) -> None:
    """Write the model as an ``.h5`` file.

    Parameters
    ----------
    count_bytes
        Called with the number of bytes of weights written since the last call.
    """
    with h5py.File(target, "w") as file:
        file.attrs["model_config"] = json.dumps(
            {key: model.config[key] for key in ("class_name", "config")}
        )
        file.attrs["keras_version"] = model.keras_version
        file.attrs["backend"] = "tensorflow"
        group = file.create_group("model_weights")
        group.attrs["keras_version"] = model.keras_version
        group.attrs["backend"] = "tensorflow"
        groups = list(by_layer(model))
        _names(group, "layer_names", [name for name, _ in groups])
        for name, variables in groups:
            write_named(group.create_group(name), variables, count_bytes)
        group.create_group("top_level_model_weights").attrs["weight_names"] = np.zeros(0, "S1")
        if model.training is not None:
            settings = {**model.training, "optimizer_config": model.optimizer}
            file.attrs["training_config"] = json.dumps(settings)
        if model.state_of_keras2:
            # Keras 3 takes no more than the number of steps from HDF5: it builds the optimizer for
            # no variables.
            state = [(f"{index}", one) for index, one in enumerate(model.state_of_keras2)]
            write_named(file.create_group("optimizer_weights"), state, count_bytes)


def write_named(
    group: h5py.Group,
    variables: Sequence[tuple[str, TensorSource]],
    count_bytes: CountBytes,
) -> None:
    """Write variables and the list of their names, which are made distinct."""
    names: list[str] = []
    for name, source in variables:
        free, number = name, 0
        while free in names:
            number += 1
            free = f"{name}_{number}"
        names.append(free)
        write_dataset(group, free, source, count_bytes)
    _names(group, "weight_names", names)


def write_dataset(
    group: h5py.Group, name: str, source: TensorSource, count_bytes: CountBytes
) -> None:
    """Write one variable block by block. bfloat16 is written as float32, which Keras casts."""
    dtype = "float32" if source.dtype == "bfloat16" else source.dtype
    dataset = group.create_dataset(name, shape=source.shape, dtype=dtype)
    if not source.shape:
        (block,) = source.blocks(_BLOCK_BYTES)
        dataset[()] = block[0]
        return
    flat, start = _Rows(dataset), 0
    for block in source.blocks(_BLOCK_BYTES):
        flat.write(start, block)
        start += block.size
        count_bytes(block.nbytes)


class _Rows:
    """Writes numbers in C order into a dataset of any shape."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self._dataset = dataset
        self._row = int(np.prod(dataset.shape[1:], dtype=np.int64))
        self._left = np.zeros(0, dataset.dtype)

    def write(self, start: int, block: np.ndarray) -> None:
        """Write whole rows, and keep what is left of one for the next block."""
        first = (start - self._left.size) // max(1, self._row)
        numbers = np.concatenate([self._left, block]) if self._left.size else block
        rows = numbers.size // self._row if self._row else 0
        if rows:
            whole = numbers[: rows * self._row].reshape(rows, *self._dataset.shape[1:])
            self._dataset[first : first + rows] = whole
        self._left = numbers[rows * self._row :]


def _names(group: h5py.Group, name: str, names: Sequence[str]) -> None:
    """Write a list of names, in several attributes if it is long (``save_attributes_to_...``)."""
    coded = [one.encode("utf-8") for one in names]
    size = max(map(len, coded), default=1)
    step = max(1, _MOST_BYTES // size)
    if len(coded) <= step:
        group.attrs[name] = np.array(coded, f"S{max(size, 1)}")
        return
    for index, start in enumerate(range(0, len(coded), step)):
        group.attrs[f"{name}{index}"] = np.array(coded[start : start + step], f"S{size}")
