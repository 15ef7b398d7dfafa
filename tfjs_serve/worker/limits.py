"""What the child may do to the machine, restricted before it loads a library or reads a file.

There are two steps, because a process waits before it knows its request: :func:`apply` at its
start, and :func:`confine` when it has the request but has not opened the file. What the platform
does not offer is skipped, and :func:`missing` names it. The other fences (a process of its own, a
deadline, a report that is checked) exist everywhere.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from tfjs_serve.settings import MIB, WORKER_OPEN_FILES
from tfjs_serve.worker import landlock
from tfjs_serve.worker.protocol import ConversionRequest

if sys.platform != "win32":
    import resource

_ENVIRONMENT = {
    # libhdf5 reads this once, when it is loaded, and it overrides what h5py asks for. A lock taken
    # here would make the next save fail in the program that writes the model.
    "HDF5_USE_FILE_LOCKING": "FALSE",
    # Two colons: no filter is loaded from a plugin folder, whatever a file asks for
    # (H5PL_NO_PLUGIN in libhdf5's H5PLpublic.h).
    "HDF5_PLUGIN_PRELOAD": "::",
    # A conversion copies and scales: thread pools for linear algebra would only use memory.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
_PR_SET_PDEATHSIG = 1
_NICENESS = 5
"""Requests for models that are ready come first, and so does the program that trains."""
_NICENESS_OF_DIAGNOSES = 19
"""Nobody waits for them. Linux has a policy for idle time only; beside a training on all processors
they would then never end."""
_FIRST_TO_BE_KILLED = "1000"
_RESERVE_BYTES = 64 * MIB
"""Kept for reporting that memory has reached its limit."""
_GRACE_CPU_SECONDS = 5
"""From the signal that processor time is over until the process is killed."""
_SHARED_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
"""The C library loads some of its parts late, such as the one that ends a thread."""


def apply(memory_bytes: int) -> None:
    """Set the limits that do not depend on the request; call it before importing h5py or numpy.

    Parameters
    ----------
    memory_bytes
        Address space, including libraries (about 120 MiB).
    """
    os.environ.update(_ENVIRONMENT)
    if sys.platform == "win32":
        return  # the priority was set when the process was started
    end_with(os.getppid())
    with suppress(OSError):  # Linux only
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_BE_KILLED, encoding="ascii")
    # A crash must not write gigabytes of model into the current folder.
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, WORKER_OPEN_FILES)
    if _bounds_memory():
        _limit(resource.RLIMIT_AS, memory_bytes, reserve=_RESERVE_BYTES)


def confine(request: ConversionRequest) -> tuple[str, ...]:
    """Restrict this process to what `request` needs, and return what could not be restricted.

    Must be called while there is only one thread: Landlock restricts the calling thread.
    """
    tempfile.tempdir = request.output_dir or None
    if sys.platform != "win32":
        os.nice(_NICENESS_OF_DIAGNOSES if request.is_diagnosis else _NICENESS)
        _limit(resource.RLIMIT_FSIZE, request.limits.written_bytes)
        _limit(resource.RLIMIT_CPU, request.limits.cpu_seconds, reserve=_GRACE_CPU_SECONDS)
    offered = landlock.version()
    if not offered:
        return missing()
    readable = (request.source, *request.beside, *request.neighbours.values(), *libraries())
    try:
        landlock.confine(offered, readable=readable, writable=request.output_dir)
    except OSError as error:
        return (*missing(), f"use Landlock ({error.strerror})")
    return missing()


def start_no_processes() -> None:
    """Forbid new processes and threads from now on; the system does not enforce this for root."""
    if sys.platform != "win32":
        _limit(resource.RLIMIT_NPROC, 0)


def memory_bytes() -> int | None:
    """Return how much memory this process may use; ``None`` if nothing limits it."""
    if sys.platform == "win32" or not _bounds_memory():
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if most == resource.RLIM_INFINITY else most


def release_reserve() -> None:
    """Release the memory that is kept for reporting that there is no more."""
    if sys.platform != "win32" and _bounds_memory():
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def missing() -> tuple[str, ...]:
    """Return what this system cannot do to a conversion, each as the rest of "it cannot ..."."""
    memory = () if _bounds_memory() else ("bound its memory",)
    time = ("bound its processor time",) if sys.platform == "win32" else ()
    return (*memory, *time, *landlock.missing(landlock.version()))


def end_with(parent: int) -> None:
    """Have Linux kill this process when its parent is gone.

    Elsewhere only the thread that reads the pipe ends the process, and it cannot run while a
    library holds the interpreter's lock in an endless loop.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
        if os.getppid() != parent:  # it went before the request
            os.kill(os.getpid(), signal.SIGKILL)


def _bounds_memory() -> bool:
    """Whether the address space can be limited: macOS accepts a limit and ignores it."""
    return sys.platform not in ("win32", "darwin")


def _limit(kind: int, most: int, *, reserve: int = 0) -> None:
    """Lower a limit to `most`, and allow raising it again by `reserve`. Never raises a limit."""
    if sys.platform != "win32":
        soft, hard = map(_unlimited_as_infinite, resource.getrlimit(kind))
        hard = min(hard, most + reserve)
        resource.setrlimit(kind, (int(min(soft, hard, most)), int(hard)))


def _unlimited_as_infinite(limit: int) -> float:
    return float("inf") if sys.platform != "win32" and limit == resource.RLIM_INFINITY else limit


@cache
def libraries() -> tuple[str, ...]:
    """Return where the interpreter and the loaded libraries are, because some load parts later.

    The whole import path would be too much: it may contain the folder that the server was started
    in. What lies in a folder of the list is not in it again, as each path costs a system call.
    """
    listed: list[str] = []
    for path in sorted(set(_libraries()), key=len):  # a folder before what lies in it
        if not path.startswith(tuple(os.path.join(folder, "") for folder in listed)):  # noqa: PTH118
            listed.append(path)
    return tuple(listed)


def _libraries() -> Iterator[str]:
    yield from _SHARED_LIBRARIES
    path_of: Callable[[str], str] = sysconfig.get_path
    yield from map(path_of, ("stdlib", "platstdlib"))
    yield os.path.join(sys.base_prefix, "lib")  # noqa: PTH118  # conda's libraries
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and "." not in name:
            yield os.path.dirname(file) if hasattr(module, "__path__") else file  # noqa: PTH120  # a text, as the others
