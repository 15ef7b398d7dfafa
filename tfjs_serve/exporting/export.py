"""Convert a model into a folder of the user.

The folder is filled beside its place and then renamed, so that it appears complete, and the weights
are written only once: no copy of them stays in the cache.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfjs_serve import training_script
from tfjs_serve.builder import Builder, Converted
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.companion import (
    MODULE_NAME,
    SCRIPT_NAME,
    module,
    script_among,
)
from tfjs_serve.errors import SettingsError, StoreError, TfjsServeError
from tfjs_serve.neighbours import NEIGHBOURS, shard_at
from tfjs_serve.packed_scripts import SCRIPT_BEGINNING
from tfjs_serve.settings import MODEL_JSON, Variant


class ExportError(TfjsServeError):
    """The converted model could not be written to the folder that was asked for."""

    code = "cannot-write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What is in which folder: the number of shards, the total size of all files, and notes.

    Attributes
    ----------
    beside
        Names of labels, metadata, and weights under the names that they had before.
    trains_with_script
        Whether it has all that Keras saved of its training, which needs ``training.js``.
    """

    folder: Path
    shards: int
    size_bytes: int
    beside: tuple[str, ...]
    needs_layers: bool
    trains_with_script: bool
    notes: tuple[str, ...]


def check_target(out: Path, *, source: Path, force: bool) -> None:
    """Raise :class:`SettingsError` unless a model may be written to `out`."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise SettingsError(f"{str(out)!r} is not a folder", hint="give a new folder as OUT")
    if out.resolve() == source.resolve():
        raise SettingsError(f"{str(out)!r} is the model itself", hint="give another folder as OUT")
    if not force and out.is_dir() and any(out.iterdir()):
        raise SettingsError(
            f"the folder {str(out)!r} is not empty",
            hint="give a new folder as OUT, or --force to write into this one",
        )


async def export(builder: Builder, entry: CatalogEntry, variant: Variant, out: Path) -> Exported:
    """Convert `entry` into `out`.

    A new folder appears complete. Into an existing one, the shards are moved first, then the
    scripts, and ``model.json`` at once after them: because shards are named by their contents, a
    page that loads the old or the new model meanwhile finds the right ones. Then scripts are
    removed that only the old model needed. Other files stay.

    Raises
    ------
    TfjsServeError
        The model cannot be converted.
    ExportError
        The disk is full, or the folder may not be written to.
    """
    with _export_errors(out):
        async with _beside(out) as staged:
            converted = await builder.convert(entry, variant, staged)
            return await asyncio.to_thread(put_in_place, converted, out)


def put_in_place(converted: Converted, out: Path) -> Exported:
    """Move what a page loads to `out`. Raises ``OSError``."""
    document = json.loads((converted.folder / MODEL_JSON).read_bytes())
    names = exported_names(converted, document)
    needs_layers = SCRIPT_NAME in names.values()
    trains = "keras" in (document.get("trainingConfig") or ())
    scripts = _scripts(needs_layers=needs_layers, trains=trains)
    neighbours = [name for name in names if name in NEIGHBOURS]
    originals = original_weights(converted, names)
    for file in converted.files:
        path = converted.folder / file.name
        if file.name in names:
            target = converted.folder / names[file.name]
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
        else:
            path.unlink()
    for name, text in scripts.items():
        (converted.folder / name).write_text(text, encoding="utf-8", newline="\n")
    for name, shard in originals.items():
        _copy(converted.folder / shard, converted.folder / name)
    moved = list(names.values())
    moved[-1 - needs_layers : -1 - needs_layers] = scripts
    _move(converted.folder, out, [*originals, *moved])
    return Exported(
        folder=out,
        shards=len(names) - 1 - needs_layers - len(neighbours),
        beside=(*neighbours, *originals),
        size_bytes=sum(file.size_bytes for file in converted.files if file.name in names),
        needs_layers=needs_layers,
        trains_with_script=trains,
        notes=converted.notes,
    )


def exported_names(converted: Converted, document: Mapping[str, Any]) -> dict[str, str]:
    """Return the names that files get for a page, in the order in which they are put into place.

    Nothing is compressed. The layers, if the model needs any, are named ``layers.js``, so that
    pages can name them.

    Parameters
    ----------
    document
        What is in ``model.json``.
    """
    shards = [path for group in document.get("weightsManifest") or () for path in group["paths"]]
    files = [file.name for file in converted.files]
    names = {shard_at(path): path for path in shards if shard_at(path) in files}
    names |= {name: name for name in files if name in NEIGHBOURS}
    if script := script_among(files):
        names[script] = SCRIPT_NAME
    return {**names, MODEL_JSON: MODEL_JSON}


def _scripts(*, needs_layers: bool, trains: bool) -> dict[str, str]:
    """Return the scripts that are written beside a model, by name, apart from its layers."""
    scripts = {MODULE_NAME: module(SCRIPT_NAME)} if needs_layers else {}
    if trains:
        name = training_script.SCRIPT_NAME
        scripts |= {
            name: training_script.whole_script().text,
            training_script.MODULE_NAME: training_script.module(name),
            training_script.TYPES_NAME: training_script.types(),
        }
    return scripts


def original_weights(converted: Converted, names: Mapping[str, str]) -> dict[str, str]:
    """Return names that weights had in their folder, and the paths that they have now.

    Only weights that are in one file are asked for by name, and have their old name too; libraries
    find those in several files by the names in ``model.json``.

    Parameters
    ----------
    names
        Of all files that are exported.
    """
    weights = [file for file in converted.files if file.originals]
    if len(weights) != 1:
        return {}
    (file,) = weights
    return {name: names[file.name] for name in file.originals if name not in names.values()}


def _copy(path: Path, other: Path) -> None:
    """Give a file a second name, where the file system can; else copy it. Raises ``OSError``."""
    try:
        other.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, other)


def _move(staged: Path, out: Path, names: list[str]) -> None:
    if not out.exists():
        staged.chmod(0o777 & ~_umask())  # folders of mkdtemp can be read only by their owner
        staged.rename(out)
        return
    for name in names:
        (out / name).parent.mkdir(exist_ok=True)
        (staged / name).replace(out / name)
    _remove_other_scripts(out, names)


def _remove_other_scripts(out: Path, names: Collection[str]) -> None:
    """Remove scripts that are not among `names`, unless somebody else has written them."""
    changing = {SCRIPT_NAME: SCRIPT_BEGINNING, training_script.SCRIPT_NAME: SCRIPT_BEGINNING}
    beginnings = {**_scripts(needs_layers=True, trains=True), **changing}
    for name, beginning in beginnings.items():
        path = out / name
        if name in names or not path.is_file():
            continue
        if path.read_bytes().startswith(beginning.encode("utf-8")):
            path.unlink()


@asynccontextmanager
async def _beside(out: Path) -> AsyncIterator[Path]:
    """Provide an empty folder beside `out`, which is removed unless it is renamed."""
    out.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextmanager
def _export_errors(out: Path) -> Iterator[None]:
    """Raise :class:`ExportError` for whatever hinders writing."""
    try:
        yield
    except (OSError, StoreError) as error:
        reason = error.message if isinstance(error, StoreError) else error.strerror or error
        raise ExportError(
            f"cannot write to {str(out)!r}: {reason}",
            hint="check its permissions and the free space, or give another folder as OUT",
        ) from error
