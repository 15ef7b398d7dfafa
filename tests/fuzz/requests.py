"""A campaign of raw HTTP requests against the running server: ``run(count, seed)``.

Most requests are sound as far as their framing goes: they are sent in batches on connections
that are kept, and exactly one answer is due to each. The others are damaged; each has a
connection of its own, and whatever comes back must still be HTTP. Outside of the served folder
lie files that hold a word, with links to them inside: no answer may hold that word.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from tests.fuzz.answers import (
    Answer,
    BadAnswerError,
    body_bytes,
    check_answer,
    check_answer_to,
    parse_head,
    split_answers,
)
from tests.fuzz.besieged import explore, lay_out, settled_usage, usage
from tests.fuzz.request_grammar import Case, World, make_case
from tests.fuzz.request_words import ALLOWED_HOST, ALLOWED_ORIGIN
from tests.parity.server import ServedModels

CONNECTIONS = 24
MOST_IN_A_BATCH = 8
ANSWER_SECONDS = 60.0
"""Longer is a hang."""
QUIET_SECONDS = 0.2
"""A damaged request that got no answer for so long is waited for no longer."""
MOST_FINDINGS = 20
DESCRIPTORS_MORE = 4
"""Threads and the watcher open one at times."""


@dataclass
class Tally:
    """What happened."""

    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def find(self, what: str, case: Case, data: bytes = b"") -> None:
        self.findings.append(
            f"case {case.number}: {what}\n  sent {case.raw[:600]!r}\n  got {data[:600]!r}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One run: where, what and how much."""

    port: int
    world: World
    canary: bytes
    seed: int
    tally: Tally


def run(count: int, seed: int) -> int:
    """Send `count` requests; print what came of them. Returns 0 if nothing is wrong."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as workspace:
        canary = f"canary-{secrets.token_hex(12)}"
        models = lay_out(Path(workspace), canary)
        options = ["--cors-origin", ALLOWED_ORIGIN, "--allowed-host", ALLOWED_HOST]
        served = ServedModels(Path(workspace), models=models, options=options)
        try:
            tally = _attack(served, Path(workspace), canary, count, seed)
        finally:
            served.close()
        _look_into_log(served.log(), tally)
    _print_summary(tally, count, seed, time.monotonic() - started)
    return 1 if tally.findings else 0


def _attack(served: ServedModels, workspace: Path, canary: str, count: int, seed: int) -> Tally:
    world = explore(served, workspace)
    tally = Tally()
    port = urlsplit(served.base_url).port
    assert port is not None
    campaign = Campaign(port=port, world=world, canary=canary.encode(), seed=seed, tally=tally)
    asyncio.run(campaign_of(campaign, iter(range(-300, 0))))  # threads and caches are made now
    before = usage(served.pid)
    tally.statuses.clear()
    tally.kinds.clear()
    asyncio.run(campaign_of(campaign, iter(range(count))))
    after = settled_usage(served.pid, before, ANSWER_SECONDS)
    if after["descriptors"] > before["descriptors"] + DESCRIPTORS_MORE:
        tally.findings.append(f"descriptors are left open: {before} became {after}")
    tally.kinds.update({f"{name} before": value for name, value in before.items()})
    tally.kinds.update({f"{name} after": value for name, value in after.items()})
    if served.get("/-/health").status != 200:
        tally.findings.append("the server is not well")
    return tally


# --- Sending ---------------------------------------------------------------------------------


async def campaign_of(campaign: Campaign, numbers: Iterator[int]) -> None:
    """Send the cases of all `numbers` over several connections at a time."""
    await asyncio.gather(*(_client(campaign, numbers) for _ in range(CONNECTIONS)))


async def _client(campaign: Campaign, numbers: Iterator[int]) -> None:
    batch: list[Case] = []
    connection = Connection(campaign)
    for number in numbers:
        if len(campaign.tally.findings) >= MOST_FINDINGS:
            break
        case = make_case(campaign.world, campaign.seed, number)
        campaign.tally.kinds["sound requests" if case.framed else "damaged requests"] += 1
        if not case.framed:
            await _send_damaged(campaign, case)
            continue
        batch.append(case)
        if case.last or len(batch) >= 1 + abs(number) % MOST_IN_A_BATCH:
            await connection.exchange(batch)
            batch = []
    await connection.exchange(batch)
    await connection.close()


class Connection:
    """A connection that is kept for batch after batch of sound requests."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, cases: list[Case]) -> None:
        """Have each of `cases` answered, on a new connection where the last was ended."""
        while cases:
            try:
                answered = await asyncio.wait_for(self._send(cases), ANSWER_SECONDS)
            except (asyncio.TimeoutError, OSError, EOFError) as error:
                self._campaign.tally.find(f"no answer: {error!r}", cases[0])
                answered = 1
            if answered < len(cases) or cases[-1].last:
                await self.close()
            cases = cases[answered:]

    async def _send(self, cases: list[Case]) -> int:
        """Return how many were answered before the server said that it ends the connection."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._campaign.port)
            self._campaign.tally.kinds["connections"] += 1
        reader, writer = self._streams
        writer.write(b"".join(case.raw for case in cases))
        for number, case in enumerate(cases, start=1):
            answer = await self._answer(reader, case)
            if answer is None:
                await self.close()
                return number
            if answer.ends_connection:
                await self.close()
                return number
        return len(cases)

    async def _answer(self, reader: asyncio.StreamReader, case: Case) -> Answer | None:
        head = await reader.readuntil(b"\r\n\r\n")
        try:
            answer = parse_head(head[:-4])
            body = await reader.readexactly(body_bytes(answer, case.method))
            answer = replace(answer, body=body)
            check_answer(answer, self._campaign.canary)
            check_answer_to(case, answer)
        except (BadAnswerError, ValueError, KeyError) as error:
            self._campaign.tally.find(str(error), case, head)
            return None
        self._campaign.tally.statuses[answer.status] += 1
        return answer

    async def close(self) -> None:
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _send_damaged(campaign: Campaign, case: Case) -> None:
    """Send a case on a connection of its own; judge whatever comes back."""
    campaign.tally.kinds["connections"] += 1
    data = b""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", campaign.port)
        writer.write(case.raw)
        with suppress(asyncio.TimeoutError, ConnectionError):
            while block := await asyncio.wait_for(reader.read(65536), QUIET_SECONDS):
                data += block
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    except OSError as error:
        campaign.tally.find(f"no connection: {error!r}", case)
    if not data:
        campaign.tally.kinds["damaged requests without an answer"] += 1
    try:
        for answer in split_answers(data):
            check_answer(answer, campaign.canary)
            campaign.tally.statuses[answer.status] += 1
    except (BadAnswerError, ValueError, KeyError) as error:
        campaign.tally.find(str(error), case, data)


# --- Telling ---------------------------------------------------------------------------------


def _look_into_log(log: str, tally: Tally) -> None:
    for sign in ("Traceback", "a request failed", "could not be handled", "never retrieved"):
        if sign in log:
            at = log.index(sign)
            tally.findings.append(f"the log says: {log[max(0, at - 500) : at + 1500]}")
            return


def _print_summary(tally: Tally, count: int, seed: int, seconds: float) -> None:
    answers = sum(tally.statuses.values())
    rows = [("requests", count), ("seed", seed), ("seconds", round(seconds)), ("answers", answers)]
    rows += [(f"status {status}", number) for status, number in sorted(tally.statuses.items())]
    rows += [*sorted(tally.kinds.items()), ("findings", len(tally.findings))]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value:>10}")
    for finding in tally.findings:
        print(f"\n{finding}")
