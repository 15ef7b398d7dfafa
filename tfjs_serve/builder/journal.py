"""What happened to each entry: remembered for later requests, and reported to listeners."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from tfjs_serve.artifacts.model import Artifact
from tfjs_serve.builder.job import Job
from tfjs_serve.builder.model import (
    BuildEvent,
    BuildEventKind,
    EntryState,
    EntryStatus,
    Listener,
)
from tfjs_serve.builder.outcomes import Diagnosis, Outcome, is_passing
from tfjs_serve.builder.recent import Recent
from tfjs_serve.builder.stamps import Stamps
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.settings import Variant
from tfjs_serve.worker.protocol import Progress

_log = logging.getLogger(__name__)

_OUTCOMES_REMEMBERED = 4096
_FOUND = EntryStatus(state=EntryState.FOUND)
_Key = tuple[str, Variant]
"""Exact name and variant of an entry."""


class Journal:
    """Records outcomes and progress; used on the event loop, and touches no files."""

    def __init__(self) -> None:
        self._outcomes: Recent[_Key, Outcome] = Recent(_OUTCOMES_REMEMBERED)
        self._diagnoses: dict[str, Diagnosis] = {}
        self._progress: dict[_Key, float | None] = {}
        self._listeners: list[Listener] = []
        self._watchers: list[Callable[[str], object]] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from now on; returns a function that ends this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def watch(self, watcher: Callable[[str], object]) -> None:
        """Call `watcher` with the exact name of each entry whose status may have changed."""
        self._watchers.append(watcher)

    def status(self, entry: CatalogEntry, variant: Variant) -> EntryStatus:
        """Return what is known of an entry in a variant."""
        key = entry.exact_name, variant
        diagnosis = self._diagnoses.get(entry.exact_name)
        looked_at = diagnosis is not None and diagnosis.stamps == entry.stamps
        before = diagnosis.status if diagnosis is not None and looked_at else _FOUND
        if key in self._progress:
            return EntryStatus(
                state=EntryState.CONVERTING, progress=self._progress[key], facts=before.facts
            )
        outcome = self._outcomes.get(key)
        if outcome is None or not outcome.describes(entry.stamps, time.monotonic()):
            return before
        artifact = outcome.artifact
        return EntryStatus(
            state=outcome.state,
            error=outcome.error,
            notes=artifact.notes if artifact is not None else (),
            facts=artifact.facts if artifact is not None else None,
            is_passing=outcome.error is not None and is_passing(outcome.error),
        )

    def diagnosed(self, entry: CatalogEntry, diagnosis: Diagnosis) -> None:
        """Record what a look at a model has found."""
        self._diagnoses[entry.exact_name] = diagnosis
        self._touch(entry.exact_name)
        self._emit(
            BuildEvent(
                kind=BuildEventKind.DIAGNOSED,
                entry=entry,
                variant=Variant.FULL,
                error=diagnosis.status.error,
                reason=_stale_reason(diagnosis.status),
            )
        )

    def forget_diagnosis(self, exact_name: str) -> None:
        """Forget what a look at a model that is gone has found."""
        self._diagnoses.pop(exact_name, None)

    def settled(self, job: Job, stamps: Stamps) -> Outcome | None:
        """Return the outcome for exactly these files, if they need not be tried again."""
        outcome = self._outcomes.get(_key(job))
        return outcome if outcome is not None and outcome.settles(stamps) else None

    def served(self, job: Job) -> Artifact | None:
        """Return what was last served, whether of the newest file or of an earlier one."""
        outcome = self._outcomes.get(_key(job))
        return outcome.artifact if outcome is not None else None

    def started(self, job: Job) -> None:
        """Record that a conversion begins."""
        self._note_progress(job, None)
        self._emit(BuildEvent(kind=BuildEventKind.STARTED, entry=job.entry, variant=job.variant))

    def progressed(self, job: Job, progress: Progress) -> None:
        """Record how far the conversion has got."""
        total_bytes = progress.total_bytes
        share = min(1.0, progress.done_bytes / total_bytes) if total_bytes else 1.0
        self._note_progress(job, share)
        self._emit(
            BuildEvent(
                kind=BuildEventKind.PROGRESS, entry=job.entry, variant=job.variant, progress=share
            )
        )

    def ended(self, job: Job) -> None:
        """Record that the conversion is over, successful or not."""
        self._progress.pop(_key(job), None)
        self._touch(job.entry.exact_name)

    def ready(self, job: Job, stamps: Stamps, artifact: Artifact, seconds: float | None) -> None:
        """Record that these files can be served."""
        outcome = Outcome(
            state=EntryState.READY, stamps=stamps, artifact=artifact, at_seconds=time.monotonic()
        )
        event = BuildEvent(
            kind=BuildEventKind.READY,
            entry=job.entry,
            variant=job.variant,
            seconds=seconds,
            size_bytes=sum(file.size_bytes for file in artifact.files),
            notes=artifact.notes,
            needs_layers=artifact.facts.needs_layers,
            generation=artifact.key.short,
        )
        self._note(job, outcome, event)

    def failed(
        self, job: Job, stamps: Stamps, error: TfjsServeError, last_good: Artifact | None
    ) -> None:
        """Record that these files cannot be served, and what is served instead, if anything."""
        outcome = Outcome(
            state=EntryState.STALE if last_good else EntryState.FAILED,
            stamps=stamps,
            artifact=last_good,
            error=error,
            at_seconds=time.monotonic(),
        )
        event = BuildEvent(
            kind=BuildEventKind.STALE if last_good else BuildEventKind.FAILED,
            entry=job.entry,
            variant=job.variant,
            error=error,
            reason=error.message if last_good else None,
        )
        self._note(job, outcome, event)

    def is_newest(self, job: Job, artifact: Artifact) -> bool:
        """Whether `artifact` is the one that was last reported as ready."""
        outcome = self._outcomes.get(_key(job))
        if outcome is None:
            return False
        return (outcome.state, outcome.key) == (EntryState.READY, artifact.key)

    def _note_progress(self, job: Job, share: float | None) -> None:
        self._progress[_key(job)] = share
        self._touch(job.entry.exact_name)

    def _touch(self, exact_name: str) -> None:
        for watcher in self._watchers:
            watcher(exact_name)

    def _note(self, job: Job, outcome: Outcome, event: BuildEvent) -> None:
        last = self._outcomes.get(_key(job))
        forgotten = self._outcomes.put(_key(job), outcome)
        if forgotten is not None:
            self._touch(forgotten[0])
        self._touch(job.entry.exact_name)
        if outcome.is_news_after(last):
            self._emit(event)

    def _emit(self, event: BuildEvent) -> None:
        for listener in tuple(self._listeners):
            self._tell(listener, event)

    def _tell(self, listener: Listener, event: BuildEvent) -> None:
        try:
            listener(event)
        except Exception:  # noqa: BLE001 - a display that fails must not fail a conversion
            _log.exception("a listener of build events failed")


def _stale_reason(status: EntryStatus) -> str | None:
    is_stale = status.state is EntryState.STALE
    return status.error.message if is_stale and status.error is not None else None


def _key(job: Job) -> _Key:
    return job.entry.exact_name, job.variant
