"""From what a URL names to the model or file that it means."""

from __future__ import annotations

from tfjs_serve.artifacts.model import Artifact, ArtifactFile
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import (
    AmbiguousNameError,
    FileGoneError,
    FileNotInModelError,
    ModelNotFoundError,
    TfjsServeError,
)
from tfjs_serve.settings import Variant
from tfjs_serve.sightings import Sightings
from tfjs_serve.web.services import Services
from tfjs_serve.web.urls import ModelAddress, ModelFile, page_url
from tfjs_serve.web.variants import effective_variant, possible_variants


async def lookup(
    services: Services,
    addresses: tuple[ModelAddress, ...],
    *,
    suggest: bool = True,
    sightings: Sightings | None = None,
) -> tuple[CatalogEntry, Variant]:
    """Return the first entry that an address leads to, and the variant that it means.

    Raises
    ------
    ModelNotFoundError, AmbiguousNameError, VariantNotAvailableError
        There is none; the error is that of the last address.
    """
    error = ModelNotFoundError("there is no such model")
    for address in addresses:
        is_last = address is addresses[-1]
        try:
            entry = await services.catalog.lookup(
                address.name, suggest=suggest and is_last, sightings=sightings
            )
        except ModelNotFoundError as not_found:
            error = not_found
        else:
            default = services.settings.default_variant
            return entry, effective_variant(entry, address.variant, default)
    raise error


async def find_file(
    services: Services, target: ModelFile, sightings: Sightings | None = None
) -> tuple[Artifact, ArtifactFile]:
    """Return the first file that an address leads to.

    Raises
    ------
    FileGoneError, FileNotInModelError, ModelNotFoundError
        There is none.
    """
    error: TfjsServeError = FileNotInModelError("there is no such file or model")
    for address in target.addresses:
        for variant in possible_variants(address.variant, services.settings.default_variant):
            try:
                return await services.builder.find_file(
                    address.name, variant, target.file_name, sightings
                )
            except (FileNotInModelError, ModelNotFoundError) as not_found:
                if not isinstance(error, FileGoneError):
                    error = not_found
    raise error


async def page_without_slash(services: Services, target: ModelFile) -> str | None:
    """Return the path of the page of a model that was named without a final slash."""
    try:
        await lookup(services, target.page, suggest=False)
    except ModelNotFoundError:
        return None
    return page_url(target.page[0].name)


async def require_model(services: Services, target: ModelFile) -> None:
    """Say which model may have been meant, if a URL names none.

    Raises
    ------
    ModelNotFoundError
        There is no model of that name.
    """
    addresses = target.addresses or target.page
    for address in target.addresses:
        try:
            await services.catalog.lookup(address.name, suggest=False)
        except ModelNotFoundError:
            continue
        except AmbiguousNameError:
            pass
        return
    await services.catalog.lookup(addresses[-1].name)
