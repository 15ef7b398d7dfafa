"""List one folder of the watched tree, and decide which links in it may be followed."""

from __future__ import annotations

import os
import stat as stat_flags
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfjs_serve.catalog.model import FileStamp
from tfjs_serve.catalog.names import is_skipped_folder

Warn = Callable[[str], None]

_GONE = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder to be scanned.

    Attributes
    ----------
    relative
        Path below the models folder with forward slashes; empty for the models folder itself.
    real_path
        The path with all links resolved.
    root
        The models folder's own `real_path`.
    follow_out
        Whether links that lead out of `root` are followed (``--follow-symlinks``).
    linked
        Whether a link led here.
    parent
        The folder that it was found in; ``None`` if what lies beside it is nobody's business.
    """

    path: str
    relative: str
    real_path: str
    root: str
    follow_out: bool = False
    linked: bool = False
    parent: Folder | None = field(default=None, compare=False, repr=False)

    def relative_to_root(self, name: str) -> str:
        """Return the relative path of a child."""
        return f"{self.relative}/{name}" if self.relative else name


def root_folder(path: str, *, follow_out: bool = False) -> Folder:
    """Return the folder that a scan starts from."""
    real_path = os.path.realpath(path)
    return Folder(
        path=path, relative="", real_path=real_path, root=real_path, follow_out=follow_out
    )


Children = Mapping[str, "os.DirEntry[str]"]
"""What is in a folder, by name."""


def list_folder(folder: Folder, warn: Warn) -> Children:
    """Return the folder's children by name, in order; empty if it is gone or unreadable.

    A virtual environment counts as empty: it may hold test files that look like models.
    """
    try:
        with os.scandir(folder.path) as iterator:
            found = {child.name: child for child in iterator}
    except _GONE:
        return {}
    except OSError as error:
        warn(f"cannot look into the folder {folder.relative or folder.path!r}: {error.strerror}")
        return {}
    return {} if "pyvenv.cfg" in found else {name: found[name] for name in sorted(found)}


def subfolder(parent: Folder, child: os.DirEntry[str], warn: Warn) -> Folder | None:
    """Return `child` as a folder to scan; ``None`` if it is none, or a link not to be followed.

    A link is followed if it leads to another place inside the models folder, or, if that is
    wanted, to any other place. Links to a folder that contains them (loops) and links found behind
    another link are not followed, so each real folder is seen at most once per link.
    """
    if is_skipped_folder(child.name) or not _is_folder(child):
        return None
    linked = is_link(child)
    relative = parent.relative_to_root(child.name)
    real_path = os.path.realpath(child.path) if linked else str(Path(parent.real_path, child.name))
    if linked and not _may_follow(parent, real_path, relative, warn):
        return None
    return Folder(
        path=child.path,
        relative=relative,
        real_path=real_path,
        root=parent.root,
        follow_out=parent.follow_out,
        linked=linked or parent.linked,
        parent=parent,
    )


def _may_follow(parent: Folder, target: str, relative: str, warn: Warn) -> bool:
    if not _may_lead_to(parent, target):
        warn(_leads_out(relative))
        return False
    if _is_inside(target, parent.root):
        return not (parent.linked or _is_inside(parent.real_path, target))
    # Warn, because somebody asked for links to be followed and will miss these.
    if parent.linked:
        warn(f"the link {relative!r} lies behind another link and is not followed")
    elif _is_inside(parent.real_path, target):
        warn(f"the link {relative!r} leads to a folder that it lies in and is not followed")
    else:
        return True
    return False


def _may_lead_to(parent: Folder, target: str) -> bool:
    return parent.follow_out or _is_inside(target, parent.root)


def _leads_out(relative: str) -> str:
    return f"the link {relative!r} leads out of the folder; --follow-symlinks would follow it"


def stamp_child(parent: Folder, child: os.DirEntry[str], warn: Warn) -> FileStamp | None:
    """Return the identity of `child` of `parent`, if it is a regular file; see `stamp_file`."""
    return _stamp(parent, child.name, child.path, warn, may_be_elsewhere=child.is_symlink())


def stamp_file(parent: Folder, relative_path: str, warn: Warn) -> FileStamp | None:
    """Return the identity of the regular file at `relative_path` below `parent`.

    ``None`` if it is gone, not a regular file, or a link that leads out of the models folder and
    must not be followed.
    """
    path = str(Path(parent.path, relative_path))
    try:
        may_be_elsewhere = "/" in relative_path or os.path.islink(path)  # noqa: PTH114
    except ValueError:
        return None
    return _stamp(parent, relative_path, path, warn, may_be_elsewhere=may_be_elsewhere)


def _stamp(
    parent: Folder, relative_path: str, path: str, warn: Warn, *, may_be_elsewhere: bool
) -> FileStamp | None:
    shown = parent.relative_to_root(relative_path)
    try:
        if may_be_elsewhere and not _may_lead_to(parent, os.path.realpath(path)):
            warn(_leads_out(shown))
            return None
        stat = os.stat(path)  # noqa: PTH116 - called for each model again and again
    except (OSError, ValueError):
        return None  # vanished, or a broken or circular link: normal while others work here
    if not stat_flags.S_ISREG(stat.st_mode):
        return None
    return stamp_of(shown, stat)


def stamp_of(shown_path: str, stat: os.stat_result) -> FileStamp:
    """Return the stamp of a file from the result of ``stat``."""
    return FileStamp(
        path=shown_path,
        device=stat.st_dev,
        inode=stat.st_ino,
        size_bytes=stat.st_size,
        mtime_ns=stat.st_mtime_ns,
        ctime_ns=stat.st_ctime_ns,
    )


def leads_out(folder: Folder, file_name: str) -> bool:
    """Whether a child of `folder` is a link to something that is not in `folder`."""
    path = Path(folder.path, file_name)
    return path.is_symlink() and not _is_inside(os.path.realpath(path), folder.real_path)


def _is_inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _is_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_dir()
    except OSError:
        return False


def is_link(child: os.DirEntry[str]) -> bool:
    """Whether `child` is a symbolic link, or what Windows has instead for folders."""
    if child.is_symlink():
        return True
    if sys.platform == "win32":
        tag = child.stat(follow_symlinks=False).st_reparse_tag
        return tag == stat_flags.IO_REPARSE_TAG_MOUNT_POINT  # a junction
    return False
