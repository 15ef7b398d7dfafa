"""What the child may do to the machine: given up before a library is loaded or a file is read.

In two steps, as a process waits before it knows its request: :func:`apply` at its start,
:func:`confine` when the request is there and its file is still closed. What the platform does not
offer is left out, and :func:`missing` names it: the child's other fences (a process of its own, a
deadline, a report that is checked) stand everywhere.
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
from pathlib import Path

from tfjs_serve.settings import MIB, WORKER_OPEN_FILES
from tfjs_serve.worker import landlock
from tfjs_serve.worker.protocol import ConversionRequest

if sys.platform != "win32":
    import resource

_ENVIRONMENT = {
    # libhdf5 reads this once, when it is loaded; it overrides what h5py asks for. A lock taken
    # here would make the next save of the program that writes the model fail.
    "HDF5_USE_FILE_LOCKING": "FALSE",
    # Two colons: no filter is ever loaded from a plugin folder, whatever a file asks for
    # (H5PL_NO_PLUGIN in libhdf5's H5PLpublic.h).
    "HDF5_PLUGIN_PRELOAD": "::",
    # A conversion copies and scales; the thread pools of linear algebra would only take memory.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
_PR_SET_PDEATHSIG = 1
_NICENESS = 5
"""Whoever asks for a model that is ready comes first; so does the program that trains."""
_FIRST_TO_BE_KILLED = "1000"
_RESERVE_BYTES = 64 * MIB
"""What is left, once memory is at its limit, to say so."""
_GRACE_CPU_SECONDS = 5
"""From the signal that processor time is over to the end that nothing stops."""
_SHARED_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
"""The C library loads some of its parts late, such as what ends a thread."""


def apply(memory_bytes: int) -> None:
    """Set what does not depend on the request; call it before h5py or numpy is imported.

    Parameters
    ----------
    memory_bytes
        Address space, libraries (about 120 MiB) included.
    """
    os.environ.update(_ENVIRONMENT)
    if sys.platform == "win32":
        return  # its priority was set when it was started
    _end_with_parent()
    os.nice(_NICENESS)
    with suppress(OSError):  # Linux only
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_BE_KILLED, encoding="ascii")
    # A crash must not write gigabytes of model into the current folder.
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, WORKER_OPEN_FILES)
    if _bounds_memory():
        _limit(resource.RLIMIT_AS, memory_bytes, reserve=_RESERVE_BYTES)


def confine(request: ConversionRequest) -> tuple[str, ...]:
    """Leave this process what `request` needs, and return what could not be taken away.

    To be called by the only thread: Landlock binds the thread that asks for it.
    """
    tempfile.tempdir = request.output_dir
    if sys.platform != "win32":
        _limit(resource.RLIMIT_FSIZE, request.limits.written_bytes)
        _limit(resource.RLIMIT_CPU, request.limits.cpu_seconds, reserve=_GRACE_CPU_SECONDS)
    offered = landlock.version()
    if not offered:
        return missing()
    readable = (request.source, *_libraries())
    try:
        landlock.confine(offered, readable=readable, writable=request.output_dir)
    except OSError as error:
        return (*missing(), f"use Landlock ({error.strerror})")
    return missing()


def start_no_processes() -> None:
    """Neither processes nor threads from now on; the system does not hold root to that."""
    if sys.platform != "win32":
        _limit(resource.RLIMIT_NPROC, 0)


def memory_bytes() -> int | None:
    """Return how much this process may use; ``None`` if nothing bounds it."""
    if sys.platform == "win32" or not _bounds_memory():
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if most == resource.RLIM_INFINITY else most


def release_reserve() -> None:
    """Allow the memory that is kept for telling that there is no more."""
    if sys.platform != "win32" and _bounds_memory():
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def missing() -> tuple[str, ...]:
    """Return what this system cannot do to a conversion, each as the rest of "it cannot"."""
    memory = () if _bounds_memory() else ("bound its memory",)
    time = ("bound its processor time",) if sys.platform == "win32" else ()
    return (*memory, *time, *landlock.missing(landlock.version()))


def _end_with_parent() -> None:
    """Have Linux kill this process when the server is gone.

    Elsewhere only the thread that reads the pipe to the end does so, which cannot run while a
    library that holds the interpreter's lock goes round in circles.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))


def _bounds_memory() -> bool:
    """Whether the address space can be limited: macOS takes the number and ignores it."""
    return sys.platform not in ("win32", "darwin")


def _limit(kind: int, most: int, *, reserve: int = 0) -> None:
    """Lower a limit to `most`; it can be raised again by `reserve`. Never raises one."""
    if sys.platform != "win32":
        soft, hard = map(_unlimited_as_infinite, resource.getrlimit(kind))
        hard = min(hard, most + reserve)
        resource.setrlimit(kind, (int(min(soft, hard, most)), int(hard)))


def _unlimited_as_infinite(limit: int) -> float:
    return float("inf") if sys.platform != "win32" and limit == resource.RLIM_INFINITY else limit


def _libraries() -> Iterator[str]:
    """Yield where the interpreter and the libraries lie that are loaded: some load parts later.

    Not all of the import path: it may hold the folder that the server was started in.
    """
    yield from _SHARED_LIBRARIES
    path_of: Callable[[str], str] = sysconfig.get_path
    yield from map(path_of, ("stdlib", "platstdlib"))
    yield os.path.join(sys.base_prefix, "lib")  # noqa: PTH118  # conda's libraries
    for name, module in tuple(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and "." not in name:
            yield os.path.dirname(file) if hasattr(module, "__path__") else file  # noqa: PTH120  # a text, as the others
