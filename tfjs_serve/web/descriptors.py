"""How many connections the platform has room for."""

from __future__ import annotations

import sys

_KEPT_FREE = 128
"""For the store, file events, and the pipes of workers."""
_PER_CONNECTION = 3
"""The socket, its duplicate, and the file that is sent."""
_FEWEST = 8
"""A browser opens six."""


def most_connections(wanted: int) -> int:
    """Return `wanted`, or less if this process may not open enough files.

    Without this limit, ``accept`` would fail for everybody once descriptors run out.
    """
    limit = _descriptor_limit()
    if limit is None:
        return wanted
    return min(wanted, max(_FEWEST, (limit - _KEPT_FREE) // _PER_CONNECTION))


if sys.platform == "win32":

    def _descriptor_limit() -> int | None:
        """Windows has no limit that a server could reach before it runs out of memory."""
        return None

else:
    import resource

    def _descriptor_limit() -> int | None:
        soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        return None if soft == resource.RLIM_INFINITY else soft
