"""Convert a model into a folder of the user.

The folder is filled beside its place and then renamed, so that it appears complete, and the weights
are written only once: no copy of them stays in the cache.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve import training_script
from tfjs_serve.artifacts.atomic import unique_name
from tfjs_serve.builder import Builder, Converted
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.companion import MODULE_NAME, SCRIPT_NAME, TYPES_NAME, module, types
from tfjs_serve.errors import SettingsError, StoreError, TfjsServeError
from tfjs_serve.exporting.naming import (
    exported_names,
    original_weights,
    shard_paths,
    with_shard_names,
)
from tfjs_serve.exporting.options import ExportOptions, ShardNames
from tfjs_serve.neighbours import NEIGHBOURS
from tfjs_serve.packed_scripts import SCRIPT_BEGINNING
from tfjs_serve.settings import MODEL_JSON


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
    is_whole
        Whether it is more than weights.
    """

    folder: Path
    shards: int
    size_bytes: int
    beside: tuple[str, ...]
    needs_layers: bool
    trains_with_script: bool
    is_whole: bool
    notes: tuple[str, ...]


def check_target(out: Path, *, source: Path | None, force: bool) -> None:
    """Raise :class:`SettingsError` unless a model may be written to `out`.

    Parameters
    ----------
    source
        Where the model is; ``None``: in memory.
    """
    if not out.is_dir() and (out.exists() or out.is_symlink()):
        raise SettingsError(f"{str(out)!r} is not a folder", hint="give a new folder as OUT")
    if source is not None and out.resolve() == source.resolve():
        raise SettingsError(f"{str(out)!r} is the model itself", hint="give another folder as OUT")
    if not force and out.is_dir() and any(out.iterdir()):
        raise SettingsError(
            f"the folder {str(out)!r} is not empty",
            hint="give a new folder as OUT, or --force to write into this one",
        )


async def export(
    builder: Builder, entry: CatalogEntry, options: ExportOptions, out: Path
) -> Exported:
    """Convert `entry` into `out`.

    A new folder appears complete. Into an existing one, the shards are moved first, then the
    scripts, and ``model.json`` at once after them: because shards are named by their contents, a
    page that loads the old or the new model meanwhile finds the right ones, unless they have the
    names of the official converter. Then scripts are removed that only the old model needed. Other
    files stay.

    Raises
    ------
    TfjsServeError
        The model cannot be converted.
    ExportError
        The disk is full, or the folder may not be written to.
    """
    with export_errors(out), staged_beside(out) as staged:
        conversion = options.for_model(is_tfjs=entry.kind.is_tfjs)
        converted = await builder.convert(entry, conversion, staged)
        return await asyncio.to_thread(put_in_place, converted, out, options.shard_names)


def export_written(write: Callable[[Path], Converted], out: Path, names: ShardNames) -> Exported:
    """Put what `write` writes into an empty folder where the user wants it; see :func:`export`.

    Raises
    ------
    ExportError
        The disk is full, or the folder may not be written to.
    """
    with export_errors(out), staged_beside(out) as staged:
        return put_in_place(write(staged), out, names)


def put_in_place(
    converted: Converted, out: Path, shard_names: ShardNames = ShardNames.DIGEST
) -> Exported:
    """Move what a page loads to `out`. Raises ``OSError``."""
    document = json.loads((converted.folder / MODEL_JSON).read_bytes())
    renamed = with_shard_names(document, shard_names)
    names = exported_names(converted.files, document, renamed)
    originals = original_weights(converted.files, names)
    needs_layers = (SCRIPT_NAME,) in names.values()
    trains = "keras" in (document.get("trainingConfig") or ())
    scripts = scripts_beside(needs_layers=needs_layers, trains=trains)
    _rename(converted, names)
    if renamed is not document:
        _write(converted.folder / MODEL_JSON, json.dumps(renamed, separators=(",", ":")))
    for name, text in scripts.items():
        _write(converted.folder / name, text)
    for name, shard in originals.items():
        _copy(converted.folder / shard, converted.folder / name)
    moved = [name for several in names.values() for name in several]
    moved[-1 - needs_layers : -1 - needs_layers] = scripts
    size_bytes = sum((converted.folder / name).stat().st_size for name in set(moved) - {*scripts})
    _move(converted.folder, out, [*originals, *moved])
    return Exported(
        folder=out,
        shards=len(set(shard_paths(renamed))),
        beside=(*(name for name in names if name in NEIGHBOURS), *originals),
        size_bytes=size_bytes,
        needs_layers=needs_layers,
        trains_with_script=trains,
        is_whole=document.get("modelTopology") is not None,
        notes=converted.notes,
    )


