"""``tfjs_serve.keras``: keep what Keras predicts beside a model, for pages to compare with."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

from tfjs_serve.api.options import StrPath, absolute_path
from tfjs_serve.api.proving import fitting_proof
from tfjs_serve.artifacts.atomic import replace_file, unique_name
from tfjs_serve.errors import ConversionNote, StoreError
from tfjs_serve.live_models.frameworks import loaded_keras
from tfjs_serve.neighbours import PROOF_NPZ
from tfjs_serve.settings import MODEL_SUFFIXES

_ORDER = "put Proof after the callback that saves the model"


def write_proof(model: Any, x: Any, path: StrPath) -> Path:
    """Keep what a model predicts for a few inputs beside its file, as ``NAME.proof.npz``.

    It holds the first 8 examples of `x`, or fewer if it would be larger than 8 MiB otherwise; what
    the model makes of them; 256 numbers of what each layer inside of it makes, of 1,000 layers at
    most; and a fingerprint of each weight. The file is replaced in one step.

    Parameters
    ----------
    model
        The model, of Keras 3 or ``tf_keras``. It is run once, as for a prediction, outside of a
        compiled function; it is left as it was.
    x
        What it takes: an array, [examples, ...]; for several inputs a list of arrays, or a
        dictionary by their names. Numbers, none of them whole and above 16,777,216.
    path
        The model's file, or its folder. It need not be there yet.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    SettingsError
        `model` is no Keras model, or `x` is nothing that it takes, or one example is too large.
    StoreError
        The file cannot be written.
    """
    data = fitting_proof(model, x)
    beside = proof_path(absolute_path(path))
    try:
        replace_file(beside, data, staged=beside.with_name(f".{unique_name()}"))
    except OSError as error:
        raise StoreError(
            f"{str(beside)!r} cannot be written: {error.strerror or error}",
            hint="give the path of the model's file, in a folder that may be written to",
        ) from error
    return beside


def Proof(  # noqa: N802 -- a class for its callers, which each Keras derives from its own
    x: Any, path: StrPath, *, keras: ModuleType | None = None
) -> Any:
    """Return a Keras callback that keeps a proof beside the file to which the model is saved.

    A proof is written after each epoch in which the file was saved, as by a ``ModelCheckpoint``
    that stands before it among the callbacks. If none was, it is written at the end, for the file
    that is saved after the training.

    Parameters
    ----------
    x, path
        As in :func:`write_proof`.
    keras
        The module ``keras`` or ``tf_keras``; the default is the one that is imported, ``tf_keras``
        if both are.

    Returns
    -------
    keras.callbacks.Callback
        For ``model.fit(..., callbacks=[...])``.

    Raises
    ------
    SettingsError
        No Keras is imported.
    """
    return _callback_class(keras or loaded_keras())(x, absolute_path(path))


def proof_path(path: Path) -> Path:
    """Return where the proof of the model at `path` is."""
    is_file = path.suffix in MODEL_SUFFIXES and not path.is_dir()
    return path.with_name(f"{path.stem if is_file else path.name}.{PROOF_NPZ}")


def _callback_class(keras: ModuleType) -> Any:
    """Return the class of the callback: each Keras wants one that derives from its own."""
    base: Any = keras.callbacks.Callback

    class Proof(base):  # type: ignore[misc]  # of which nothing is known here
        """Writes a proof when the file at `path` has changed during an epoch."""

        def __init__(self, x: Any, path: Path) -> None:
            super().__init__()
            self._x, self._path = x, path
            self._is_written = self._is_told = False
            self._seen: object = None

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 -- Keras's interface
            self._seen = _identity(self._path)

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 -- as above
            if self._has_changed() and not self._is_told:
                self._is_told = True
                message = f"{self._path.name} was saved after its proof was due: {_ORDER}"
                warnings.warn(message, ConversionNote, stacklevel=2)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 -- as above
            if self._has_changed():
                self._write()

        def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002 -- as above
            if not self._is_written:
                self._write()

        def _has_changed(self) -> bool:
            before, self._seen = self._seen, _identity(self._path)
            return before != self._seen

        def _write(self) -> None:
            write_proof(self.model, self._x, self._path)
            self._is_written = True

    return Proof


def _identity(path: Path) -> object:
    """Return what changes when the model at `path` is saved; ``None`` if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
