"""Write a TensorFlow.js layers model as a file that Keras loads: the way back.

The file is written beside its place and then takes it in one step, so that whoever opens it finds
the old file or the new one, whole.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path

from tfjs_serve.builder import Builder, Converted
from tfjs_serve.catalog.explicit import entry_for_path
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.errors import SettingsError, TfjsServeError
from tfjs_serve.exporting.export import export_errors, staged_beside, umask_in
from tfjs_serve.settings import ConversionOptions, KerasForm

_FORMS = {".h5": KerasForm.HDF5, ".hdf5": KerasForm.HDF5, ".keras": KerasForm.ARCHIVE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedKeras:
    """A file for Keras.

    Attributes
    ----------
    notes
        What users should know: what is not as it was, which Keras cannot load it.
    """

    path: Path
    size_bytes: int
    notes: tuple[str, ...]


def is_keras_file(out: Path) -> bool:
    """Whether a path names a file for Keras, by its ending."""
    return out.suffix.lower() in _FORMS


async def export_keras(
    builder: Builder,
    source: CatalogEntry | Path,
    out: Path,
    options: ConversionOptions | None = None,
) -> ExportedKeras:
    """Write the TensorFlow.js layers model `source` as the file `out`.

    Parameters
    ----------
    source
        The entry, or the folder, of a ``model.json`` and its weights.
    out
        Ends in ``.h5``, ``.hdf5`` or ``.keras``, which decides the form. A file that is there is
        replaced once the new one is whole and on the disk.
    options
        Of them, only what tells which layers are the page's own, and whether compile settings
        are wanted.

    Raises
    ------
    TfjsServeError
        It is no layers model, or Keras has no layers for it; the error names each layer and why.
    SettingsError
        `out` has another ending, or is a folder.
    ExportError
        The disk is full, or `out` may not be written to.
    """
    form = _form(out)
    if isinstance(source, Path):
        source = await asyncio.to_thread(entry_for_path, source)
    _check_kind(source)
    wanted = replace(options or ConversionOptions(), keras_form=form)
    with export_errors(out), staged_beside(out) as staged:
        converted = await builder.convert(source, wanted, staged)
        return await asyncio.to_thread(_put_in_place, converted, out)


def _form(out: Path) -> KerasForm:
    form = _FORMS.get(out.suffix.lower())
    if form is None:
        raise SettingsError(
            f"{str(out)!r} is not the name of a Keras file",
            hint=f"give a name that ends in {', '.join(_FORMS)}",
        )
    if out.is_dir():
        raise SettingsError(f"{str(out)!r} is a folder", hint="give another name as OUT")
    return form


def _check_kind(entry: CatalogEntry) -> None:
    """Raise unless there is a way back for this kind of model."""
    if entry.kind is EntryKind.TFJS_LAYERS:
        return
    if entry.kind is EntryKind.TFJS_GRAPH:
        raise TfjsServeError(
            f"{entry.exact_name} is a graph model, whose operations are not Keras's layers",
            hint="convert the Keras file that it was made of, or a layers model",
        )
    raise TfjsServeError(
        f"{entry.exact_name} is a Keras file already",
        hint="give the model.json of a TensorFlow.js layers model, or a folder as OUT",
    )


def _put_in_place(converted: Converted, out: Path) -> ExportedKeras:
    """Move the one file that was written to `out`, once it is on the disk. Raises ``OSError``."""
    (file,) = converted.files
    made = converted.folder / file.name
    made.chmod(0o666 & ~umask_in(converted.folder))
    with made.open("rb+") as opened:
        os.fsync(opened.fileno())
    made.replace(out)
    _sync_folder(out.parent)
    return ExportedKeras(path=out, size_bytes=file.size_bytes, notes=converted.notes)


def _sync_folder(folder: Path) -> None:
    """Have the system keep the new name, where folders can be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
