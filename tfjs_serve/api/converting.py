"""``tfjs_serve.convert``: a model in a file as a TensorFlow.js model in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tfjs_serve.api.notes import notes_of, tell_notes
from tfjs_serve.api.options import (
    DtypeMap,
    Metadata,
    ShardNaming,
    StrPath,
    absolute_path,
    export_options,
    work_settings,
)
from tfjs_serve.api.running import run
from tfjs_serve.exporting import converting
from tfjs_serve.exporting.building import building
from tfjs_serve.exporting.export import Exported
from tfjs_serve.exporting.keras_file import ExportedKeras, export_keras, is_keras_file
from tfjs_serve.exporting.options import ExportOptions
from tfjs_serve.settings import DEFAULT_SHARD_SIZE_BYTES


def convert(
    source: StrPath,
    out: StrPath,
    *,
    quantization_dtype_map: DtypeMap | None = None,
    weight_shard_size_bytes: int = DEFAULT_SHARD_SIZE_BYTES,
    metadata: Metadata | None = None,
    training: bool | None = None,
    shard_names: ShardNaming = "digest",
    split_weights_by_layer: bool = False,
    custom_layers: Iterable[str] = (),
    topology: StrPath | None = None,
) -> Exported | ExportedKeras:
    """Convert the model in a file, or in a folder that is a model, as ``tfjs-serve convert`` does.

    To TensorFlow.js, or back: if `out` ends in ``.h5``, ``.hdf5`` or ``.keras``, a TensorFlow.js
    layers model becomes a file that Keras loads.

    The file is read in a process of its own, which can do no harm whatever the file holds. It can
    be called in scripts, threads, cells of notebooks and asynchronous programs, and waits until the
    model is converted.

    Parameters
    ----------
    source
        An ``.h5``, ``.hdf5`` or ``.keras`` file; a folder that Keras wrote; weights with their
        architecture beside them; or the ``model.json`` of a TensorFlow.js model, or its folder.
    out
        The folder of the new model. It is made if there is none. In one that has files, those of an
        earlier model are replaced, with ``model.json`` last, and all others stay. Or the name of a
        file for Keras, which is replaced at once when the new one is whole.
    topology
        The file with the architecture (``model.to_json()``) of the weights in `source`.
    quantization_dtype_map, weight_shard_size_bytes, metadata, training, shard_names
        As in :func:`tfjs_serve.save_keras_model`.
    split_weights_by_layer, custom_layers
        As in :func:`tfjs_serve.save_keras_model`.

    Returns
    -------
    Exported or ExportedKeras
        What is in the folder, or in the file, now.

    Raises
    ------
    KerasFileError
        It is no model, or a damaged one.
    ConversionError
        TensorFlow.js cannot compute what the model computes; all reasons are listed.
    ExportError
        The folder cannot be written to.
    SettingsError
        An argument makes no sense.

    Warns
    -----
    ConversionNote
        For each thing that the user of the model should know.
    """
    options = export_options(
        quantization_dtype_map=quantization_dtype_map,
        weight_shard_size_bytes=weight_shard_size_bytes,
        metadata=metadata,
        training=training,
        shard_names=shard_names,
        split_weights_by_layer=split_weights_by_layer,
        custom_layers=custom_layers,
    )
    path, target = absolute_path(source), absolute_path(out)
    if is_keras_file(target):
        made = run(_to_keras(path, target, options))
        tell_notes(made.notes)
        return made
    work = converting.convert(
        path,
        target,
        options,
        work_settings(path),
        topology=None if topology is None else absolute_path(topology),
        force=True,
    )
    exported = run(work)
    tell_notes(notes_of(exported))
    return exported


async def _to_keras(source: Path, out: Path, options: ExportOptions) -> ExportedKeras:
    async with building(work_settings(source), processes=1) as builder:
        return await export_keras(builder, source, out, options.conversion)
