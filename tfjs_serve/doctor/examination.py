"""The road of the doctor: from the address of a model to what is wrong there."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from tfjs_serve.doctor.access import access_findings, is_ok
from tfjs_serve.doctor.delivery import (
    encoding_findings,
    model_json_findings,
    plain_findings,
    shard_findings,
)
from tfjs_serve.doctor.document import Document, layers_script, read_document
from tfjs_serve.doctor.fetching import Browser, browsing
from tfjs_serve.doctor.kinds import kind_of
from tfjs_serve.doctor.model import Answer, Findings, Notebook, Page, together
from tfjs_serve.doctor.weights import age_findings, content_findings, shard_url, size_findings
from tfjs_serve.layers_model.manifests import WeightGroup
from tfjs_serve.settings import MAXIMUM_MODEL_JSON_BYTES, MODEL_JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Thoroughness:
    """How much is fetched, and what is taken for granted.

    Attributes
    ----------
    is_deep
        Whether all bytes of all shards are read, instead of their beginnings.
    custom_layers
        Names of the classes that the page registers itself.
    timeout_seconds
        How long one answer, or a part of it, may take.
    """

    is_deep: bool = False
    custom_layers: Collection[str] = ()
    timeout_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was found out about one model."""

    url: str
    findings: Findings
    needs_layers: bool = False


def model_address(url: str) -> str:
    """Return the address of ``model.json``, which may have been left out for its folder's."""
    parts = urlsplit(url)
    folder, _, name = parts.path.rpartition("/")
    if name.endswith(".json"):
        return url
    path = f"{folder}/{name}/{MODEL_JSON}" if name else f"{folder}/{MODEL_JSON}"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


async def examine(url: str, page: Page, how: Thoroughness) -> Examined:
    """Fetch the model at `url` as `page` would, and return all that is wrong.

    Parameters
    ----------
    url
        Of its ``model.json``, or of the folder with that.
    """
    address = model_address(url)
    async with browsing(page, how.timeout_seconds) as browser:
        model = await browser.whole(address, keep_bytes=MAXIMUM_MODEL_JSON_BYTES)
        if not _has_body(model):
            findings = access_findings(model, page) + encoding_findings(model)
            return Examined(url=address, findings=findings)
        document, of_document = read_document(model, how.custom_layers)
        parts = [
            access_findings(model, page),
            await _encoding(browser, model),
            model_json_findings(model),
            of_document,
            *[await _weights(browser, model, group, how) for group in document.groups],
            await _script(browser, model, document),
        ]
    return Examined(url=address, findings=together(parts), needs_layers=document.needs_layers)


def _has_body(answer: Answer) -> bool:
    is_found = answer.last is not None and is_ok(answer.last)
    return is_found and not answer.failure


async def _encoding(browser: Browser, answer: Answer) -> Findings:
    """Return what is wrong for browsers with the encoding, or else for those who decode nothing."""
    findings = encoding_findings(answer)
    return findings if findings.faults else plain_findings(await browser.plain(answer.url))


async def _weights(
    browser: Browser, model: Answer, group: WeightGroup, how: Thoroughness
) -> Findings:
    urls = [shard_url(model.url, path) for path in group.paths]
    fetch = browser.whole if how.is_deep else browser.beginning
    shards = await asyncio.gather(*map(fetch, urls))
    findings = [access_findings(shard, browser.page) + encoding_findings(shard) for shard in shards]
    whole = [shard for shard in shards if _has_body(shard)]
    findings += [content_findings(shard) + shard_findings(shard) for shard in whole]
    if not any(one.faults for one in findings):
        findings += [size_findings(model.url, group, whole), age_findings(model, whole)]
    return together(findings)


async def _script(browser: Browser, model: Answer, document: Document) -> Findings:
    """Return whether the layers are missing that a model needs."""
    notes = Notebook(model.url)
    if document.needs_layers:
        script = await browser.beginning(layers_script(model.url))
        if not _has_body(script) or kind_of(script.body):
            notes.warning(
                "no-layers-script",
                "needs layers.js, which is not beside it",
                "Deploy all that tfjs-serve convert has written, and load layers.js in the page.",
            )
    return notes.findings()
