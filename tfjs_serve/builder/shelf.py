"""The store as the builder uses it: generations by label, and never blocking the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey, MisreportedFilesError
from tfjs_serve.artifacts.record import check_staged
from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.builder.job import Job
from tfjs_serve.builder.lanes import LARGE_BYTES, Lanes
from tfjs_serve.builder.model import KeptGeneration
from tfjs_serve.builder.recent import Recent
from tfjs_serve.builder.stamps import Stamps, read_stamps
from tfjs_serve.builder.unchanged import known_digest
from tfjs_serve.builder.workplace import Workplace, listed_files
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.companion import SCRIPT_PREFIX
from tfjs_serve.errors import (
    FileGoneError,
    FileNotInModelError,
    StoreError,
    WorkerCrashedError,
)
from tfjs_serve.neighbours import NEIGHBOURS, PROOF_JSON
from tfjs_serve.settings import MODEL_JSON, ServerSettings, Variant
from tfjs_serve.sightings import Sightings
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest

_log = logging.getLogger(__name__)

T = TypeVar("T")

_FILES_REMEMBERED = 4096
_MOST_GENERATIONS = 20
"""How many are told: a training may save all day."""
_DOCUMENTS = (MODEL_JSON, SCRIPT_PREFIX, PROOF_JSON, *NEIGHBOURS)
"""How the names begin of what is served as a whole, compressed or not."""

_Place = tuple[str, Variant, str]
"""Name of the model, variant, and name of the file."""


class Shelf:
    """The artifacts of one models folder, in a store that may be shared."""

    def __init__(self, store: ArtifactStore, settings: ServerSettings) -> None:
        self._store = store
        self._settings = settings
        self._lanes = Lanes("tfjs-serve-shelf")
        self._found: Recent[_Place, ArtifactKey] = Recent(_FILES_REMEMBERED)

    def job(self, entry: CatalogEntry, variant: Variant) -> Job:
        """Return `entry` in `variant` with its labels."""
        exact_label, name_label = self._labels(entry.exact_name, entry.name, variant)
        return Job(entry=entry, variant=variant, exact_label=exact_label, name_label=name_label)

    async def get(self, key: ArtifactKey, sightings: Sightings | None = None) -> Artifact | None:
        """Return the artifact of that key, if it exists and its documents are intact.

        Parameters
        ----------
        sightings
            To note that it exists.
        """
        return await asyncio.to_thread(self._get, key, sightings)

    async def unchanged(
        self, job: Job, key_of: Callable[[str], ArtifactKey]
    ) -> tuple[Stamps, Artifact] | None:
        """Return what an earlier process made of files that have not changed since.

        Parameters
        ----------
        key_of
            Returns the key of what is made of files with that digest.

        Returns
        -------
        tuple or None
            The identities that the files have now, and the artifact, which is recorded as the
            newest generation of `job`.

        Raises
        ------
        TfjsServeError
            The files are gone or cannot be accessed, or the cache cannot be used.
        """
        found = await asyncio.to_thread(self._unchanged, job, key_of)
        if found is not None:
            self._remember(job, found[1])
        return found

    async def record(self, job: Job, artifact: Artifact, made_of: str) -> None:
        """Record that `artifact` is the newest generation of `job`, and what it was made of."""
        await asyncio.to_thread(self._record, job, artifact.key, made_of)
        self._remember(job, artifact)

    def _remember(self, job: Job, artifact: Artifact) -> None:
        for name in {job.entry.name, job.entry.exact_name}:
            for file in artifact.files:
                self._found.put((name, job.variant, file.name), artifact.key)

    async def newest(self, job: Job) -> Artifact | None:
        """Return the newest generation of `job` that still exists."""
        return await asyncio.to_thread(self._newest, job.exact_label)

    async def generations(self, job: Job) -> tuple[KeptGeneration, ...]:
        """Return the latest generations of `job` that still exist, newest first."""
        return await asyncio.to_thread(self._generations, job.exact_label)

    async def find_file(
        self,
        entry_name: str,
        variant: Variant,
        file_name: str,
        sightings: Sightings | None = None,
    ) -> tuple[Artifact, ArtifactFile]:
        """Find an intact file in any generation of a model.

        Parameters
        ----------
        sightings
            To note the file.

        Raises
        ------
        FileGoneError
            A generation had it, but is gone.
        FileNotInModelError
            No known generation had it.
        """
        place = (entry_name, variant, file_name)
        last_found = self._found.get(place)
        artifact, is_known = await asyncio.to_thread(self._search, place, last_found, sightings)
        if artifact is None:
            raise _gone(place) if is_known else _never_there(place)
        self._found.put(place, artifact.key)
        return artifact, artifact.by_name[file_name]

    @asynccontextmanager
    async def staged(self) -> AsyncIterator[Path]:
        """Provide an empty folder, which is removed at the end if it is not published."""
        stage = self._store.stage()
        directory = await asyncio.to_thread(stage.__enter__)
        try:
            yield directory
        finally:
            await asyncio.to_thread(stage.__exit__, None, None, None)

    @asynccontextmanager
    async def workplace(self) -> AsyncIterator[Workplace]:
        """Provide the folders of a conversion, which are removed at the end."""
        async with self.staged() as folder:
            place = Workplace(folder=folder)
            await asyncio.to_thread(self._prepare, place)
            yield place

    async def publish(
        self,
        key: ArtifactKey,
        place: Workplace,
        request: ConversionRequest,
        report: ConversionReport,
    ) -> Artifact:
        """Check the files that `report` lists, and publish them.

        Raises
        ------
        WorkerCrashedError
            The files are not as reported, or exceed the limits of `request`.
        """
        return await self._judge(request, report, partial(self._publish, key, place))

    async def check(
        self, place: Workplace, request: ConversionRequest, report: ConversionReport
    ) -> tuple[ArtifactFile, ...]:
        """Check the files that `report` lists, and leave them in the folder of `place`.

        Raises
        ------
        WorkerCrashedError
            The files are not as reported, or exceed the limits of `request`.
        """
        return await self._judge(request, report, partial(_check, place))

    async def _judge(
        self,
        request: ConversionRequest,
        report: ConversionReport,
        judge: Callable[[ConversionReport, tuple[ArtifactFile, ...]], T],
    ) -> T:
        """Call `judge` with the report and its files, in a thread."""
        try:
            files = listed_files(report, request)
            size_bytes = sum(f.size_bytes for f in files if f.sha256 not in report.copied)
            return await self._lanes.run(size_bytes, judge, report, files)
        except MisreportedFilesError as error:
            # This is not a passing failure of the store: the same file would fail again.
            raise WorkerCrashedError(
                f"{request.display_name}: {error.message}",
                hint="the file may be damaged: save the model again; "
                "if that does not help, please report it",
            ) from error

    def _prepare(self, place: Workplace) -> None:
        with self._store.errors():
            place.prepare()

    def _publish(
        self,
        key: ArtifactKey,
        place: Workplace,
        report: ConversionReport,
        files: tuple[ArtifactFile, ...],
    ) -> Artifact:
        with self._store.errors():
            files = place.gather(report, files)
        return self._store.publish(
            key, place.folder, files, report.warnings, facts=report.facts, known=report.copied
        )

    async def prune(self) -> None:
        """Remove what exceeds the store's limit; a failure does no harm and is logged."""
        try:
            await self._lanes.run(LARGE_BYTES, self._store.prune)
        except StoreError as error:
            _log.warning("the cache could not be cleaned up: %s", error)

    def close(self) -> None:
        """Start no new work."""
        self._lanes.close()

    def _get(self, key: ArtifactKey, sightings: Sightings | None = None) -> Artifact | None:
        if sightings is not None:
            directory = self._store.directory(key)
            sightings.file(directory)
            sightings.file(directory / MODEL_JSON)
        artifact = self._store.get(key)
        if artifact is None:
            return None
        documents = (file for file in artifact.files if file.name.startswith(_DOCUMENTS))
        is_intact = all(self._store.is_intact(artifact, file) for file in documents)
        return artifact if is_intact else None

    def _unchanged(
        self, job: Job, key_of: Callable[[str], ArtifactKey]
    ) -> tuple[Stamps, Artifact] | None:
        stamps = read_stamps(job.entry)
        newest = next(iter(self._store.generation_log(job.exact_label)), None)
        digest = known_digest(newest.made_of, stamps) if newest is not None else None
        artifact = self._get(key_of(digest)) if digest is not None else None
        if newest is None or artifact is None:
            return None
        self._record(job, artifact.key, newest.made_of)
        return stamps, artifact

    def _record(self, job: Job, key: ArtifactKey, made_of: str) -> None:
        self._store.record_generation(job.name_label, key)
        self._store.record_generation(job.exact_label, key, made_of)

    def _newest(self, label: str) -> Artifact | None:
        kept = (self._get(key) for key in self._store.generations(label))
        return next((artifact for artifact in kept if artifact is not None), None)

    def _generations(self, label: str) -> tuple[KeptGeneration, ...]:
        log = self._store.generation_log(label)[:_MOST_GENERATIONS]
        kept = ((self._store.get(one.key), one.recorded_at) for one in log)
        return tuple(
            KeptGeneration(artifact=artifact, recorded_at=when)
            for artifact, when in kept
            if artifact is not None
        )

    def _search(
        self, place: _Place, last_found: ArtifactKey | None, sightings: Sightings | None
    ) -> tuple[Artifact | None, bool]:
        """Return an artifact that has the file, and whether any is known to have had it.

        Looks first where the file was last found, then in the generations within the grace time,
        newest first, and then in older ones, which may still exist while the cache has room.
        """
        entry_name, variant, file_name = place
        labels = self._labels(entry_name, entry_name, variant)
        is_known = last_found is not None
        with_file = partial(self._with_file, file_name=file_name, sightings=sightings)
        if last_found is not None and (artifact := with_file(last_found)):
            return artifact, True
        for key in chain.from_iterable(map(self._store.generations, labels)):
            if artifact := with_file(key):
                return artifact, True
        for label in labels:
            for key in self._store.generations_with(label, file_name):
                is_known = True
                if artifact := with_file(key):
                    return artifact, True
        return None, is_known

    def _with_file(
        self, key: ArtifactKey, file_name: str, sightings: Sightings | None
    ) -> Artifact | None:
        """Return the artifact of that key if it has the file and the file is intact."""
        artifact = self._store.get(key)
        file = artifact.by_name.get(file_name) if artifact is not None else None
        if artifact is None or file is None:
            return None
        if sightings is not None:
            sightings.file(artifact.path(file))
        return artifact if self._store.is_intact(artifact, file) else None

    def _labels(self, exact_name: str, name: str, variant: Variant) -> tuple[str, str]:
        models_dir = self._settings.models_dir.as_posix()
        options = f"{variant.value}|{self._settings.shard_size_bytes}"
        return (
            f"file|{models_dir}/{exact_name}|{options}",
            f"name|{models_dir}/{name}|{options}",
        )


def _check(
    place: Workplace, report: ConversionReport, files: tuple[ArtifactFile, ...]
) -> tuple[ArtifactFile, ...]:
    files = place.gather(report, files)
    check_staged(place.folder, files, report.copied)
    return files


def _gone(place: _Place) -> FileGoneError:
    entry_name, _, file_name = place
    return FileGoneError(
        f"{file_name!r} belongs to a version of the model {entry_name!r} that is gone",
        hint="load model.json again: it names the files of the version that is served now; "
        "--grace says how long earlier versions stay",
    )


def _never_there(place: _Place) -> FileNotInModelError:
    entry_name, _, file_name = place
    return FileNotInModelError(
        f"no version of the model {entry_name!r} has a file {file_name!r}",
        hint="load model.json again: it names the files that belong to it",
    )
