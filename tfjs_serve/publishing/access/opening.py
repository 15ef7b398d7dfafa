"""Lets pages read a destination: by the store's API, or else in words for who can."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tfjs_serve.publishing.access import swift
from tfjs_serve.publishing.access.model import Kind, NotByApiError, Place, Readers
from tfjs_serve.publishing.access.words import to_paste
from tfjs_serve.publishing.addresses import public_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was done, and what is left to be done by hand.

    Attributes
    ----------
    done
        In words; empty if nothing was.
    why_not
        Why something is left; empty if the store simply has no API for it.
    pasted
        Commands and files for that; empty if nothing is left.
    """

    done: str = ""
    why_not: str = ""
    pasted: str = ""


async def recognised(place: Place) -> Place:
    """Return a place as what it is: Swift speaks S3, too."""
    if (
        place.kind is Kind.S3
        and place.endpoint
        and await asyncio.to_thread(swift.is_swift, place.endpoint)
    ):
        return replace(place, kind=Kind.SWIFT)
    return place


async def open_to(place: Place, readers: Readers, environment: Mapping[str, str]) -> Opened:
    """Let `readers` read what is at `place`, as far as there is an API for it."""
    place = await recognised(place)
    try:
        done, left = await _by_api(place, readers, environment)
    except NotByApiError as error:
        return Opened(why_not=str(error), pasted=to_paste(place, readers))
    except ImportError:
        package = "azure-storage-blob" if place.kind is Kind.AZURE else "botocore"
        hint = f"it takes another package: pip install {package}"
        return Opened(why_not=hint, pasted=to_paste(place, readers))
    return Opened(done=done, pasted=to_paste(place, left) if left else "")


async def _by_api(
    place: Place, readers: Readers, environment: Mapping[str, str]
) -> tuple[str, Readers]:
    """Return what was done, and who is left."""
    if place.kind is Kind.SWIFT:
        return await asyncio.to_thread(swift.let_read, place, readers, environment), Readers()
    if place.kind is Kind.AZURE:
        from tfjs_serve.publishing.access import azure

        return await asyncio.to_thread(azure.let_read, place, readers, environment), Readers()
    if place.kind in (Kind.S3, Kind.R2) and readers.origins:
        from tfjs_serve.publishing.access import s3

        # A bucket has one policy, which is its owner's: it is not changed from here.
        left = replace(readers, origins=())
        return await asyncio.to_thread(s3.let_read, place, readers, environment), left
    return "", readers


async def address_of(destination: str, place: Place, environment: Mapping[str, str]) -> str:
    """Return where pages find a bucket, as far as that is certain; empty if it is not."""
    place = await recognised(place)
    if place.kind is Kind.R2:
        return ""
    if place.kind is not Kind.SWIFT:
        return public_url(destination, place.endpoint or None, environment)
    try:
        account = await asyncio.to_thread(swift.account_at, place.endpoint, environment)
    except NotByApiError:
        return ""
    return public_url(destination, account.url, environment)
