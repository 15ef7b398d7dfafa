"""The answer to ``/<name>/model.d.ts``: types of a model, for TypeScript."""

from __future__ import annotations

from aiohttp import web

from tfjs_serve.media_types import TYPESCRIPT
from tfjs_serve.web.finding import lookup
from tfjs_serve.web.pages.typescript import types_of
from tfjs_serve.web.representation import MODEL_HEADERS, from_bytes
from tfjs_serve.web.sending import send
from tfjs_serve.web.services import Services
from tfjs_serve.web.urls import ModelFile


async def send_types(
    request: web.Request, services: Services, target: ModelFile
) -> web.StreamResponse:
    """Answer with the types, without converting a model that has been looked at.

    Raises
    ------
    TfjsServeError
        There is no such model, or it cannot be converted.
    """
    entry, variant = await lookup(services, target.addresses)
    models = await services.catalogue.models()
    listed = models.by_exact_name.get(entry.exact_name, entry)
    facts = services.builder.status(listed, variant).facts
    if facts is None:
        facts = (await services.builder.build(entry, variant)).artifact.facts
    body = types_of(entry, facts).encode("utf-8", "backslashreplace")
    return await send(request, from_bytes(body, TYPESCRIPT, extra_headers=MODEL_HEADERS))
