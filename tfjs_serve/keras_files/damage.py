"""Turn whatever libhdf5 and h5py raise on damaged files into one error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tfjs_serve.errors import KerasFileError, UnsafeFileError

_RAISED = (AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""h5py picks the class by libhdf5's function, not by what is wrong with the file. A name that is
not UTF-8 arrives as ``bytes``, which lacks methods of ``str``."""


@contextmanager
def damage_as_error(display_name: str) -> Iterator[None]:
    """Raise ``KerasFileError`` for whatever h5py raises inside the context."""
    try:
        yield
    except (MemoryError, RecursionError) as error:
        raise UnsafeFileError(
            f"{display_name} asks for more memory than there is",
            hint="the file is damaged, or made to exhaust this machine; save the model again",
        ) from error
    except _RAISED as error:
        raise KerasFileError(
            f"{display_name} is damaged or not completely written ({error})",
            hint="save the model again, or wait until it is written",
        ) from error
