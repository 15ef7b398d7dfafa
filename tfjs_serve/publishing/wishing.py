"""What is to be at a destination, from what models became."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from tfjs_serve.publishing.model import Destination, IsMine
from tfjs_serve.publishing.models import Built
from tfjs_serve.publishing.publish import Wish
from tfjs_serve.publishing.site import model_files
from tfjs_serve.publishing.site_files import site_files

_NO_FOLDER = ""
"""Files about all models belong to each publish."""


def published(built: Built, *, is_all: bool) -> IsMine:
    """Return which folders belong to a publish; those of refused models stay as they are.

    Parameters
    ----------
    is_all
        Whether these are all models, so that no others are to stay.
    """
    return lambda folder: (
        folder in built.artifacts
        or folder == _NO_FOLDER
        or (is_all and folder not in built.refused)
    )


def taken_back(names: Collection[str]) -> IsMine:
    """Return which folders go when models are taken back: those named, in all forms, or all."""
    return lambda folder: (
        not names or folder in (_NO_FOLDER, *names) or folder.rpartition("@")[0] in names
    )


async def wish_for(
    destination: Destination,
    built: Built,
    is_mine: IsMine,
    *,
    origins: Sequence[str] = (),
    removes_after_seconds: float | None,
) -> Wish:
    """Return what is to be at a destination.

    Parameters
    ----------
    origins
        Sites whose pages are to be able to read it; if there are none, that stays as it is.
    removes_after_seconds
        How long files that no model needs any more stay; ``None`` removes nothing.
    """
    keeps_headers = destination.keeps_headers
    files = [
        file
        for folder, artifact in built.artifacts.items()
        for file in model_files(folder, artifact, keeps_headers=keeps_headers)
    ]
    if not keeps_headers:  # it is a folder, and its web server may read them there
        files += await site_files(destination, built, is_mine, origins)
    again = partial(
        wish_for,
        destination,
        built,
        is_mine,
        origins=origins,
        removes_after_seconds=removes_after_seconds,
    )
    return Wish(
        files=files,
        is_mine=is_mine,
        removes_after_seconds=removes_after_seconds,
        renew=None if keeps_headers else again,
    )
