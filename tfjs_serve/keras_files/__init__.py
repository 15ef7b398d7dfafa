"""READ: open a Keras file safely and return a :class:`KerasModel` with lazy weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tfjs_serve.keras_files.hdf5 import open_hdf5
from tfjs_serve.keras_files.keras_zip import (
    CONFIG,
    open_keras_folder,
    open_keras_zip,
    open_listed_weights,
)
from tfjs_serve.keras_files.model import (
    Architecture,
    Container,
    Dialect,
    KerasModel,
    SavedTraining,
    WeightRef,
)
from tfjs_serve.keras_files.sniff import sniff

__all__ = [
    "Architecture",
    "Container",
    "Dialect",
    "KerasModel",
    "SavedTraining",
    "WeightRef",
    "open_model",
]


_WEIGHTS_LIST, _SHARD = ".weights.json", ".h5"


@contextmanager
def open_model(
    path: Path, *, display_name: str, beside: Sequence[Path] = ()
) -> Iterator[KerasModel]:
    """Open the Keras model at `path`, whatever its ending says.

    Weights can be read until the context ends. Takes no lock.

    Parameters
    ----------
    path
        The file, or the ``config.json`` of a folder that Keras wrote.
    beside
        The other parts of such a folder; the files that a list of weights may name; the
        architectures that may belong to weights.

    Raises
    ------
    KerasFileError
        It is not a Keras model, is damaged, or holds only weights; see the subclasses.
    """
    with _opening(path, beside, display_name) as model:
        yield model


def _opening(
    path: Path, beside: Sequence[Path], display_name: str
) -> AbstractContextManager[KerasModel]:
    if path.name == CONFIG:
        return open_keras_folder(path, beside, display_name)
    if path.name.endswith(_WEIGHTS_LIST):
        shards = [one for one in beside if one.suffix == _SHARD]
        architectures = [one for one in beside if one.suffix != _SHARD]
        return open_listed_weights(path, shards, architectures, display_name)
    if sniff(path, display_name) is Container.KERAS_ZIP:
        return open_keras_zip(path, display_name)
    return open_hdf5(path, display_name, beside)
