"""Copy an artifact from the store into a folder of the user."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.artifacts.model import Artifact, ArtifactFile
from tfjs_serve.companion import FILE_NAMES
from tfjs_serve.errors import SettingsError, TfjsServeError
from tfjs_serve.settings import MODEL_JSON


class ExportError(TfjsServeError):
    """The converted model could not be written to the folder that was asked for."""

    code = "cannot-write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was copied to which folder: the number of shards, and the total size of all files."""

    folder: Path
    shards: int
    size_bytes: int
    needs_layers: bool


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


def export(artifact: Artifact, out: Path) -> Exported:
    """Copy ``model.json`` and its shards into `out`.

    A new folder appears complete. In an existing one, the shards are copied first, and then
    ``model.json`` is replaced: because shards are named by their contents, a page that loads the
    old or the new model meanwhile finds the right ones. Other files stay.

    Raises
    ------
    ExportError
        The disk is full, or the folder may not be written to.
    """
    files = exported_files(artifact)
    with _export_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            for file in files:
                shutil.copyfile(artifact.path(file), staged / file.name)
            _move(staged, out, [file.name for file in files])
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    size_bytes = sum(file.size_bytes for file in files)
    scripts = sum(file.name in FILE_NAMES for file in files)
    return Exported(
        folder=out,
        shards=len(files) - 1 - scripts,
        size_bytes=size_bytes,
        needs_layers=scripts > 0,
    )


def exported_files(artifact: Artifact) -> list[ArtifactFile]:
    """Return the files that a page loads, ``model.json`` last and without its compressed forms."""
    document = json.loads(artifact.path(artifact.by_name[MODEL_JSON]).read_bytes())
    names = [path for group in document.get("weightsManifest", ()) for path in group["paths"]]
    scripts = [name for name in FILE_NAMES if artifact.has(name)]
    return [artifact.by_name[name] for name in dict.fromkeys([*names, *scripts, MODEL_JSON])]


def _move(staged: Path, out: Path, names: list[str]) -> None:
    if not out.exists():
        staged.chmod(0o777 & ~_umask())  # folders of mkdtemp can be read only by their owner
        staged.rename(out)
        return
    for name in names:
        (staged / name).replace(out / name)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextmanager
def _export_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(
            f"cannot write to {str(out)!r}: {error.strerror or error}",
            hint="check its permissions and the free space, or give another folder as OUT",
        ) from error
