"""Run a command and measure its time and the memory of its process tree (on Linux)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLING_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command took.

    Attributes
    ----------
    peak_bytes
        Largest sum, over all processes of the tree, of the memory in use at one time; pages that
        several share are counted once. Zero where the system does not tell, or nobody looked.
    """

    seconds: float
    peak_bytes: int
    exit_code: int
    printed: str


def measured(command: Sequence[object], *, cwd: Path | None = None, sampled: bool = True) -> Cost:
    """Run `command` to its end.

    Parameters
    ----------
    sampled
        Whether to look at the memory, which costs a few percent of the time.
    """
    start = time.monotonic()
    with subprocess.Popen(
        [*map(str, command)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        peak_bytes = 0
        while True:
            try:
                printed, _ = process.communicate(timeout=SAMPLING_SECONDS if sampled else None)
            except subprocess.TimeoutExpired:
                peak_bytes = max(peak_bytes, tree_bytes(process.pid))
            else:
                break
        return Cost(
            seconds=time.monotonic() - start,
            peak_bytes=peak_bytes,
            exit_code=process.returncode,
            printed=printed,
        )


def conversion(*arguments: str | Path, python: str = sys.executable) -> Cost:
    """Measure ``tfjs-serve convert`` with `arguments`."""
    return measured([python, "-m", "tfjs_serve", "convert", *arguments])


def tree_bytes(pid: int) -> int:
    """Return the memory that a process and its descendants use now."""
    return sum(map(process_bytes, tree_of(pid)))


def tree_of(pid: int) -> list[int]:
    """Return a process and its descendants."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in parentheses may hold spaces.
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        children.setdefault(parent, []).append(int(status.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def process_bytes(pid: int) -> int:
    """Return a process's share of the memory that it uses."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    shares = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return sum(int(kilobytes) * 1024 for kilobytes in shares)
