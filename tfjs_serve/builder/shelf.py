"""The store as the builder uses it: generations under labels, and never on the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tfjs_serve.artifacts.model import Artifact, ArtifactFile, ArtifactKey, MisreportedFilesError
from tfjs_serve.artifacts.store import ArtifactStore
from tfjs_serve.builder.lanes import LARGE_BYTES, Lanes
from tfjs_serve.builder.recent import Recent
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import (
    FileGoneError,
    FileNotInModelError,
    StoreError,
    WorkerCrashedError,
)
from tfjs_serve.settings import MODEL_JSON, ConversionLimits, ServerSettings, Variant
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest

_log = logging.getLogger(__name__)

_FILES_REMEMBERED = 4096

_Place = tuple[str, Variant, str]
"""Name of the model, variant and name of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One entry in one variant, with the labels of its generations.

    A file's shards must be found by its short name as well as by its exact one, also when the
    file has gone or the name has become ambiguous meanwhile: so each generation has both labels.
    """

    entry: CatalogEntry
    variant: Variant
    exact_label: str
    name_label: str


class Shelf:
    """The artifacts of one models folder in a store that others may share."""

    def __init__(self, store: ArtifactStore, settings: ServerSettings) -> None:
        self._store = store
        self._settings = settings
        self._lanes = Lanes("tfjs-serve-shelf")
        self._found: Recent[_Place, ArtifactKey] = Recent(_FILES_REMEMBERED)

    def job(self, entry: CatalogEntry, variant: Variant) -> Job:
        """Return `entry` in `variant` with its labels."""
        exact_label, name_label = self._labels(entry.exact_name, entry.name, variant)
        return Job(entry=entry, variant=variant, exact_label=exact_label, name_label=name_label)

    async def get(self, key: ArtifactKey) -> Artifact | None:
        """Return the artifact of that key, if it is there and its documents are intact."""
        return await asyncio.to_thread(self._get, key)

    async def record(self, job: Job, artifact: Artifact) -> None:
        """Note that `artifact` is the newest generation of `job`."""
        for label in (job.name_label, job.exact_label):
            await asyncio.to_thread(self._store.record_generation, label, artifact.key)
        for name in {job.entry.name, job.entry.exact_name}:
            for file in artifact.files:
                self._found.put((name, job.variant, file.name), artifact.key)

    async def newest(self, job: Job) -> Artifact | None:
        """Return the newest generation of `job` that is still there."""
        return await asyncio.to_thread(self._newest, job.exact_label)

    async def find_file(
        self, entry_name: str, variant: Variant, file_name: str
    ) -> tuple[Artifact, ArtifactFile]:
        """Find a file in any generation of a model, its bytes intact.

        Raises
        ------
        FileGoneError
            A generation had it, and is not there any more.
        FileNotInModelError
            No generation that is known of had it.
        """
        place = (entry_name, variant, file_name)
        last_found = self._found.get(place)
        artifact, is_known = await asyncio.to_thread(self._search, place, last_found)
        if artifact is None:
            raise _gone(place) if is_known else _never_there(place)
        self._found.put(place, artifact.key)
        return artifact, artifact.by_name[file_name]

    @asynccontextmanager
    async def staged(self) -> AsyncIterator[Path]:
        """Give an empty folder to write an artifact into; what is not published is removed."""
        stage = self._store.stage()
        directory = await asyncio.to_thread(stage.__enter__)
        try:
            yield directory
        finally:
            await asyncio.to_thread(stage.__exit__, None, None, None)

    async def publish(
        self, key: ArtifactKey, request: ConversionRequest, report: ConversionReport
    ) -> Artifact:
        """Check the files in the folder of `request` against `report`, and publish them.

        Raises
        ------
        WorkerCrashedError
            They are not what `report` says, or more than `request` allows.
        """
        publish, directory = self._store.publish, Path(request.output_dir)
        try:
            files = _listed_files(report, request.limits)
            size_bytes = sum(file.size_bytes for file in files)
            return await self._lanes.run(
                size_bytes, publish, key, directory, files, report.warnings
            )
        except MisreportedFilesError as error:
            # Not a failure of the store, which may pass: the same file would end like this again.
            raise WorkerCrashedError(
                f"{request.display_name}: {error.message}",
                hint="the file may be damaged: save the model again; "
                "if that does not help, please report it",
            ) from error

    async def prune(self) -> None:
        """Remove what exceeds the store's limit; a failure harms nobody and is logged."""
        try:
            await self._lanes.run(LARGE_BYTES, self._store.prune)
        except StoreError as error:
            _log.warning("the cache could not be cleaned up: %s", error)

    def close(self) -> None:
        """Begin nothing any more."""
        self._lanes.close()

    def _get(self, key: ArtifactKey) -> Artifact | None:
        artifact = self._store.get(key)
        if artifact is None:
            return None
        documents = (file for file in artifact.files if file.name.startswith(MODEL_JSON))
        is_intact = all(self._store.is_intact(artifact, file) for file in documents)
        return artifact if is_intact else None

    def _newest(self, label: str) -> Artifact | None:
        kept = (self._get(key) for key in self._store.generations(label))
        return next((artifact for artifact in kept if artifact is not None), None)

    def _search(
        self, place: _Place, last_found: ArtifactKey | None
    ) -> tuple[Artifact | None, bool]:
        """Return an artifact that has the file, and whether any is known to have had it.

        Looks first where it was the last time, then in what is kept, newest first, then in what
        is only remembered: that may still be there, as long as the cache has room.
        """
        entry_name, variant, file_name = place
        labels = self._labels(entry_name, entry_name, variant)
        is_known = last_found is not None
        if last_found is not None and (artifact := self._with_file(last_found, file_name)):
            return artifact, True
        for key in chain.from_iterable(map(self._store.generations, labels)):
            if artifact := self._with_file(key, file_name):
                return artifact, True
        for label in labels:
            for key in self._store.generations_with(label, file_name):
                is_known = True
                if artifact := self._with_file(key, file_name):
                    return artifact, True
        return None, is_known

    def _with_file(self, key: ArtifactKey, file_name: str) -> Artifact | None:
        """Return the artifact of that key if it has the file, with its bytes as published."""
        artifact = self._store.get(key)
        file = artifact.by_name.get(file_name) if artifact is not None else None
        if artifact is None or file is None or not self._store.is_intact(artifact, file):
            return None
        return artifact

    def _labels(self, exact_name: str, name: str, variant: Variant) -> tuple[str, str]:
        models_dir = self._settings.models_dir.as_posix()
        options = f"{variant.value}|{self._settings.shard_size_bytes}"
        return (
            f"file|{models_dir}/{exact_name}|{options}",
            f"name|{models_dir}/{name}|{options}",
        )


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


def _listed_files(report: ConversionReport, limits: ConversionLimits) -> tuple[ArtifactFile, ...]:
    if len(report.files) > limits.files:
        raise MisreportedFilesError(f"the result of the conversion has {len(report.files)} files")
    size_bytes = sum(file.size_bytes for file in report.files)
    if size_bytes > limits.written_bytes:
        raise MisreportedFilesError(f"the result of the conversion has {size_bytes} bytes")
    if MODEL_JSON not in (file.name for file in report.files):
        raise MisreportedFilesError(f"the result of the conversion holds no {MODEL_JSON}")
    return tuple(
        ArtifactFile(name=file.name, size_bytes=file.size_bytes, sha256=file.sha256)
        for file in report.files
    )
