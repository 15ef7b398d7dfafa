"""Hostile model files against the running server: ``python -m tests.fuzz files --count 20000``."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from . import canary, oracles
from .canary import Canary
from .cases import Case, make_case
from .server import FuzzedServer, ask, load

BATCH = 50
"""Files that are in the folder at the same time."""
ROUND = 1_000
"""Files that one server and one cache see."""
AT_ONCE = 6
"""Requests at the same time: more than there are conversions, so that those never wait."""
NOTED = ("conversion-crashed", "conversion-timeout")
"""What may happen to a conversion process, but is to be looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that must not be."""

    number: int
    what: str


@dataclass(slots=True, kw_only=True)
class Summary:
    """What came of a campaign.

    Attributes
    ----------
    outcomes
        How often each kind of mutation led to each outcome.
    slowest
        The longest times to an answer, in seconds, with the number of the case.
    noted
        Numbers of the cases whose conversion crashed or took too long.
    """

    seed: int
    cases: int = 0
    seconds: float = 0.0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest: list[tuple[float, int]] = field(default_factory=list)
    noted: dict[str, list[int]] = field(default_factory=lambda: {code: [] for code in NOTED})

    def add(self, case: Case, code: str, seconds: float) -> None:
        """Count a case."""
        self.cases += 1
        self.codes[code] += 1
        if code in NOTED:
            self.noted[code].append(case.number)
        for step in case.steps or ("nothing",):
            self.outcomes[step, code] += 1
        self.slowest = sorted([*self.slowest, (seconds, case.number)], reverse=True)[:5]

    def table(self) -> str:
        """Return all that was counted, for people."""
        steps = sorted({step for step, _ in self.outcomes})
        codes = [code for code, _ in self.codes.most_common()]
        rows = [["mutation", *codes], ["(all)", *(str(self.codes[code]) for code in codes)]]
        rows += [
            [step, *(str(self.outcomes[step, code] or ".") for code in codes)] for step in steps
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
        slowest = ", ".join(f"{seconds:.1f} s (case {number})" for seconds, number in self.slowest)
        rate = self.cases / max(self.seconds, 1e-9)
        return "\n".join(
            [
                *lines,
                f"{self.cases} files, seed {self.seed}, {self.seconds:.0f} s, {rate:.1f} files/s",
                f"slowest answers: {slowest}",
                *(f"{code}: {len(found)} {found or ''}" for code, found in self.noted.items()),
                f"findings: {len(self.findings)}",
                *(f"  case {finding.number}: {finding.what}" for finding in self.findings),
            ]
        )


class Campaign:
    """Runs cases by their numbers.

    Parameters
    ----------
    reproducers
        Where cases with findings are kept.
    """

    def __init__(self, seed: int, reproducers: Path) -> None:
        self.summary = Summary(seed=seed)
        self._reproducers = reproducers

    def run(self, numbers: Sequence[int]) -> Summary:
        """Run the cases, each so many on a server of their own."""
        started = time.monotonic()
        for start in range(0, len(numbers), ROUND):
            with tempfile.TemporaryDirectory() as folder:
                asyncio.run(self._round(numbers[start : start + ROUND], Path(folder).resolve()))
            self.summary.seconds = time.monotonic() - started
        return self.summary

    async def _round(self, numbers: Sequence[int], workspace: Path) -> None:
        planted = canary.plant(workspace / "secret")
        server = await asyncio.to_thread(FuzzedServer, workspace)
        try:
            async with aiohttp.ClientSession() as session:
                for start in range(0, len(numbers), BATCH):
                    await self._batch(numbers[start : start + BATCH], server, session, planted)
                    if not server.is_running:
                        self._found(numbers[start], f"the server ended:\n{server.log()[-2000:]}")
                        return
        finally:
            await asyncio.to_thread(server.close)
        for word in ("Traceback", canary.MARK.decode()):
            if word in server.log():
                self._found(numbers[0], f"{word} in the log:\n{server.log()[-2000:]}")

    async def _batch(
        self,
        numbers: Sequence[int],
        server: FuzzedServer,
        session: aiohttp.ClientSession,
        planted: Canary,
    ) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        seen = _files_in(server.cache)

        async def one(number: int) -> Case:
            async with slots:
                case = await asyncio.to_thread(make_case, self.summary.seed, number, planted)
                case.save(server.models, server.beside)
                await self._load(case, server, session)
                return case

        cases = await asyncio.gather(*map(one, numbers))
        await self._look_around(cases, server, session, _files_in(server.cache) - seen)
        for case in cases:
            case.remove(server.models)

    async def _load(self, case: Case, server: FuzzedServer, session: aiohttp.ClientSession) -> None:
        started = time.monotonic()
        try:
            answers = await load(session, f"{server.origin}/{case.name}")
        except (asyncio.TimeoutError, aiohttp.ClientError, OSError) as error:
            self.summary.add(case, "no-answer", time.monotonic() - started)
            self._found(case.number, f"no answer ({type(error).__name__}: {error})", case)
            return
        self.summary.add(case, oracles.code_of(answers[0]), time.monotonic() - started)
        for what in oracles.findings(answers, (server.models, server.cache)):
            self._found(case.number, what, case)

    async def _look_around(
        self,
        cases: Sequence[Case],
        server: FuzzedServer,
        session: aiohttp.ClientSession,
        new_files: set[Path],
    ) -> None:
        """Look at what a batch has left behind."""
        first = cases[0].number
        if not await server.staging_is_empty():
            self._found(first, "files are left in the staging folder")
        for path in new_files:
            if path.is_file() and canary.is_in(path.read_bytes()):
                self._found(first, f"canary in the cache: {path.name}")
        try:
            health = await ask(session, f"{server.origin}/-/health")
            if health.status != 200:
                self._found(first, f"health answers {health.status}")
        except (asyncio.TimeoutError, aiohttp.ClientError, OSError) as error:
            self._found(first, f"health does not answer ({error!r})")

    def _found(self, number: int, what: str, case: Case | None = None) -> None:
        self.summary.findings.append(Finding(number=number, what=what))
        if case is not None:
            folder = self._reproducers / f"seed-{self.summary.seed}-case-{number}"
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in case.files.items():
                (folder / (name or f"{case.name}{case.ending}")).write_bytes(data)
            told = {"what": what, "origin": case.origin, "steps": case.steps, "links": case.links}
            (folder / "finding.json").write_text(json.dumps(told, indent=1))


def _files_in(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))
