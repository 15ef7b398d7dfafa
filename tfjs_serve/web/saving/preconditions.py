"""Whether a model may be replaced, by ``If-Match`` and ``If-None-Match``. Pure."""

from __future__ import annotations

from collections.abc import Collection

from tfjs_serve.web.conditional import Conditions, matches

_UNKNOWN = ""
"""Stands for the tag of a file that cannot be served: there is one, but no field names it."""


def may_save(conditions: Conditions, etags: Collection[str] | None) -> bool:
    """Whether the conditions of a request hold (RFC 9110, sections 13.1.1 and 13.1.2).

    Parameters
    ----------
    etags
        Entity tags of the ``model.json`` that is served now, one for each content coding; empty if
        the file cannot be served as it is; ``None`` if there is no model.
    """
    tags = [] if etags is None else [*etags, _UNKNOWN]
    match, none_match = conditions.if_match, conditions.if_none_match
    if match is not None and not any(matches(match, tag, weak=False) for tag in tags):
        return False
    return none_match is None or not any(matches(none_match, tag, weak=True) for tag in tags)


def is_conditional(conditions: Conditions) -> bool:
    """Whether the entity tags have to be known."""
    return conditions.if_match is not None or conditions.if_none_match is not None
