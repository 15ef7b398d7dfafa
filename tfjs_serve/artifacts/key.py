"""The key under which an artifact is found."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from tfjs_serve.artifacts.model import ArtifactKey
from tfjs_serve.settings import ConversionOptions

_FORMAT = 5
"""Raise this when the same version of the converter is to produce different files or records."""


def artifact_key(
    source_digest: str, options: ConversionOptions, converter_version: str
) -> ArtifactKey:
    """Return the key of what `converter_version` makes of a source with these options.

    Parameters
    ----------
    source_digest
        Digest of the source's bytes: of the file, or of all files of a folder.
    """
    parts = {
        "format": _FORMAT,
        "source": source_digest,
        "options": asdict(options),
        "converter_version": converter_version,
    }
    text = json.dumps(parts, sort_keys=True)
    return ArtifactKey(digest=hashlib.sha256(text.encode("ascii")).hexdigest())
