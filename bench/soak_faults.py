"""What goes wrong during a soak with faults (``soak.py``), and a machine of its own for that."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from measuring import tree_of
from soak_server import set_clock
from soak_stage import Server

_HOLD_SECONDS = 2.0
"""How long a disk stays full and a permission is missing."""
_DISK_SIZE = "256m"
_MOST_SET_BACK_SECONDS = 10.0
_OWN_MACHINE = (
    *("unshare", "--user", "--map-root-user", "--mount"),
    *("--pid", "--fork", "--mount-proc", "--kill-child"),
)
"""Linux's namespaces: mounts of our own, and no processes but ours, without privileges."""


def own_machine() -> Sequence[str] | None:
    """Return the command prefix of a process on a machine of its own, where that is possible."""
    if shutil.which(_OWN_MACHINE[0]) is None:
        return None
    works = subprocess.run([*_OWN_MACHINE, "true"], check=False, capture_output=True)
    return _OWN_MACHINE if works.returncode == 0 else None


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault, and when it began and was mended, by the monotonic clock."""

    name: str
    begin: float
    end: float


@dataclass(kw_only=True)
class Scene:
    """What faults can be made of.

    Attributes
    ----------
    disk
        A small disk of its own with the cache folder; ``None`` where no disk can be mounted.
    kinds
        The faults that may happen.
    """

    server: Server
    model: Path
    disk: Path | None
    kinds: Sequence[str]
    chance: random.Random = field(default_factory=random.Random)
    set_back_seconds: float = 0.0


def mount_disk(folder: Path) -> None:
    """Mount a small disk in memory."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_SIZE}", "tmpfs", folder]
    subprocess.run([str(word) for word in command], check=True)


# --- The faults: each does its harm, and mends what would not mend itself ---------------------


def _child_killed(scene: Scene) -> None:
    deadline = time.monotonic() + _HOLD_SECONDS
    while time.monotonic() < deadline:
        children = tree_of(scene.server.pid)[1:]
        if children:
            with suppress(ProcessLookupError):
                os.kill(scene.chance.choice(children), signal.SIGKILL)
            return
        time.sleep(0.005)


def _cache_deleted(scene: Scene) -> None:
    shutil.rmtree(scene.server.cache_dir, ignore_errors=True)


def _disk_full(scene: Scene) -> None:
    assert scene.disk is not None
    filler = scene.disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    time.sleep(_HOLD_SECONDS)
    filler.unlink()


def _permission_taken(scene: Scene) -> None:
    path = scene.chance.choice([scene.model, scene.server.cache_dir])
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        path.chmod(0)
        time.sleep(_HOLD_SECONDS)
        path.chmod(mode)


def _clock_set_back(scene: Scene) -> None:
    scene.set_back_seconds += scene.chance.uniform(1, _MOST_SET_BACK_SECONDS)
    set_clock(scene.server.clock, -scene.set_back_seconds)


def _server_killed(scene: Scene) -> None:
    scene.server.kill_and_start_again()


FAULTS: Mapping[str, Callable[[Scene], None]] = {
    "child killed": _child_killed,
    "cache folder deleted": _cache_deleted,
    "disk full": _disk_full,
    "permission taken": _permission_taken,
    "clock set back": _clock_set_back,
    "server killed and started again": _server_killed,
}


@contextmanager
def faults(scene: Scene, every_seconds: float) -> Iterator[list[Happened]]:
    """Let something go wrong all the time; the list holds what did."""
    happened: list[Happened] = []
    ended = threading.Event()
    names = [name for name in scene.kinds if name != "disk full" or scene.disk is not None]

    def run() -> None:
        while not ended.wait(every_seconds):
            name, begin = scene.chance.choice(names), time.monotonic()
            FAULTS[name](scene)
            happened.append(Happened(name, begin, time.monotonic()))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield happened
    finally:
        ended.set()
        thread.join()
