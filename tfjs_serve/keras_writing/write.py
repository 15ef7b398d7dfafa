"""Writes a model for Keras in the form that is asked for."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tfjs_serve.conversion.raising.model import Raised
from tfjs_serve.conversion.raising.statistics import with_statistics_as_arguments
from tfjs_serve.keras_writing.archive import write_archive
from tfjs_serve.keras_writing.hdf5 import write_hdf5
from tfjs_serve.layers_model.model import WrittenFile
from tfjs_serve.settings import MIB, KerasForm


def write_keras(
    model: Raised, form: KerasForm, directory: Path, on_progress: Callable[[int, int], None]
) -> WrittenFile:
    """Write the model as one file into an empty folder.

    Parameters
    ----------
    on_progress
        Called with the bytes of weights written so far, and in total.
    """
    path = directory / f"model.{form.value}"
    count = _counting(model, on_progress)
    if form is KerasForm.HDF5:
        write_hdf5(with_statistics_as_arguments(model), path, count)
    else:
        write_archive(model, path, directory / "weights", count)
    return WrittenFile(name=path.name, size_bytes=path.stat().st_size, sha256=_digest(path))


def _counting(model: Raised, on_progress: Callable[[int, int], None]) -> Callable[[int], None]:
    total = sum(
        math.prod(source.shape) * np.dtype(_dtype(source.dtype)).itemsize
        for named in model.variables.values()
        for source in named.values()
    )
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        on_progress(min(done, total), total)

    return count


def _dtype(name: str) -> str:
    return "float32" if name == "bfloat16" else name


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(MIB):
            digest.update(block)
    return digest.hexdigest()
