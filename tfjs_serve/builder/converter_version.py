"""The version of this converter: artifacts of any other are not served."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from tfjs_serve.version import __version__

_ROOMS = ("conversion", "keras_files", "layers_model")
"""The packages whose code decides the bytes of an artifact."""


@cache
def converter_version() -> str:
    """Return the version number with a digest of the code that converts.

    With the number alone, people who work on the converter would be served yesterday's bytes.
    Reads a few hundred small files, once per process.
    """
    package = Path(__file__).parents[1]
    modules = [module for room in _ROOMS for module in (package / room).rglob("*.py")]
    modules += [package / "companion.py", package / "packed_scripts.py"]
    modules += [package / "browser" / "layers.json"]
    lines = sorted(
        f"{module.relative_to(package).as_posix()} "
        f"{hashlib.sha256(module.read_bytes()).hexdigest()}\n"
        for module in modules
    )
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    return f"{__version__}+{digest[:16]}"
