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

_NOT_FINALIZED = (
    "Keras 3 ignores the mean and variance of a Normalization inside another layer or model when "
    "it loads an .h5 file, also its own. Write a .keras file for it; tf_keras takes both."
)


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


def notes_on(model: Raised, form: KerasForm) -> tuple[str, ...]:
    """Return what Keras does not read of such a file, whoever has written it.

    Keras 3 computes with the mean and variance that it has loaded once ``finalize_state`` is
    called, which ``legacy_h5_format.py`` does for layers of the outermost model alone.
    """
    inside = (one for layer in model.model.children for one in layer.walk() if one is not layer)
    return tuple(
        f"{layer.path}: {_NOT_FINALIZED}"
        for layer in inside
        if form is KerasForm.HDF5
        and layer.class_name == "Normalization"
        and "mean" in model.variables.get(layer.path, ())
    )


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
