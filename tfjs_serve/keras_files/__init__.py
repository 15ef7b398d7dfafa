"""READ: open a Keras file safely and give a :class:`KerasModel` with lazy weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files.hdf5 import open_hdf5
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
        It is no Keras model, damaged, or holds weights only; see the subclasses.
    """
    if sniff(path, display_name) is Container.KERAS_ZIP:
        raise KerasFileError(
            f"{display_name} is a .keras archive, which this version does not read yet",
            hint="save the model with model.save('name.h5') beside it",
        )
    with open_hdf5(path, display_name) as model:
        yield model
