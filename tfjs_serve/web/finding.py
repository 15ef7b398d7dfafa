"""Find what an address leads to: a model in the folder, or a file of one of its generations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from tfjs_serve.artifacts.model import Artifact, ArtifactFile
from tfjs_serve.builder import Build
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.catalog.others import not_a_model, other_called
from tfjs_serve.errors import (
    AmbiguousNameError,
    FileGoneError,
    FileNotInModelError,
    ModelNotFoundError,
    StoreError,
    TfjsServeError,
    VariantNotAvailableError,
)
from tfjs_serve.neighbours import OF_KERAS_MODELS, PROOF_JSON, WEIGHTS_NAME
from tfjs_serve.settings import MODEL_JSON, Variant
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


async def kept_file(
    services: Services, target: ModelFile, sightings: Sightings | None = None
) -> tuple[Artifact, ArtifactFile]:
    """Return an intact file of any generation, which is made again if it was lost.

    Raises
    ------
    FileGoneError, FileNotInModelError, ModelNotFoundError
        There is none.
    """
    try:
        return await _find_file(services, target, sightings)
    except FileGoneError as gone:
        return await _made_again(services, target, gone, sightings)


async def original_weights(
    services: Services, target: ModelFile, sightings: Sightings
) -> tuple[Build, ArtifactFile] | None:
    """Return the weights that had the requested name in a TensorFlow.js folder, converting it.

    Returns
    -------
    tuple or None
        The newest generation, and its file that has these bytes; ``None`` if there is none.

    Raises
    ------
    TfjsServeError
        The folder cannot be served.
    """
    try:
        entry, variant = await lookup(
            services, target.addresses, suggest=False, sightings=sightings
        )
    except (AmbiguousNameError, ModelNotFoundError, VariantNotAvailableError):
        return None
    if not (entry.kind.is_tfjs and WEIGHTS_NAME.fullmatch(target.file_name)):
        return None
    build = await services.builder.build(entry, variant, sightings)
    file = build.artifact.by_original.get(target.file_name)
    if file is None:
        return None
    # It is looked for once more, because this makes sure that its bytes are right.
    artifact, file = await kept_file(services, replace(target, file_name=file.name), sightings)
    return replace(build, artifact=artifact), file


async def page_without_slash(services: Services, target: ModelFile) -> str | None:
    """Return the URL of the page of a model that `target` names as a file; ``None`` if none is.

    Who asks for the ``model.json`` of a tfjs folder never gets a page, also not if the folder was
    away just now, because it is being replaced.
    """
    try:
        entry, _ = await lookup(services, target.page, suggest=False)
    except ModelNotFoundError:
        return None
    if target.file_name == MODEL_JSON and entry.kind.is_tfjs:
        return None
    return page_url(target.page[0].name)


async def _made_again(
    services: Services, target: ModelFile, gone: FileGoneError, sightings: Sightings | None
) -> tuple[Artifact, ArtifactFile]:
    """Return a file that was lost from the cache, if it can be made again.

    The same source gives the same bytes under the same names.

    Raises
    ------
    FileGoneError
        `gone`, because the model's file is not the one that the lost file was made of.
    StoreError
        The cache cannot be used.
    """
    try:
        entry, variant = await lookup(services, target.addresses, suggest=False)
        await services.builder.build(entry, variant)
    except StoreError:
        raise
    except TfjsServeError as error:
        raise gone from error
    return await _find_file(services, target, sightings)


async def _find_file(
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


async def require_model(services: Services, target: ModelFile) -> None:
    """Say which model may have been meant, if a URL names none.

    Raises
    ------
    ModelNotFoundError
        There is no model of that name; the URL may be that of a file that is none.
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
    if other := other_called(target.page[0].name, services.catalog.others):
        raise not_a_model(other)
    await services.catalog.lookup(addresses[-1].name)


def no_such_neighbour(entry: CatalogEntry, file_name: str) -> FileNotInModelError:
    """Return the error for labels or metadata that a model does not have."""
    if file_name == PROOF_JSON:
        hint = "make one where you have the model: tfjs_serve.keras.write_proof(model, x, path)"
    elif entry.kind.is_tfjs:
        hint = "put it into the folder, beside model.json"
    elif file_name in OF_KERAS_MODELS:
        inside = f"folder, or {file_name} into its assets/" if entry.kind.is_folder else "file"
        hint = f"put {PurePosixPath(entry.name).name}.{file_name} beside the model's {inside}"
    else:
        hint = "only folders that were made for TensorFlow.js have this file"
    return FileNotInModelError(f"the model {entry.name!r} has no {file_name}", hint=hint)
