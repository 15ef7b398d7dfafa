"""``tfjs-serve`` as ``soak.py`` runs it: its clock is set back while it runs.

    python bench/soak_server.py CLOCK [arguments of tfjs-serve]

CLOCK is a file with one double: the seconds that are added to the time. Only the clock of the day
is set, as an administrator would set it; the monotonic one goes on.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

_FORMAT = "d"


def set_clock(clock: Path, offset_seconds: float) -> None:
    """Set the clock of each server that was started with the file `clock`."""
    with clock.open("r+b" if clock.exists() else "wb") as file:
        file.write(struct.pack(_FORMAT, offset_seconds))


def _use(clock: Path) -> None:
    true_time = time.time
    with clock.open("rb") as file:
        offset = mmap.mmap(file.fileno(), struct.calcsize(_FORMAT), access=mmap.ACCESS_READ)

    def seconds() -> float:
        (offset_seconds,) = struct.unpack(_FORMAT, offset[:])
        return true_time() + float(offset_seconds)

    time.time = seconds


def main() -> None:
    _use(Path(sys.argv.pop(1)))
    # Only now: defaults of parameters keep the clock that they find.
    from tfjs_serve.cli import main as tfjs_serve  # noqa: PLC0415

    tfjs_serve()


if __name__ == "__main__":
    main()
