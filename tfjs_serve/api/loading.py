"""``tfjs_serve.load_keras_model``: from a TensorFlow.js layers model back to a Keras model.

The model becomes a file for Keras, in a process of its own, and the caller's Keras loads that. No
Keras is imported here; see ``live_models/frameworks.py``.
"""

from __future__ import annotations

import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from tfjs_serve.api.options import StrPath, absolute_path, work_settings
from tfjs_serve.api.running import run
from tfjs_serve.api.staging import (
    Document,
    as_buffers,
    read_document,
    stage_buffers,
    stage_files,
    stage_zeros,
)
from tfjs_serve.errors import ConversionNote, SettingsError, TfjsFolderError
from tfjs_serve.exporting.building import building
from tfjs_serve.exporting.keras_file import ExportedKeras, export_keras
from tfjs_serve.live_models.frameworks import generation_of, loaded_keras
from tfjs_serve.settings import MAXIMUM_MODEL_JSON_BYTES, MODEL_JSON

Stage = Callable[..., None]


def load_keras_model(
    config_json_path: StrPath | Mapping[str, Any],
    weights_path_prefix: StrPath | None = None,
    weights_data_buffers: Any = None,
    load_weights: bool = True,
    use_unique_name_scope: bool = False,
    *,
    keras: ModuleType | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Any:
    """Load a TensorFlow.js layers model as a Keras model.

    Parameters
    ----------
    config_json_path
        The ``model.json``, or its folder; or what is in it, as text or as a dictionary.
    weights_path_prefix
        The folder with the weights, if it is not that of the ``model.json``.
    weights_data_buffers
        The weights instead: ``bytes``, or a list of them in the order of the manifest.
    load_weights
        ``False``: the weights are those of a new model.
    use_unique_name_scope
        Whether the paths of all variables begin with a name that no other model has. For Keras 3;
        variables of ``tf_keras`` need no names of their own.
    keras
        The module ``keras`` or ``tf_keras``; the default is the one that is imported, ``tf_keras``
        if both are.
    custom_objects
        Your own classes by name, for the layers that have them.

    Returns
    -------
    keras.Model
        Compiled, if the model has compile settings.

    Raises
    ------
    SettingsError
        No Keras is imported; or the weights are said to be at two places.
    TfjsFolderError
        It is no TensorFlow.js model, or a damaged one.
    TfjsServeError
        It is a graph model, or has layers that Keras lacks; the error names them.

    Warns
    -----
    ConversionNote
        For each thing that is not as it was in the page.
    """
    if weights_data_buffers is not None and weights_path_prefix is not None:
        raise SettingsError(
            "weights_path_prefix and weights_data_buffers both say where the weights are",
            hint="give one of them",
        )
    given = _given(config_json_path)
    loader = _Loader(keras, custom_objects, is_new=not load_weights, scoped=use_unique_name_scope)
    if not load_weights:
        return loader.load(_document(given), stage_zeros)
    if weights_data_buffers is not None:
        buffers = as_buffers(weights_data_buffers)
        return loader.load(_document(given), partial(stage_buffers, buffers=buffers))
    prefix = None if weights_path_prefix is None else absolute_path(weights_path_prefix)
    if isinstance(given, Path):
        if given.name == MODEL_JSON and prefix in (None, given.parent):
            return loader.load_folder(given.parent)
        prefix = prefix or given.parent
    if prefix is None:
        raise SettingsError(
            "the content of a model.json does not say in which folder its weights are",
            hint="give weights_path_prefix or weights_data_buffers, or the path of the model.json",
        )
    return loader.load(_document(given), partial(stage_files, prefix=prefix))


def deserialize_keras_model(
    config_json: Any,
    weight_data: Any = None,
    use_unique_name_scope: bool = False,
    *,
    keras: ModuleType | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> Any:
    """Make a Keras model of a TensorFlow.js layers model in memory, as a page may have sent it.

    Parameters
    ----------
    config_json
        The content of the ``model.json``: a dictionary, ``str``, ``bytes``, or a file that is
        opened for reading.
    weight_data
        The weights: a list of ``bytes``, or of files that are opened for reading, in the order of
        the manifest. ``None``: those of a new model.
    use_unique_name_scope, keras, custom_objects
        As in :func:`tfjs_serve.load_keras_model`.

    Returns
    -------
    keras.Model
        Compiled, if the model has compile settings.

    Raises
    ------
    TfjsServeError
        As :func:`tfjs_serve.load_keras_model`.

    Warns
    -----
    ConversionNote
        For each thing that is not as it was in the page.
    """
    content = config_json.read() if hasattr(config_json, "read") else config_json
    document = read_document(content)
    is_new = weight_data is None
    loader = _Loader(keras, custom_objects, is_new=is_new, scoped=use_unique_name_scope)
    if weight_data is None:
        return loader.load(document, stage_zeros)
    return loader.load(document, partial(stage_buffers, buffers=as_buffers(weight_data)))


class _Loader:
    """Has a Keras load what lies in a folder.

    Parameters
    ----------
    is_new
        Whether the weights of the folder do not count.
    scoped
        Whether the names of variables begin with one of their own.

    Raises
    ------
    SettingsError
        No Keras is given, and none is imported.
    """

    def __init__(
        self,
        keras: ModuleType | None,
        custom_objects: Mapping[str, Any] | None,
        *,
        is_new: bool,
        scoped: bool,
    ) -> None:
        self._keras: Any = keras or loaded_keras()
        self._custom_objects = dict(custom_objects or {})
        self._is_new = is_new
        self._scoped = scoped

    def load(self, document: Document, stage: Stage) -> Any:
        """Load a model that has yet to be put into a folder."""
        with _temporary_folder() as folder:
            stage(document, folder=folder)
            return self.load_folder(folder)

    def load_folder(self, folder: Path) -> Any:
        """Load the model in `folder`."""
        with _temporary_folder() as place:
            made = place / ("model.h5" if generation_of(self._keras) < 3 else "model.keras")
            for note in run(_export(folder, made)).notes:
                warnings.warn(note, ConversionNote, stacklevel=4)
            with self._scope(), self._keras.utils.custom_object_scope(self._custom_objects):
                return self._model(made)

    def _model(self, path: Path) -> Any:
        with warnings.catch_warnings():
            # The optimizer is as it was compiled, where the page's model has no state of it.
            warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
            model = self._keras.models.load_model(path, compile=not self._is_new)
        return type(model).from_config(model.get_config()) if self._is_new else model

    def _scope(self) -> AbstractContextManager[Any]:
        if not self._scoped:
            return nullcontext()
        name_scope = getattr(self._keras, "name_scope", None) or self._keras.backend.name_scope
        scope: AbstractContextManager[Any] = name_scope(f"m{uuid.uuid4().hex}")
        return scope


async def _export(folder: Path, made: Path) -> ExportedKeras:
    async with building(work_settings(folder), processes=1) as builder:
        return await export_keras(builder, folder, made)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-") as folder:
        yield Path(folder)


def _given(config: StrPath | Mapping[str, Any]) -> Path | Mapping[str, Any] | str:
    """Return the path of a ``model.json``, or what is in it."""
    if isinstance(config, Mapping) or (isinstance(config, str) and config.lstrip()[:1] == "{"):
        return config
    path = absolute_path(config)
    return path / MODEL_JSON if path.is_dir() else path


def _document(given: Path | Mapping[str, Any] | str) -> Document:
    if isinstance(given, Path):
        return _read(given)
    return read_document(dict(given) if isinstance(given, Mapping) else given)


def _read(path: Path) -> Document:
    """Return what is in the ``model.json`` at `path`.

    Raises
    ------
    TfjsFolderError
        It cannot be read, or is none.
    """
    try:
        if path.stat().st_size > MAXIMUM_MODEL_JSON_BYTES:
            raise TfjsFolderError(f"{str(path)!r} is larger than any model.json")
        return read_document(path.read_bytes())
    except OSError as error:
        raise TfjsFolderError(
            f"{str(path)!r} cannot be read: {error.strerror}",
            hint="give the model.json of a TensorFlow.js model",
        ) from error