def _rename(converted: Converted, names: Mapping[str, Sequence[str]]) -> None:
    """Give the files in the folder of the conversion their `names`; remove those without one."""
    for file in converted.files:
        path = converted.folder / file.name
        if file.name not in names:
            path.unlink()
            continue
        first, *more = (converted.folder / name for name in names[file.name])
        first.parent.mkdir(exist_ok=True)
        path.rename(first)
        for other in more:
            _copy(first, other)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def scripts_beside(*, needs_layers: bool, trains: bool) -> dict[str, str]:
    """Return the scripts that are written beside a model, by name, apart from its layers."""
    scripts = {MODULE_NAME: module(SCRIPT_NAME), TYPES_NAME: types()} if needs_layers else {}
    if trains:
        name = training_script.SCRIPT_NAME
        scripts |= {
            name: training_script.whole_script().text,
            training_script.MODULE_NAME: training_script.module(name),
            training_script.TYPES_NAME: training_script.types(),
        }
    return scripts


def _copy(path: Path, other: Path) -> None:
    """Give a file a second name, where the file system can; else copy it. Raises ``OSError``."""
    try:
        other.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, other)


def _move(staged: Path, out: Path, names: list[str]) -> None:
    if not out.exists():
        # Folders of mkdtemp can be read only by their owner.
        staged.chmod(0o777 & ~umask_in(staged))
        staged.rename(out)
        return
    for name in names:
        (out / name).parent.mkdir(exist_ok=True)
        (staged / name).replace(out / name)
    _remove_otherscripts_beside(out, names)


def _remove_otherscripts_beside(out: Path, names: Collection[str]) -> None:
    """Remove scripts that are not among `names`, unless somebody else has written them."""
    changing = {SCRIPT_NAME: SCRIPT_BEGINNING, training_script.SCRIPT_NAME: SCRIPT_BEGINNING}
    beginnings = {**scripts_beside(needs_layers=True, trains=True), **changing}
    for name, beginning in beginnings.items():
        path = out / name
        if name in names or not path.is_file():
            continue
        if path.read_bytes().startswith(beginning.encode("utf-8")):
            path.unlink()


@contextmanager
def staged_beside(out: Path) -> Iterator[Path]:
    """Provide an empty folder on the disk of `out`, which is removed unless it is renamed."""
    staged = _stage(out)  # in a thread, the folder would stay if this is cancelled meanwhile
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _stage(out: Path) -> Path:
    """Make a folder in `out`, or beside it if it does not exist. Raises ``OSError``.

    What is beside a volume of a container is on another disk, or may not be written to.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    place = out if out.is_dir() else out.parent
    return Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=place))


def umask_in(folder: Path) -> int:
    """Return the permissions that nothing new in `folder` gets.

    The system tells the mask of the process only to who changes it. Files that other threads make
    meanwhile would be for their owner alone, so a new folder is looked at instead.
    """
    probe = folder / unique_name()
    probe.mkdir()
    mode = probe.stat().st_mode
    probe.rmdir()
    return 0o777 & ~mode


@contextmanager
def export_errors(out: Path) -> Iterator[None]:
    """Raise :class:`ExportError` for whatever hinders writing."""
    try:
        yield
    except (OSError, StoreError) as error:
        reason = error.message if isinstance(error, StoreError) else error.strerror or error
        raise ExportError(
            f"cannot write to {str(out)!r}: {reason}",
            hint="check its permissions and the free space, or give another folder as OUT",
        ) from error
