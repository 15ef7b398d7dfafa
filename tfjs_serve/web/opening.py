"""Open files of the store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from tfjs_serve.errors import StoreError


def open_checked(path: Path, size_bytes: int) -> BinaryIO:
    """Open a file of the store, and check its size.

    Raises
    ------
    StoreError
        It is gone, or has another size.
    """
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        gone = f"{path.name} is gone from the cache"
        raise StoreError(gone, hint="load the model again") from error
    if os.fstat(file.fileno()).st_size == size_bytes:
        return file
    file.close()
    hint = "delete the cache folder and load the model again"
    raise StoreError(f"{path.name} is damaged", hint=hint)
