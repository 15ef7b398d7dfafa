"""How an answer is sent: content encoding, and what caches make of its headers. Pure.

The rules are those of RFC 9111 (caching) and of browsers: they ask for ``br`` and ``zstd`` only
where nobody can listen, and take an answer without ``Cache-Control`` from their cache unasked for
a tenth of its age (heuristic freshness, section 4.2.2).
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from tfjs_serve.doctor.model import Answer, Findings, Hop, Notebook
from tfjs_serve.settings import MIB

_LARGEST_CACHED_BYTES = 50 * MIB
"""Firefox keeps no larger entry (``browser.cache.disk.max_entry_size``); Chromium 160 MiB."""
_DIGEST = re.compile(r"[0-9a-fA-F]{16}|@v?[0-9]+\.[0-9]+\.[0-9]+(?=[-+/])")
"""Also an exact version of a package, as CDNs of npm have it: its files never change."""
_ACCOUNT = re.compile(r"/AUTH_[^/]+")
"""In the addresses of OpenStack Swift: the digits in it are those of a project."""
_EVERYWHERE = frozenset({"gzip", "deflate", "identity"})
_LONG_SECONDS = 24 * 60 * 60


def has_digest(url: str) -> bool:
    """Whether the path of a file, its name or a folder, seems to change with its bytes."""
    return _DIGEST.search(_ACCOUNT.sub("", urlsplit(url).path)) is not None


def encodings(hop: Hop) -> tuple[str, ...]:
    """Return the content encodings of a response, without ``identity``."""
    found = (part.strip().lower() for part in hop.header("content-encoding").split(","))
    return tuple(one for one in found if one not in ("", "identity"))


def encoding_findings(answer: Answer) -> Findings:
    """Return what is wrong with the content encoding of an answer."""
    notes = Notebook(answer.url)
    sent = encodings(answer.last) if answer.last else ()
    if unasked := [one for one in sent if one not in answer.accepted]:
        notes.fault(
            "content-encoding",
            f"is sent as {', '.join(unasked)}, which browsers do not ask for there",
            "Store it with gzip, or not compressed; br and zstd are for https only, and only for "
            "those who ask for it.",
        )
    return notes.findings()


def plain_findings(answer: Answer) -> Findings:
    """Return what is wrong with the encoding of an answer to somebody who can decode nothing."""
    notes = Notebook(answer.url)
    sent = encodings(answer.last) if answer.last else ()
    if rare := [one for one in sent if one not in _EVERYWHERE]:
        notes.warning(
            "content-encoding",
            f"is sent as {', '.join(rare)} to those who cannot decode that, too",
            "Store it with gzip, or not compressed: objects that are stored as br go to everybody.",
        )
    return notes.findings()


def model_json_findings(answer: Answer) -> Findings:
    """Return what caches will do wrong with a ``model.json``."""
    notes = Notebook(answer.url)
    assert answer.last is not None
    rules = _rules(answer.last)
    fresh_seconds = _fresh_seconds(rules)
    if "no-store" in rules:
        pass  # small, and always new
    elif has_digest(answer.url):
        pass  # another model has another address
    elif "no-cache" in rules or fresh_seconds == 0 or _is_expired(answer.last, rules):
        if not _has_validator(answer.last):
            notes.warning(
                "no-validator",
                "has neither ETag nor Last-Modified, so it is sent again at each visit",
                "Send an ETag.",
            )
    elif fresh_seconds is None and not answer.last.header("expires"):
        notes.warning(
            "no-cache-control",
            "has no Cache-Control, so browsers use an old one for a while without asking",
            "Send Cache-Control: no-cache with model.json.",
        )
    else:
        notes.warning(
            "loses-updates",
            f"is kept without asking ({answer.last.header('cache-control') or 'Expires'}): until "
            "then pages have the old model, or the old model.json with new weights",
            "Send Cache-Control: no-cache with model.json.",
        )
    return notes.findings()


def shard_findings(answer: Answer) -> Findings:
    """Return what caches will do wrong with a file of weights."""
    notes = Notebook(answer.url)
    assert answer.last is not None
    rules = _rules(answer.last)
    fresh_seconds = _fresh_seconds(rules)
    if has_digest(answer.url):
        if "no-store" in rules or "no-cache" in rules or (fresh_seconds or 0) < _LONG_SECONDS:
            notes.warning(
                "asked-again",
                "has a name that changes with its bytes, and is asked for again all the same",
                "Send Cache-Control: public, max-age=31536000, immutable with weights.",
            )
    elif "no-store" in rules:
        notes.warning(
            "no-store",
            "may not be kept (no-store): weights are loaded again at each visit",
            "Send Cache-Control: no-cache and an ETag.",
        )
    elif fresh_seconds != 0 and "no-cache" not in rules:
        notes.warning(
            "stale-weights",
            "keeps its name when the model changes, and browsers use it without asking: a new "
            "model.json then gets old weights",
            "Name weights by their bytes, as tfjs-serve convert does, or send Cache-Control: "
            "no-cache with them.",
        )
    if (answer.size_bytes or 0) > _LARGEST_CACHED_BYTES:
        notes.warning(
            "too-large-to-cache",
            f"has more than {_LARGEST_CACHED_BYTES // MIB} MiB, which Firefox does not cache",
            "Convert with shards of 4 MiB, the default of tfjs-serve convert.",
        )
    return notes.findings()


def _rules(hop: Hop) -> dict[str, str]:
    found = (part.strip().lower() for part in hop.header("cache-control").split(","))
    named = (part.partition("=") for part in found if part)
    return {name: value.strip('"') for name, _, value in named}


def _fresh_seconds(rules: dict[str, str]) -> int | None:
    """Return how long a browser uses an answer without asking; ``None`` if nothing says it."""
    text = rules.get("max-age", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _is_expired(hop: Hop, rules: dict[str, str]) -> bool:
    """Whether ``Expires`` says that an answer is old; what is no date does (RFC 9111, 5.3)."""
    expires = hop.header("expires")
    if not expires or "max-age" in rules:
        return False
    until, sent = time_in(hop, "expires"), time_in(hop, "date")
    return until is None or (sent is not None and until <= sent)


def time_in(hop: Hop, name: str) -> datetime | None:
    """Return the time that a field of a response names; ``None`` if it names none."""
    try:
        time = parsedate_to_datetime(hop.header(name))
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def _has_validator(hop: Hop) -> bool:
    return bool(hop.header("etag") or hop.header("last-modified"))
