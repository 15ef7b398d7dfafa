"""Whether a model may be replaced, by ``If-Match`` and ``If-None-Match``. Pure."""

from __future__ import annotations

from collections.abc import Collection

from tfjs_serve.web.conditional import Conditions, parse_etags

_ANY = "*"


def may_save(conditions: Conditions, etags: Collection[str] | None) -> bool:
    """Whether the conditions of a request hold (RFC 9110, sections 13.1.1 and 13.1.2).

    Parameters
    ----------
    etags
        Entity tags of the ``model.json`` that is served now, one for each content coding; empty if
        the file cannot be served as it is; ``None`` if there is no model.
    """
    if conditions.if_match is not None and not _names(conditions.if_match, etags):
        return False
    return conditions.if_none_match is None or not _names(conditions.if_none_match, etags)


def is_conditional(conditions: Conditions) -> bool:
    """Whether the entity tags have to be known."""
    return conditions.if_match is not None or conditions.if_none_match is not None


def _names(field: str, etags: Collection[str] | None) -> bool:
    if field.strip(" \t") == _ANY:
        return etags is not None
    return not set(parse_etags(field)).isdisjoint(etags or ())
