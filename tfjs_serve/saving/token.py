"""The token that a page must know to save, the same for a folder at each start.

So a line that was pasted into a page goes on to work. It is made of the path of the models folder
and a secret in the cache folder, which only this user can read; whoever removes the secret gets
new tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from tfjs_serve.artifacts.atomic import unique_name
from tfjs_serve.errors import store_error

SECRET_NAME = "save-secret"  # noqa: S105 - the name of a file
_SECRET_BYTES = 32
_TOKEN_BYTES = 15
"""120 bits, in 24 characters of base 32."""


def token_for(models_dir: Path, cache_dir: Path) -> str:
    """Return the token for a folder, in small letters and digits.

    Raises
    ------
    StoreError
        The cache folder cannot be used.
    """
    try:
        secret = _secret(cache_dir / SECRET_NAME)
    except OSError as error:
        raise store_error(
            error,
            f"{cache_dir}: the cache folder cannot be used: {error.strerror or error}",
            hint="check its permissions, or choose another folder with --cache-dir",
        ) from error
    digest = hmac.digest(secret, os.fsencode(models_dir), hashlib.sha256)
    return base64.b32encode(digest[:_TOKEN_BYTES]).decode("ascii").lower()


def _secret(path: Path) -> bytes:
    """Return the secret, made if there is none. Raises ``OSError``."""
    known = _read(path)
    if known is not None:
        return known
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f"{path.name}-{unique_name()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
        staged.replace(path)
    finally:
        with suppress(OSError):
            staged.unlink()
    return path.read_bytes()  # another server may have been faster


def _read(path: Path) -> bytes | None:
    """Return the secret; ``None`` if there is none, or one that was damaged."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return None
    return found if len(found) == _SECRET_BYTES else None
