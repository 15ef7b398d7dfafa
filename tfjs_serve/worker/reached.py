"""Tell which limit a conversion reached, from the exception or from how the process ended."""

from __future__ import annotations

import errno
import re
import signal
from collections.abc import Iterator

from tfjs_serve.errors import ConversionLimitError
from tfjs_serve.settings import MIB, WORKER_OPEN_FILES
from tfjs_serve.worker.protocol import ConversionRequest

_NO_MEMORY = re.compile(
    "memory allocation failed|(unable|can't|failed) to allocate|after H5MM_", re.IGNORECASE
)
"""What libhdf5 says in errors that otherwise mean damage; its filters do not say it."""
_TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)


def by_exception(
    error: BaseException, request: ConversionRequest, memory_bytes: int | None
) -> ConversionLimitError | None:
    """Return the limit that caused `error`, directly or indirectly; ``None`` if none did.

    Parameters
    ----------
    memory_bytes
        How much memory the process may use; ``None``: as much as there is.
    """
    for cause in _causes(error):
        number = cause.errno if isinstance(cause, OSError) else None
        if _is_out_of_memory(cause, number):
            return _memory(request, memory_bytes)
        if number == errno.EFBIG:
            return written(request)
        if number in _TOO_MANY_FILES:
            return _open_files(request)
    return None


def by_exit_code(code: int, request: ConversionRequest) -> ConversionLimitError | None:
    """Return the limit whose signal ended the process; ``None`` if it was another signal."""
    if code == -getattr(signal, "SIGXCPU", 0):
        return _cpu_time(request)
    if code == -getattr(signal, "SIGXFSZ", 0):
        return written(request)
    return None


def written(request: ConversionRequest) -> ConversionLimitError:
    """Return the error about a conversion that writes more than its source can account for."""
    return ConversionLimitError(
        f"{request.display_name}: the conversion writes more than "
        f"{_mebibytes(request.limits.written_bytes)} or {request.limits.files} files, "
        "which no model of its size does",
        hint="the file is damaged, or made to fill the disk: save the model again",
    )


def _memory(request: ConversionRequest, memory_bytes: int | None) -> ConversionLimitError:
    allowed = "there is" if memory_bytes is None else f"the {_mebibytes(memory_bytes)} it may use"
    return ConversionLimitError(
        f"{request.display_name}: the conversion needs more memory than {allowed}",
        hint="if you trust the file, allow more with --worker-memory; "
        "if it is a small one, it may be damaged: save the model again",
    )


def _cpu_time(request: ConversionRequest) -> ConversionLimitError:
    return ConversionLimitError(
        f"{request.display_name}: the conversion took more than "
        f"{request.limits.cpu_seconds} seconds of processor time and was stopped",
        hint="the file may be damaged: save the model again to retry",
    )


def _open_files(request: ConversionRequest) -> ConversionLimitError:
    return ConversionLimitError(
        f"{request.display_name}: the conversion opens more than {WORKER_OPEN_FILES} files at once",
        hint="save the model in fewer parts",
    )


def _is_out_of_memory(error: BaseException, number: int | None) -> bool:
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        return True
    return isinstance(error, (OSError, RuntimeError)) and bool(_NO_MEMORY.search(str(error)))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield `error`, and the exceptions that it was raised from or while handling."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _mebibytes(size_bytes: int) -> str:
    return f"{size_bytes // MIB} MiB"
