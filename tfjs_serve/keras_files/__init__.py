"""READ: open a Keras file safely and return a :class:`KerasModel` with lazy weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfjs_serve.keras_files.hdf5 import open_hdf5
from tfjs_serve.keras_files.keras_zip import open_keras_zip
from tfjs_serve.keras_files.model import Container, Dialect, KerasModel, WeightRef
from tfjs_serve.keras_files.sniff import sniff

__all__ = ["Container", "Dialect", "KerasModel", "WeightRef", "open_model"]


@contextmanager
def open_model(path: Path, *, display_name: str) -> Iterator[KerasModel]:
    """Open the Keras model at `path`, whatever its ending says.

    Weights can be read until the context ends. Takes no lock.

    Raises
    ------
    KerasFileError
        It is not a Keras model, is damaged, or holds only weights; see the subclasses.
    """
    containers = {Container.HDF5: open_hdf5, Container.KERAS_ZIP: open_keras_zip}
    with containers[sniff(path, display_name)](path, display_name) as model:
        yield model
