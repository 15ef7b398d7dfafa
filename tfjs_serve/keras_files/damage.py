"""Turn whatever libhdf5 and h5py raise on damaged files into one error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from tfjs_serve.errors import KerasFileError, UnsafeFileError

_RAISED = (AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""h5py picks the class by libhdf5's function, not by what is wrong with the file. A name that is
not UTF-8 arrives as ``bytes``, which lacks methods of ``str``."""


SAVE_AGAIN = "save or copy the model again, or wait until it is written"
_TRUNCATED = re.compile(r"truncated file: eof = (\d+), .*stored_eof = (\d+)")
"""What libhdf5 says of a file that is shorter than it was."""


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
        raise damaged(display_name, str(error)) from error


def damaged(display_name: str, reason: str) -> KerasFileError:
    """Return the error about a file that ends too early, or is wrong in itself.

    Parameters
    ----------
    reason
        What is wrong with it, perhaps in the words of a library.
    """
    return KerasFileError(
        f"{display_name} is damaged or not completely written ({_in_plain_words(reason)})",
        hint=SAVE_AGAIN,
    )


def _in_plain_words(reason: str) -> str:
    """Say the commonest reason, a copy or download that was cut off, without internals."""
    if reason == "File is not a zip file":
        return "its end, where an archive lists what is in it, is missing"
    cut = _TRUNCATED.search(reason)
    return f"it has {int(cut[1]):,} of {int(cut[2]):,} bytes" if cut else reason
