"""All deployments that the doctor is tried on at once: each with one fault, and good ones."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tfjs_serve.doctor.examination import Thoroughness, examine
from tfjs_serve.doctor.model import Page

from .broken import FAULTS, WARNINGS, Break, Files, document
from .deployments import (
    IMMUTABLE,
    PAGE,
    SHARD,
    WEIGHTS,
    File,
    deployed,
    good,
    layer,
)

COOKIES = Page(origin=PAGE, sends_credentials=True)
DEEP = Thoroughness(is_deep=True)
NOT_THIS_MACHINE = "0.0.0.0"
"""It leads here, too, but browsers do not trust it as they do loopback."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A model on a web server.

    Attributes
    ----------
    code
        What the doctor is to say, and nothing else; empty for a good one.
    host
        Under which name it is asked for, unless that of the test's server.
    is_answered
        Whether there is a server.
    """

    title: str
    files: Files = field(default_factory=good)
    code: str = ""
    page: Page = field(default_factory=lambda: Page(origin=PAGE))
    how: Thoroughness = field(default_factory=Thoroughness)
    host: str = ""
    is_answered: bool = True

    async def told(self) -> list[str]:
        """Return the codes of all that the doctor says."""
        async with deployed(self.files) as url:
            address = url
            if self.host:
                address = url.replace(urlsplit(url).hostname or "", self.host)
            if self.is_answered:
                return await self._examined(address)
        return await self._examined(address)

    async def _examined(self, address: str) -> list[str]:
        findings = (await examine(address, self.page, self.how)).findings
        return [one.code for one in (*findings.faults, *findings.warnings)]


def broken(break_it: Break) -> Files:
    """Return the files of a good deployment with one thing changed."""
    files = good()
    break_it(files)
    return files


def for_one_origin(**headers: str) -> Files:
    """Return files that pages of one site may read."""
    allowed = {"Access-Control-Allow-Origin": PAGE, "Vary": "Origin", **headers}
    named = {name.replace("_", "-"): value for name, value in allowed.items()}
    return {
        path: File(body=file.body, headers={**file.headers, **named})
        for path, file in good().items()
    }


def with_fault() -> Iterator[Deployment]:
    """Yield a deployment for each fault, and each way to have it."""
    for title, (break_it, code) in {**FAULTS, **WARNINGS}.items():
        yield Deployment(title=title, files=broken(break_it), code=code)
    yield Deployment(title="nobody listens", code="unreachable", is_answered=False)
    yield Deployment(title="http for a page on https", code="mixed-content", host=NOT_THIS_MACHINE)
    yield Deployment(
        title="* for a page with cookies", code="wildcard-with-credentials", page=COOKIES
    )
    yield Deployment(
        title="no credentials for a page with cookies",
        code="no-credentials",
        page=COOKIES,
        files=for_one_origin(),
    )
    yield Deployment(
        title="other bytes of the same length, read whole",
        code="wrong-bytes",
        files={**good(), SHARD: File(body=WEIGHTS[::-1], headers=IMMUTABLE)},
        how=DEEP,
    )


def without_fault() -> Iterator[Deployment]:
    """Yield deployments in which nothing is to be found."""
    yield Deployment(title="good")
    yield Deployment(title="good, read whole", how=DEEP)
    yield Deployment(title="good, for pages of any site", page=Page())
    yield Deployment(title="for one site, with Vary", files=for_one_origin())
    yield Deployment(
        title="for a page with cookies",
        files=for_one_origin(Access_Control_Allow_Credentials="true"),
        page=COOKIES,
    )
    packed = {"Content-Encoding": "gzip"}
    body = good()["model.json"].body
    yield Deployment(
        title="model.json with gzip",
        files={**good(), "model.json": File(body=gzip.compress(body), headers=packed)},
    )
    yield Deployment(
        title="asked for each time",
        files={**good(), "model.json": File(body=body, headers={"Cache-Control": "max-age=0"})},
    )
    yield Deployment(
        title="a layer of the page",
        files=broken(document(layer("Mine", name="mine"))),
        how=Thoroughness(custom_layers=["Mine"]),
    )


def is_right(deployment: Deployment, told: list[str]) -> bool:
    """Whether the doctor says what is wrong, and nothing else."""
    return told == ([deployment.code] if deployment.code else [])
