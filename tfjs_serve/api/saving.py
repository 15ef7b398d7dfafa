"""``tfjs_serve.save_keras_model``: a Keras model in memory as a TensorFlow.js layers model.

The model is the caller's own, so nothing untrusted is read, and no process is started for it. What
is read is the model itself, not a file of it, which would lose something on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tfjs_serve.api.notes import notes_of, tell_notes
from tfjs_serve.api.options import (
    DtypeMap,
    Metadata,
    ShardNaming,
    StrPath,
    absolute_path,
    export_options,
)
from tfjs_serve.artifacts.model import ArtifactFile
from tfjs_serve.artifacts.record import bounded_notes
from tfjs_serve.builder import Converted
from tfjs_serve.builder.scripts import write_script
from tfjs_serve.exporting.export import Exported, check_target, export_written
from tfjs_serve.keras_files import KerasModel
from tfjs_serve.live_models.reading import read_live_model
from tfjs_serve.settings import DEFAULT_SHARD_SIZE_BYTES, ConversionOptions
from tfjs_serve.worker.convert import convert_opened
from tfjs_serve.worker.protocol import ConversionRequest


def save_keras_model(
    model: Any,
    artifacts_dir: StrPath,
    quantization_dtype_map: DtypeMap | None = None,
    weight_shard_size_bytes: int = DEFAULT_SHARD_SIZE_BYTES,
    metadata: Metadata | None = None,
    *,
    training: bool | None = None,
    shard_names: ShardNaming = "digest",
    split_weights_by_layer: bool = False,
    custom_layers: Iterable[str] = (),
) -> Exported:
    """Save a Keras model for ``tf.loadLayersModel``: ``model.json`` and files with its weights.

    The folder is made if there is none. In one that has files, those of an earlier model are
    replaced, with ``model.json`` last, and all others stay.

    Parameters
    ----------
    model
        A model of Keras 3, whatever its backend, or of ``tf_keras``; it is not changed.
    artifacts_dir
        Where to save it.
    quantization_dtype_map
        Which weights are stored in fewer bits: from ``"float16"``, ``"uint16"`` and ``"uint8"`` to
        patterns of their names, such as ``"*"`` or ``["dense/*", "conv*/kernel"]``, or to ``True``
        for all that no pattern matches.
    weight_shard_size_bytes
        The most bytes that one file with weights has.
    metadata
        What a page gets from ``model.getUserDefinedMetadata()``; JSON values by name.
    training
        ``None``: with the compile settings, as far as TensorFlow.js itself computes the same.
        ``True``: with all settings and the state of the optimizer, for pages with ``training.js``.
        ``False``: without any.
    shard_names
        ``"digest"``: files with weights are named by their bytes, so that a browser keeps those
        that did not change. ``"official"``: ``group1-shard1of2.bin``, as the ``tensorflowjs``
        package names them.
    split_weights_by_layer
        Whether each layer gets files of its own.
    custom_layers
        Names of your own layer classes that the page registers itself.

    Returns
    -------
    Exported
        What is in the folder now.

    Raises
    ------
    SettingsError
        It is no Keras model, or another argument makes no sense.
    ConversionError
        TensorFlow.js cannot compute what the model computes; all reasons are listed.
    ExportError
        The folder cannot be written to.

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
    live, out = read_live_model(model), absolute_path(artifacts_dir)
    check_target(out, source=None, force=True)
    write = partial(_write, live, options.conversion)
    exported = export_written(write, out, options.shard_names)
    tell_notes(notes_of(exported))
    return exported


def _write(model: KerasModel, options: ConversionOptions, folder: Path) -> Converted:
    request = ConversionRequest(
        source="", display_name=model.display_name, output_dir=str(folder), options=options
    )
    report = convert_opened(model, request, lambda _done_bytes, _total_bytes: None)
    files = [ArtifactFile(**asdict(file)) for file in report.files]
    return Converted(
        folder=folder,
        files=(*files, *write_script(folder, report.parts)),
        notes=bounded_notes(report.warnings),
    )
