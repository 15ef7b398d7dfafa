"""Put a finished file into its place, so that there is a whole model at every moment.

The former file keeps its inode under the name of its backup. So a program that writes it in place
meanwhile, as Keras does, loses nothing: what it writes is in the backup. Where the file system has
no hard links, the backup is a copy.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.artifacts.atomic import retry_on_windows
from tfjs_serve.catalog.folders import stamp_of
from tfjs_serve.catalog.model import FileStamp
from tfjs_serve.catalog.places import Place
from tfjs_serve.errors import CannotSaveHereError, FolderFullError, NotWritableError, is_full
from tfjs_serve.saving.backups import backup_name, numbers_of, superfluous

_BESIDE = re.compile(r"\.saving-[0-9a-f]{16}(?:\.copy|\.[A-Za-z0-9]+)")
"""Hidden files, which no part of this project looks at."""
_LEFT_BEHIND_SECONDS = 24 * 60 * 60
"""A file that is this old, and was to be put into place, has lost its process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A free name in the folder of a place, which ends as the file will.

    Attributes
    ----------
    mode
        The permissions that a new file has there.
    """

    path: Path
    mode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What was put into place.

    Attributes
    ----------
    backup
        The name of the former file now; empty if there was none.
    stamp
        The identity of the new one; ``None`` if another program has replaced it at once.
    """

    backup: str
    stamp: FileStamp | None


def stage_beside(place: Place) -> Staged:
    """Return a free name in the folder of `place`, after finding out that it can be written.

    Raises
    ------
    FolderFullError, NotWritableError
        It cannot.
    """
    path = place.path.with_name(f".saving-{secrets.token_hex(8)}{place.path.suffix}")
    with writing_errors(place):
        _remove_left_behind(place.path.parent)
        if place.entry is not None and not os.access(place.path, os.W_OK):
            raise PermissionError(errno.EACCES, "it may only be read")
        path.touch(exist_ok=False)
        mode = stat.S_IMODE(path.stat().st_mode)
        path.unlink()
    return Staged(path=path, mode=mode)


def remove_staged(staged: Staged) -> None:
    """Remove what was not put into place, if anything was written there."""
    with suppress(OSError):
        staged.path.unlink()


@contextmanager
def writing_errors(place: Place) -> Iterator[None]:
    """Raise an error that says what to do for whatever hinders writing.

    It names the file as pages know it, and not its place on this machine.
    """
    try:
        yield
    except OSError as error:
        error_class = FolderFullError if is_full(error) else NotWritableError
        raise error_class(
            f"{place.exact_name} cannot be written: {error.strerror or 'the system refuses it'}",
            hint="free some space, and check the permissions of the folder and of the file",
        ) from error


def put_in_place(
    made: Path, staged: Staged, place: Place, stamp: FileStamp | None, *, backups: int
) -> Placed:
    """Make the file `made`, which may lie on another file system, that of `place`.

    Parameters
    ----------
    staged
        Where it is until its name is changed.
    stamp
        Identity of the file that is there; ``None`` if there is none.
    backups
        How many former files are kept.

    Raises
    ------
    CannotSaveHereError
        What is there is not what `stamp` says.
    FolderFullError, NotWritableError
        The system refuses it.
    """
    with writing_errors(place):
        shutil.move(made, staged.path)
        _sync(staged.path)
        with suppress(OSError):  # some file systems have no permissions
            staged.path.chmod(staged.mode)
            if stamp is not None:
                shutil.copymode(place.path, staged.path)
        if Path(os.path.realpath(place.path.parent)) != place.real_folder:
            raise changed_meanwhile(place)
        if stamp is None:
            _put_new(staged.path, place)
            backup = ""
        else:
            backup = _replace(staged.path, place, stamp)
            _remove_superfluous(place.path, backups)
        _sync_folder(place.path.parent)
    return Placed(backup=backup, stamp=stamp_now(place))


def stamp_now(place: Place) -> FileStamp | None:
    """Return the identity of the file of `place`; ``None`` if it is no plain file, or gone."""
    try:
        status = place.path.lstat()
    except OSError:
        return None
    return stamp_of(place.exact_name, status) if stat.S_ISREG(status.st_mode) else None


def changed_meanwhile(place: Place) -> CannotSaveHereError:
    """Return the error for a file that another program has written since the save began."""
    return CannotSaveHereError(
        f"{place.exact_name} was changed by another program during the save",
        hint="load it again, and save again if that is still what you want",
    )


def _replace(staged: Path, place: Place, stamp: FileStamp) -> str:
    """Replace a file that is still what `stamp` says; return the name of its backup."""
    if stamp_now(place) != stamp:
        raise changed_meanwhile(place)
    backup = _keep(place.path)
    try:
        retry_on_windows(lambda: staged.replace(place.path))
    except OSError:
        backup.unlink()  # only a second name of what stays
        raise
    return backup.name


def _put_new(staged: Path, place: Place) -> None:
    """Give a file its name, unless something has that name by now."""
    try:
        place.path.hardlink_to(staged)
    except FileExistsError:
        raise changed_meanwhile(place) from None
    except (OSError, NotImplementedError):  # the file system has no hard links
        if os.path.lexists(place.path):
            raise changed_meanwhile(place) from None
        retry_on_windows(lambda: staged.replace(place.path))
    else:
        staged.unlink()  # which changes the identity of the file


def _keep(path: Path) -> Path:
    """Give a file the name of its next backup, too, and return that."""
    while True:
        number = max(_numbers(path), default=0) + 1
        backup = path.with_name(backup_name(path.name, number))
        try:
            backup.hardlink_to(path)
        except FileExistsError:
            continue  # another server was faster
        except (OSError, NotImplementedError):
            _copy(path, backup)
        return backup


def _copy(path: Path, backup: Path) -> None:
    copied = path.with_name(f".saving-{secrets.token_hex(8)}.copy")
    try:
        shutil.copy2(path, copied)
        _sync(copied)
        copied.replace(backup)
    finally:
        with suppress(OSError):
            copied.unlink()


def _numbers(path: Path) -> list[int]:
    return numbers_of(path.name, (one.name for one in path.parent.iterdir()))


def _remove_superfluous(path: Path, backups: int) -> None:
    with suppress(OSError):  # the model is saved all the same
        for number in superfluous(_numbers(path), backups):
            path.with_name(backup_name(path.name, number)).unlink()


def _remove_left_behind(folder: Path) -> None:
    """Remove what processes that were killed have left."""
    before_seconds = time.time() - _LEFT_BEHIND_SECONDS
    with suppress(OSError):
        for path in folder.iterdir():
            if _BESIDE.fullmatch(path.name) and path.lstat().st_mtime < before_seconds:
                path.unlink()


def _sync(path: Path) -> None:
    """Have the bytes of a file on the disk before its name is: a power failure must not cost both
    the new model and the old one."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
