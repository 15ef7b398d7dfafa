"""The companion layers beside a model: which file a URL means, in which content coding. Pure.

They are under two kinds of names. ``layers.js``, and ``layers.mjs`` which imports it, are those of
the newest generation; ``layers.d.mts`` has the types of the module. A name with the digest stays
that of one script, and is cached forever.
"""

from __future__ import annotations

from tfjs_serve.artifacts.model import Artifact
from tfjs_serve.companion import (
    MODULE_NAME,
    SCRIPT_NAME,
    TYPES_NAME,
    is_script,
    module,
    script_among,
    types,
)
from tfjs_serve.errors import FileNotInModelError
from tfjs_serve.media_types import JAVASCRIPT, REVALIDATE, TYPESCRIPT
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.web.encoding import negotiate
from tfjs_serve.web.representation import (
    ENCODED_SUFFIXES,
    MODEL_HEADERS,
    Representation,
    codings_of,
    from_bytes,
    of_script,
)

NAMES = (SCRIPT_NAME, MODULE_NAME, TYPES_NAME)


def newest_script(artifact: Artifact, name: str, accept_encoding: str | None) -> Representation:
    """Return what one of `NAMES` means for the newest generation of a model.

    Raises
    ------
    FileNotInModelError
        The model needs no layers.
    """
    script = script_among(artifact.by_name)
    if script is None:
        raise FileNotInModelError(
            f"the model needs no {name}: TensorFlow.js has all of its layers",
            hint=f"load its {MODEL_JSON} without it",
        )
    if name == MODULE_NAME:
        return _text(module(script), JAVASCRIPT)
    if name == TYPES_NAME:
        return _text(types(), TYPESCRIPT)
    coding = negotiate(accept_encoding, codings_of(artifact, script))
    return of_script(artifact, script, coding, REVALIDATE)


def _text(text: str, media_type: str) -> Representation:
    return from_bytes(text.encode("utf-8"), media_type, extra_headers=MODEL_HEADERS)


def is_coded(file_name: str) -> bool:
    """Whether this is a text in a content coding, which is no file of its own."""
    name, _, ending = file_name.rpartition(".")
    is_coding = f".{ending}" in ENCODED_SUFFIXES.values()
    return is_coding and (name == MODEL_JSON or is_script(name))
