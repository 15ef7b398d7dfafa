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
from tfjs_serve.companion import MODULE_NAME, SCRIPT_NAME, module, script_among
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
    """Copy ``model.json``, its shards and its layers into `out`.

    The layers, if the model needs any, are named ``layers.js`` there, so that pages can name them.

    A new folder appears complete. In an existing one, the shards are copied first, and then
    ``model.json`` is replaced: because shards are named by their contents, a page that loads the
    old or the new model meanwhile finds the right ones. Other files stay.

    Raises
    ------
    ExportError
        The disk is full, or the folder may not be written to.
    """
    files = exported_files(artifact)
    needs_layers = SCRIPT_NAME in files
    with _export_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            for name, file in files.items():
                shutil.copyfile(artifact.path(file), staged / name)
            if needs_layers:
                (staged / MODULE_NAME).write_text(module(SCRIPT_NAME), encoding="ascii")
            _move(staged, out, [*([MODULE_NAME] if needs_layers else []), *files])
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return Exported(
        folder=out,
        shards=len(files) - 1 - needs_layers,
        size_bytes=sum(file.size_bytes for file in files.values()),
        needs_layers=needs_layers,
    )


def exported_files(artifact: Artifact) -> dict[str, ArtifactFile]:
    """Return what a page loads by the names it gets, ``model.json`` last; nothing compressed."""
    document = json.loads(artifact.path(artifact.by_name[MODEL_JSON]).read_bytes())
    names = [path for group in document.get("weightsManifest", ()) for path in group["paths"]]
    files = {name: artifact.by_name[name] for name in names}
    if script := script_among(artifact.by_name):
        files[SCRIPT_NAME] = artifact.by_name[script]
    return {**files, MODEL_JSON: artifact.by_name[MODEL_JSON]}


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
