"""Servers in circumstances that a test cannot, or must not, make for the whole machine.

Linux's namespaces give a process mounts and limits of its own, without privileges where the system
allows that. Elsewhere the tests that need them are skipped, and say so.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

_OWN_NAMESPACES = ("unshare", "--user", "--map-root-user", "--mount")

_REMOUNT_SECONDS = 30.0


def on_small_disk(folder: Path, size: str) -> tuple[str, ...]:
    """Return the command prefix of a process that has an empty disk of `size` at `folder`."""
    folder.mkdir(exist_ok=True)
    return _in_namespaces(f'mount -t tmpfs -o size={size} tmpfs "{folder}"')


def remount(pid: int, folder: Path, option: str) -> None:
    """Change the disk that a process has at `folder`: ``ro``, ``rw``, ``size=...``.

    A disk is busy while a deleted folder is still known to a conversion process that ended just
    now, through its Landlock rules: so it is tried again.
    """
    enter = ("nsenter", "--preserve-credentials", "--user", "--mount", "--target", str(pid))
    command = [*enter, "mount", "-o", f"remount,{option}", str(folder)]
    deadline = time.monotonic() + _REMOUNT_SECONDS
    while subprocess.run(command, check=False).returncode:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def without_inotify() -> tuple[str, ...]:
    """Return the command prefix of a process whose user has no inotify instance left."""
    return _in_namespaces("echo 0 > /proc/sys/user/max_inotify_instances")


def as_nobody_special() -> tuple[str, ...]:
    """Return the command prefix of a process that permissions hold for, also if we are root."""
    if not hasattr(os, "geteuid"):
        pytest.skip("Windows has no modes")
    if os.geteuid() != 0:
        return ()
    prefix = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    _require(prefix)
    return prefix


def seen_by(pid: int, path: Path) -> Path:
    """Return the path by which we see what a process has at `path`."""
    return Path(f"/proc/{pid}/root{path}")


def _in_namespaces(preparation: str) -> tuple[str, ...]:
    _require(_OWN_NAMESPACES)
    return (*_OWN_NAMESPACES, "sh", "-c", f'{preparation} && exec "$@"', "sh")


@functools.cache
def _works(command: tuple[str, ...]) -> bool:
    if sys.platform != "linux" or shutil.which(command[0]) is None:
        return False
    return subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0


def _require(command: Sequence[str]) -> None:
    if not _works(tuple(command)):
        pytest.skip(f"{command[0]} cannot be used here")
