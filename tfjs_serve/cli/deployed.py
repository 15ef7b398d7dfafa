"""What ``check`` and ``publish`` say about a model at a URL."""

from __future__ import annotations

import time

from tfjs_serve.cli.checked import Checked
from tfjs_serve.doctor.examination import Thoroughness, examine
from tfjs_serve.doctor.model import Page
from tfjs_serve.errors import DeploymentError


async def checked_at(url: str, page: Page, how: Thoroughness) -> Checked:
    """Return the result for the model at `url`, as `page` would meet it."""
    started_seconds = time.monotonic()
    examined = await examine(url, page, how)
    faults = examined.findings.faults
    return Checked(
        path=url,
        needs_layers=examined.needs_layers,
        warnings=examined.findings.warnings,
        error=DeploymentError(f"{url}: pages cannot load it", faults) if faults else None,
        seconds=time.monotonic() - started_seconds,
    )
