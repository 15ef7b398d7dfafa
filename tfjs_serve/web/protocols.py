"""What this room needs from the catalogue, the builder, and what saves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from tfjs_serve.artifacts.model import Artifact, ArtifactFile
from tfjs_serve.builder import Build, BuildEvent, EntryStatus, KeptGeneration
from tfjs_serve.catalog.catalog import CatalogChange
from tfjs_serve.catalog.model import CatalogEntry, FileStamp
from tfjs_serve.catalog.others import NotAModel
from tfjs_serve.catalog.places import Place
from tfjs_serve.settings import Variant
from tfjs_serve.sightings import Sightings


class CatalogService(Protocol):
    """Knows which models exist."""

    @property
    def entries(self) -> Sequence[CatalogEntry]:
        """What was last found."""

    @property
    def others(self) -> Sequence[NotAModel]:
        """What looks like a model and is none."""

    async def refresh(self) -> tuple[CatalogEntry, ...]:
        """Look for changes, and return all entries."""

    async def lookup(
        self, name: str, *, suggest: bool = True, sightings: Sightings | None = None
    ) -> CatalogEntry:
        """Return the model called `name`; `suggest` similar names if there is none.

        All that the result depends on is noted in `sightings`, here and below.

        Raises
        ------
        ModelNotFoundError, AmbiguousNameError
            The name means no model, or several.
        """

    def subscribe(self, callback: Callable[[CatalogChange], None]) -> Callable[[], None]:
        """Call `callback` for each change; returns a function that ends this."""


class BuilderService(Protocol):
    """Makes artifacts from entries."""

    async def build(
        self, entry: CatalogEntry, variant: Variant, sightings: Sightings | None = None
    ) -> Build:
        """Return the artifact of `entry`, converting it first if necessary."""

    async def generations(self, entry: CatalogEntry, variant: Variant) -> Sequence[KeptGeneration]:
        """Return the latest versions of `entry` whose files still exist, newest first."""

    def status(self, entry: CatalogEntry, variant: Variant) -> EntryStatus:
        """Return what is known about `entry`, without looking at any file."""

    def subscribe(self, listener: Callable[[BuildEvent], None]) -> Callable[[], None]:
        """Call `listener` with every event; returns a function that ends this."""

    def watch(self, watcher: Callable[[str], object]) -> None:
        """Call `watcher` with the exact name of each entry whose status may have changed."""

    async def find_file(
        self,
        entry_name: str,
        variant: Variant,
        file_name: str,
        sightings: Sightings | None = None,
    ) -> tuple[Artifact, ArtifactFile]:
        """Find a file in this or an earlier generation of a model; never converts.

        Raises
        ------
        FileGoneError
            A generation had it, but is gone; building the model again may bring it back.
        FileNotInModelError
            No known generation had it.
        """


class SavedModel(Protocol):
    """What was saved."""

    @property
    def exact_name(self) -> str:
        """The path of the file below the models folder."""

    @property
    def backup(self) -> str:
        """The name of the former file now; empty if there was none."""

    @property
    def stamp(self) -> FileStamp | None:
        """The identity of the file."""

    @property
    def notes(self) -> Sequence[str]:
        """What users should know."""


class SaverService(Protocol):
    """Puts models into the watched folder."""

    async def place(self, name: str) -> Place:
        """Return the file that a model called `name` would be saved in now.

        Raises
        ------
        CannotSaveHereError, AmbiguousNameError
            There is none.
        """

    def upload(self) -> AbstractAsyncContextManager[Path]:
        """Provide an empty folder for what is sent, when it is its turn."""

    def turn(self, name: str) -> AbstractAsyncContextManager[Place]:
        """Provide the place of a model; nobody else saves there at the same time."""

    async def save(self, place: Place, folder: Path) -> SavedModel:
        """Make the model in `folder` that of `place`, whose turn it is.

        Raises
        ------
        TfjsServeError
            It is not saved, and everything is as it was.
        """
