"""Content negotiation by ``Accept-Encoding`` (RFC 9110, section 12.5.3). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tfjs_serve.web.representation import IDENTITY

_ELEMENT = re.compile(
    r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)"
    r"(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)
_ALIASES = {"x-gzip": "gzip", "x-compress": "compress"}


def negotiate(accept_encoding: str | None, codings: Sequence[str]) -> str:
    """Choose one of `codings`, or ``identity``.

    Parameters
    ----------
    accept_encoding
        The field, with its lines joined by commas; ``None`` if there is none.
    codings
        What the server has besides ``identity``, best first; the order decides between equal
        weights.

    Notes
    -----
    Without the field any coding would be allowed, but a client that does not say what it can decode
    gets plain bytes. ``identity`` is also the answer if nothing is acceptable: the RFC allows that,
    and a model that loads is more useful than a 406. As ``identity`` is acceptable without being
    mentioned, its weight is compared with others only if it, or ``*``, is mentioned.
    """
    if accept_encoding is None:
        return IDENTITY
    weights = parse_accept_encoding(accept_encoding)
    anything = weights.get("*", 0)
    weighed = {coding: weights.get(coding, anything) for coding in codings}
    weighed[IDENTITY] = weights.get(IDENTITY, anything)
    best = max(weighed, key=lambda coding: weighed[coding])
    return best if weighed[best] > 0 else IDENTITY


def parse_accept_encoding(field: str) -> dict[str, int]:
    """Return the weight of each coding in thousandths; malformed elements are skipped.

    If a coding is named twice, the last weight counts.
    """
    matches = (_ELEMENT.fullmatch(part.strip(" \t")) for part in field.split(","))
    named = ((match[1].lower(), match[2]) for match in matches if match)
    return {_ALIASES.get(coding, coding): _thousandths(weight) for coding, weight in named}


def _thousandths(weight: str | None) -> int:
    if weight is None:
        return 1000
    whole, _, fraction = weight.partition(".")
    return int(whole) * 1000 + int(fraction.ljust(3, "0"))
