"""Earlier versions of a model, at URLs of their own: ``/<name>/model.<digest>.json``.

They are in the folder of the newest ``model.json``, so the shards that they name are found there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiohttp import hdrs, web

from tfjs_serve.artifacts.model import Artifact, ArtifactKey
from tfjs_serve.builder import KeptGeneration
from tfjs_serve.errors import FileNotInModelError
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.web.encoding import negotiate
from tfjs_serve.web.finding import lookup
from tfjs_serve.web.representation import codings_of, of_model_json
from tfjs_serve.web.sending import joined, send
from tfjs_serve.web.services import Services
from tfjs_serve.web.urls import ModelFile

_NAME = re.compile(r"model\.([0-9a-f]{16})\.json")


def is_generation(file_name: str) -> bool:
    """Whether a file has the name of a ``model.json`` of one generation."""
    return _NAME.fullmatch(file_name) is not None


def generation_name(key: ArtifactKey) -> str:
    """Return the name under which the ``model.json`` of a generation can be asked for."""
    return f"model.{key.short}.json"


def generation_called(file_name: str, kept: Sequence[KeptGeneration]) -> Artifact:
    """Return the generation whose ``model.json`` has this name.

    Raises
    ------
    FileNotInModelError
        It is not kept, or there never was one.
    """
    for one in kept:
        if generation_name(one.artifact.key) == file_name:
            return one.artifact
    raise FileNotInModelError(
        f"{file_name} is of no version of the model that is kept",
        hint="load model.json for the newest one; --grace says how long earlier ones are kept",
    )


async def send_generation(
    request: web.Request, services: Services, target: ModelFile
) -> web.StreamResponse:
    """Answer with the ``model.json`` of a version that is still kept.

    Raises
    ------
    FileNotInModelError, ModelNotFoundError, AmbiguousNameError, VariantNotAvailableError
        There is none.
    """
    entry, variant = await lookup(services, target.addresses)
    kept = await services.builder.generations(entry, variant)
    artifact = generation_called(target.file_name, kept)
    accepted = joined(request, hdrs.ACCEPT_ENCODING)
    coding = negotiate(accepted, codings_of(artifact, MODEL_JSON))
    return await send(request, of_model_json(artifact, coding))
