"""Files that have not changed since an earlier process read them. Pure.

Without this, a publish of a thousand models of which nothing has changed would read them all for
their digests, and so would a server that is started again. What an earlier process has seen counts
as much as what this one remembers: the same identities, noted when the files were at rest, mean the
same bytes.
"""

from __future__ import annotations

import hashlib

from tfjs_serve.builder.stamps import Stamps


def made_of(stamps: Stamps, digest: str) -> str:
    """Return what is recorded of files with these `stamps`; nothing if there are none.

    Parameters
    ----------
    digest
        Of their bytes, in hexadecimal.
    """
    return f"{_identity(stamps)} {digest}" if stamps else ""


def known_digest(recorded: str, stamps: Stamps) -> str | None:
    """Return the digest of files with these `stamps`; ``None`` if others were recorded."""
    identity, _, digest = recorded.partition(" ")
    return digest if digest and identity == _identity(stamps) else None


def _identity(stamps: Stamps) -> str:
    return hashlib.sha256(repr(stamps).encode("utf-8", "surrogatepass")).hexdigest()
