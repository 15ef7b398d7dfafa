"""What ``check`` and ``publish`` say about a model at a URL."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tfjs_serve.cli.checked import Checked
from tfjs_serve.doctor.examination import Thoroughness, examine
from tfjs_serve.doctor.model import Page
from tfjs_serve.errors import DeploymentError, DeploymentProblem
from tfjs_serve.facts.wording import counted


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


def warned_once(results: Sequence[Checked]) -> Iterator[Checked]:
    """Yield results of models on one server: a warning about several is told with the first."""
    concerned = Counter(kind for one in results for kind in set(map(_kind, one.warnings)))
    told: set[tuple[str, str]] = set()
    for one in results:
        new = [warning for warning in one.warnings if _kind(warning) not in told]
        told |= set(map(_kind, new))
        yield replace(one, warnings=tuple(_for(it, concerned[_kind(it)] - 1) for it in new))


def _kind(problem: DeploymentProblem) -> tuple[str, str]:
    return problem.code, problem.hint


def _for(warning: DeploymentProblem, others: int) -> DeploymentProblem:
    if not others:
        return warning
    more = counted(others, "other model")
    return replace(warning, message=f"{warning.message} (and so for {more})")
