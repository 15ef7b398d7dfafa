"""The nouns of access to a destination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from tfjs_serve.errors import SettingsError

ANY = "*"


class Kind(Enum):
    """What keeps the files, as far as it matters for who may read them."""

    FOLDER = "folder"
    S3 = "s3"
    R2 = "r2"
    SWIFT = "swift"
    AZURE = "az"
    GOOGLE = "gs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A destination.

    Attributes
    ----------
    bucket
        Name of the bucket or container; empty for folders.
    prefix
        Below it, without slashes at its ends.
    endpoint
        Where the store is, unless it is the cloud's own.
    """

    kind: Kind
    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Who is to be able to read.

    Attributes
    ----------
    origins
        Sites whose pages may; ``*`` stands for all, and nothing for no change.
    is_public
        Whether everybody is to be allowed to; if not, nothing changes.
    """

    origins: tuple[str, ...] = ()
    is_public: bool = False

    def __bool__(self) -> bool:
        return bool(self.origins) or self.is_public


class NotByApiError(Exception):
    """The store has no API for it, or it cannot be used from here; the reason as a clause."""


def check_readers(place: Place, readers: Readers) -> None:
    """Raise :class:`SettingsError` for what makes no sense together."""
    if readers.is_public and place.kind is Kind.FOLDER:
        raise SettingsError(
            "--make-public is for buckets", hint="let a web server hand out the folder"
        )


def place_of(destination: str, endpoint: str | None) -> Place:
    """Return the place that a destination on the command line means.

    Whether what speaks S3 at an endpoint is Swift, only a question to it tells.
    """
    parts = urlsplit(destination)
    kinds = {"s3": Kind.S3, "az": Kind.AZURE, "gs": Kind.GOOGLE}
    if parts.scheme not in kinds:
        return Place(kind=Kind.FOLDER)
    host = urlsplit(endpoint or "").hostname or ""
    is_r2 = host.endswith(".r2.cloudflarestorage.com")
    return Place(
        kind=Kind.R2 if is_r2 else kinds[parts.scheme],
        bucket=parts.netloc,
        prefix=parts.path.strip("/"),
        endpoint=(endpoint or "").rstrip("/"),
    )


def with_origins(there: Sequence[str], origins: Sequence[str]) -> tuple[str, ...]:
    """Return the origins that are allowed when `origins` are, too; ``*`` makes others needless."""
    both = tuple(dict.fromkeys((*there, *origins)))
    return (ANY,) if ANY in both else both
