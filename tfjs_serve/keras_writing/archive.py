"""Writes ``.keras`` archives that Keras 3 and tf_keras both read.

They agree on the parts of an archive, but not on all paths of variables in it. Where the paths
differ, a variable has both: HDF5 gives a dataset several names, which costs nothing.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py

from tfjs_serve.conversion.raising.model import Raised
from tfjs_serve.keras_writing.hdf5 import write_dataset
from tfjs_serve.keras_writing.layout import by_object
from tfjs_serve.layers_model.model import TensorSource

_WEIGHTS = "model.weights.h5"
_VARIABLES = "vars"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of all members: the same model gives the same bytes."""


def write_archive(
    model: Raised, target: Path, scratch: Path, count_bytes: Callable[[int], None]
) -> None:
    """Write the model as a ``.keras`` archive.

    Parameters
    ----------
    scratch
        A file that does not exist yet, for the weights. It is removed.
    count_bytes
        Called with the number of bytes of weights written since the last call.
    """
    _write_weights(model, scratch, count_bytes)
    config = dict(model.config)
    if model.training is not None:
        config["compile_config"] = {**model.training, "optimizer": model.optimizer}
    metadata = {"keras_version": model.keras_version, "date_saved": "1980-01-01@00:00:00"}
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo("metadata.json", _EPOCH), json.dumps(metadata))
        archive.writestr(zipfile.ZipInfo("config.json", _EPOCH), json.dumps(config))
        member = zipfile.ZipInfo(_WEIGHTS, _EPOCH)
        member.file_size = scratch.stat().st_size
        with archive.open(member, "w") as out, scratch.open("rb") as weights:
            while block := weights.read(1 << 20):
                out.write(block)
    scratch.unlink()


def _write_weights(model: Raised, path: Path, count_bytes: Callable[[int], None]) -> None:
    with h5py.File(path, "w") as file:
        made: dict[int, h5py.Dataset] = {}
        for group, variables in by_object(model):
            _put(file, group, [source for _, source in variables], made, count_bytes)
        if model.state:
            _put(file, "optimizer", list(model.state), made, count_bytes)


def _put(
    file: h5py.File,
    group: str,
    sources: list[TensorSource],
    made: dict[int, h5py.Dataset],
    count_bytes: Callable[[int], None],
) -> None:
    """Write variables as Keras looks for them: ``<path>/vars/0``, and so on."""
    path = f"{group}/{_VARIABLES}" if group else _VARIABLES
    variables = file.require_group(path)
    for index, source in enumerate(sources):
        name = str(index)
        if id(source) in made:
            variables[name] = made[id(source)]
        else:
            write_dataset(variables, name, source, count_bytes)
            made[id(source)] = variables[name]
