"""What the child may do to the machine: set before a foreign library is loaded or a file is read.

The place for all limits of the conversion process. Today they keep it from disturbing others: it
takes no locks, leaves no core dumps, starts no idle threads. Limits that bound what a hostile file
can cost (memory, size of written files, processor time) belong here as well.
"""

from __future__ import annotations

import os

_ENVIRONMENT = {
    # libhdf5 reads this once, when it is loaded; it overrides what h5py asks for. A lock taken
    # here would make the next save of the program that writes the model fail.
    "HDF5_USE_FILE_LOCKING": "FALSE",
    # A conversion copies and scales; the thread pools of linear algebra would only take memory.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}


def apply() -> None:
    """Set the limits of this process; call it before h5py or numpy is imported."""
    os.environ.update(_ENVIRONMENT)
    _forbid_core_dumps()


def _forbid_core_dumps() -> None:
    """Keep a crash from writing gigabytes of model into the current folder."""
    try:
        import resource  # noqa: PLC0415  (POSIX only; Windows writes no core files)
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
