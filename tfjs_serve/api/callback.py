"""``tfjs_serve.save_each_epoch``: a training that can be seen in a page while it runs."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

from tfjs_serve.api.options import DtypeMap, Metadata, ShardNaming, StrPath, absolute_path
from tfjs_serve.api.saving import save_keras_model
from tfjs_serve.errors import ConversionNote, SettingsError, TfjsServeError
from tfjs_serve.live_models.frameworks import loaded_keras
from tfjs_serve.settings import MODEL_JSON


def save_each_epoch(
    artifacts_dir: StrPath,
    *,
    every: int = 1,
    keras: ModuleType | None = None,
    quantization_dtype_map: DtypeMap | None = None,
    metadata: Metadata | None = None,
    training: bool | None = None,
    shard_names: ShardNaming = "digest",
) -> Any:
    """Return a Keras callback that saves the model for TensorFlow.js after epochs of ``fit``.

    With a folder that ``tfjs-serve`` serves, a page that loads the model again has the newest one.
    The model is also saved before the first epoch, if it has weights by then. So a model that
    cannot be converted ends the training before it begins; a save that fails later, as when the
    disk is full, is a warning.

    Parameters
    ----------
    artifacts_dir
        Where to save it; each save replaces the one before.
    every
        Save after so many epochs, and at the end.
    keras
        The module ``keras`` or ``tf_keras``; the default is the one that is imported, ``tf_keras``
        if both are.
    quantization_dtype_map, metadata, training, shard_names
        As in :func:`tfjs_serve.save_keras_model`.

    Returns
    -------
    keras.callbacks.Callback
        For ``model.fit(..., callbacks=[...])``.

    Raises
    ------
    SettingsError
        No Keras is imported, or `every` is not a positive number.
    """
    if every < 1:
        raise SettingsError(f"every is {every}", hint="give a number of epochs, 1 or more")

    saves = _Saves(
        absolute_path(artifacts_dir),
        quantization_dtype_map=quantization_dtype_map,
        metadata=metadata,
        training=training,
        shard_names=shard_names,
    )
    return _callback_class(keras or loaded_keras())(saves.save, every)


class _Saves:
    """Saves again and again into a folder, without filling it.

    What the save before wrote stays: a page may have begun to load it. Older weights are removed,
    if they were written here.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        self._folder = folder
        self._options = options
        self._written: set[str] = set()
        self._last: set[str] = set()

    def save(self, model: Any) -> None:
        """Save `model` as it is now."""
        before = {path.name for path in self._folder.glob("*")}
        save_keras_model(model, self._folder, **self._options)
        new = self._shards()
        self._written |= new - before
        old = self._written - self._last - new
        for path in old:
            (self._folder / path).unlink(missing_ok=True)
        self._written -= old
        self._last = new

    def _shards(self) -> set[str]:
        """Return the files with weights of the model that is there."""
        try:
            document = json.loads((self._folder / MODEL_JSON).read_bytes())
            return {path for group in document["weightsManifest"] for path in group["paths"]}
        except (OSError, ValueError, LookupError, TypeError):
            return set()


def _callback_class(keras: ModuleType) -> Any:
    """Return the class of the callback: each Keras wants one that derives from its own."""
    base: Any = keras.callbacks.Callback

    class SaveEachEpoch(base):  # type: ignore[misc]  # of which nothing is known here
        """Calls `save` with the model before the first epoch, and after each that counts."""

        def __init__(self, save: Any, every: int) -> None:
            super().__init__()
            self._save = save
            self._every = every
            self._saved_epochs = self._epochs = 0

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 -- Keras's interface
            if self.model.weights:
                self._save(self.model)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 -- as above
            self._epochs = epoch + 1
            if self._epochs % self._every == 0:
                self._try()

        def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002 -- as above
            if self._saved_epochs != self._epochs:
                self._try()

        def _try(self) -> None:
            self._saved_epochs = self._epochs
            try:
                self._save(self.model)
            except TfjsServeError as error:
                message = f"epoch {self._epochs} was not saved for TensorFlow.js: {error.message}"
                warnings.warn(f"{message}; {error.hint}", ConversionNote, stacklevel=2)

    return SaveEachEpoch
