"""What a destination on the command line means."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import SettingsError
from tfjs_serve.publishing.folder import Folder
from tfjs_serve.publishing.model import Destination

_BUCKETS = ("s3://", "az://", "gs://")


def is_bucket(text: str) -> bool:
    """Whether a destination is a bucket, and not a folder."""
    return text.startswith(_BUCKETS)


def open_destination(text: str, endpoint: str | None = None) -> Destination:
    """Return the destination that a path or a URL means.

    Parameters
    ----------
    endpoint
        Where the object store is, unless it is the cloud's own.

    Raises
    ------
    SettingsError
        It cannot be one.
    """
    if is_bucket(text):
        try:
            from tfjs_serve.publishing.bucket import open_bucket
        except ImportError as error:
            raise SettingsError(
                "publishing to a bucket takes another package",
                hint="install it: pip install obstore, or pipx inject tfjs-serve obstore",
            ) from error
        return open_bucket(text, endpoint)
    if "://" in text:
        raise SettingsError(
            f"{text!r} is no destination", hint=f"give a folder, or one of {', '.join(_BUCKETS)}..."
        )
    if endpoint:
        raise SettingsError("--endpoint is for buckets", hint="leave it out")
    return Folder(Path(text).absolute())


def check_apart(models_dir: Path, models: Mapping[str, CatalogEntry], dest: Path) -> None:
    """Raise :class:`SettingsError` if publishing would replace what is published.

    A model of TensorFlow.js is a folder with the name that its published form has.

    Parameters
    ----------
    models
        By the folders that they get in `dest`.
    """
    if _is_same(models_dir, dest):
        raise SettingsError(
            f"{str(dest)!r} is the folder of the models itself",
            hint=f"give another folder, for example {str(dest / 'public')!r}",
        )
    for name, entry in models.items():
        if _is_same(entry.path, dest / name):
            raise SettingsError(
                f"{str(entry.path)!r} would be replaced by what is published of it",
                hint="give another folder as DEST",
            )


def _is_same(path: Path, other: Path) -> bool:
    with suppress(OSError):
        return path.samefile(other)
    return False
