"""What is to be at a destination: the files of models, as pages ask for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from tfjs_serve.artifacts.model import Artifact, ArtifactFile
from tfjs_serve.companion import SCRIPT_NAME
from tfjs_serve.exporting.export import scripts_beside
from tfjs_serve.exporting.naming import exported_names, original_weights
from tfjs_serve.media_types import IMMUTABLE, cache_control, media_type
from tfjs_serve.publishing.model import SiteFile, Stage
from tfjs_serve.settings import MODEL_JSON

_GZIP, _GZIP_ENDING = "gzip", ".gz"


def model_files(folder: str, artifact: Artifact, *, keeps_headers: bool) -> Iterator[SiteFile]:
    """Yield the files of one model.

    Parameters
    ----------
    folder
        Its path below the destination, such as ``digits`` or ``digits@uint8``.
    keeps_headers
        Whether the destination keeps content encodings: then ``model.json`` is compressed with
        gzip, which every browser takes everywhere. Brotli is not: an object that is stored so goes
        to everybody, and browsers refuse it on plain http.
    """
    document = json.loads((artifact.directory / MODEL_JSON).read_bytes())
    names = exported_names(artifact.files, document, document)
    originals = original_weights(artifact.files, names)
    by_path = {path: artifact.by_name[name] for name, paths in names.items() for path in paths}
    by_path |= {name: by_path[path] for name, path in originals.items()}
    for path, file in by_path.items():
        gzipped = artifact.by_name.get(f"{file.name}{_GZIP_ENDING}") if keeps_headers else None
        yield _of_artifact(folder, path, artifact, gzipped or file, is_gzipped=bool(gzipped))
    needs_layers, trains = SCRIPT_NAME in by_path, "keras" in (document.get("trainingConfig") or ())
    for path, text in scripts_beside(needs_layers=needs_layers, trains=trains).items():
        yield of_text(f"{folder}/{path}", text, Stage.BESIDE)


def _of_artifact(
    folder: str, path: str, artifact: Artifact, file: ArtifactFile, *, is_gzipped: bool
) -> SiteFile:
    caching = cache_control(path, file.sha256)
    beside = Stage.WEIGHTS if caching == IMMUTABLE else Stage.BESIDE
    return SiteFile(
        path=f"{folder}/{path}",
        stage=Stage.MODEL_JSON if path == MODEL_JSON else beside,
        content=artifact.directory / file.name,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        media_type=media_type(path),
        cache_control=caching,
        content_encoding=_GZIP if is_gzipped else "",
    )


def of_text(path: str, text: str, stage: Stage) -> SiteFile:
    """Return a file that is not part of an artifact."""
    content = text.encode("utf-8")
    sha256 = hashlib.sha256(content).hexdigest()
    return SiteFile(
        path=path,
        stage=stage,
        content=content,
        size_bytes=len(content),
        sha256=sha256,
        media_type=media_type(path),
        cache_control=cache_control(path, sha256),
    )
