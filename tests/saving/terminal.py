"""What the terminal of a server shows."""

from __future__ import annotations

import re
import time

from tests.parity.harness import ServedModels

DEADLINE_SECONDS = 60.0


def told(server: ServedModels, pattern: str) -> re.Match[str]:
    """Wait for what the terminal shows."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := re.search(pattern, server.log())):
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.02)
    return found


def token_of(server: ServedModels) -> str:
    """Return the token that the terminal shows."""
    return told(server, r"model\.save\('\S+\?token=([a-z2-7]{24})'\)")[1]
