"""Where this machine keeps what a program of the user can make again."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path


def default_cache_dir() -> Path:
    """Return where artifacts are kept unless somebody says otherwise."""
    return user_cache_path("tfjs-serve", appauthor=False)
