"""From what the catalogue and the builder tell to the events that pages get. Pure.

docs/live.md lists the members of each event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tfjs_serve.builder import BuildEvent, BuildEventKind
from tfjs_serve.catalog.catalog import CatalogChange, ChangeKind
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.settings import Variant
from tfjs_serve.web.events.hub import EventKind, ModelEvent
from tfjs_serve.web.problems import describe
from tfjs_serve.web.urls import is_servable, model_url

_OF_CHANGES = {
    ChangeKind.ADDED: EventKind.ADDED,
    ChangeKind.CHANGED: EventKind.CHANGED,
    ChangeKind.REMOVED: EventKind.REMOVED,
}
_OF_BUILDS = {
    BuildEventKind.READY: EventKind.READY,
    BuildEventKind.FAILED: EventKind.FAILED,
    BuildEventKind.STALE: EventKind.FAILED,
}


class Wording:
    """Says what has happened; knows which models share a name, as their URLs depend on it.

    Parameters
    ----------
    names
        Those of the models that are there already.
    default
        The variant that is served where none is named.
    """

    def __init__(self, names: Iterable[str], default: Variant) -> None:
        self._named = Counter(names)
        self._default = default

    def of_change(self, change: CatalogChange) -> ModelEvent:
        """Return the event for a change of the folder."""
        if change.kind is ChangeKind.ADDED:
            self._named[change.entry.name] += 1
        event = ModelEvent(
            kind=_OF_CHANGES[change.kind],
            subject=change.entry.exact_name,
            data=self._about(change.entry, None),
        )
        if change.kind is ChangeKind.REMOVED:
            self._named[change.entry.name] -= 1
            self._named += Counter()  # forgets names that are gone
        return event

    def of_build(self, told: BuildEvent) -> ModelEvent | None:
        """Return the event for what the builder tells; ``None`` if it is nothing for pages."""
        if told.kind is BuildEventKind.DIAGNOSED:
            return self._of_look(told)
        kind = _OF_BUILDS.get(told.kind)
        if kind is None:
            return None
        about = self._about(told.entry, told.variant)
        if kind is EventKind.READY:
            about |= {"generation": told.generation}
        else:
            assert told.error is not None
            is_served = told.kind is BuildEventKind.STALE
            about |= {"isServed": is_served, "error": describe(told.error)}
        subject = f"{told.entry.exact_name}@{told.variant.value}"
        return ModelEvent(kind=kind, subject=subject, data=about)

    def _of_look(self, told: BuildEvent) -> ModelEvent:
        about = self._about(told.entry, None)
        kind = EventKind.CHECKED
        if told.error is not None:
            kind = EventKind.FAILED
            about |= {"isServed": told.reason is not None, "error": describe(told.error)}
        return ModelEvent(kind=kind, subject=told.entry.exact_name, data=about)

    def _about(self, entry: CatalogEntry, variant: Variant | None) -> dict[str, Any]:
        name = entry.exact_name if self._named[entry.name] > 1 else entry.name
        url = model_url(name) if is_servable(name) else None
        about = {"name": entry.name, "exactName": entry.exact_name, "url": url}
        if variant is None:
            return about
        return {**about, "variant": variant.value, "isDefault": variant is self._default}
