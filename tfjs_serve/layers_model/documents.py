"""The JSON of a written model: ``model.json`` and the manifest in it.

The shape is tfjs-core's ``io/types.ts`` (``ModelJSON``, ``WeightsManifestConfig``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence

from tfjs_serve import __version__
from tfjs_serve.errors import ConversionProblem
from tfjs_serve.layers_model.model import Json, LayersModel

NO_JSON_NUMBER = "not-a-json-number"


def layers_model_document(model: LayersModel, manifest: Sequence[Json]) -> Json:
    """Return ``model.json`` as a JSON object.

    Parameters
    ----------
    manifest
        The groups of its ``weightsManifest``.
    """
    document = {
        "format": "layers-model",
        "generatedBy": model.generated_by or None,
        "convertedBy": f"tfjs-serve {__version__}",
        "modelTopology": model.topology or None,
        "weightsManifest": list(manifest),
    }
    return document | _extras(model)


def find_document_problems(model: LayersModel) -> tuple[ConversionProblem, ...]:
    """Return a problem for each number of `model` that JSON cannot hold.

    JSON has neither NaN nor Infinity (RFC 8259, section 6), and browsers refuse a whole document
    because of one.
    """
    parts = {"modelTopology": model.topology} | _extras(model)
    return tuple(
        ConversionProblem(
            code=NO_JSON_NUMBER,
            layer_path="",
            class_name="Model",
            message=f"the value at {path} is {number}, which JSON cannot hold.",
            hint="Give the layer a finite number and save the model again.",
        )
        for path, number in _non_finite_numbers(parts, "")
    )


def encode_document(document: Json) -> bytes:
    """Return `document` as the bytes of a JSON file, the same for the same document.

    It is compact, in the order of the keys given, and ASCII only: names of layers may hold
    anything, even halves of surrogate pairs, which UTF-8 cannot express, so they are escaped. The
    escapes compress to next to nothing.

    Raises
    ------
    ValueError
        If it holds NaN or an infinity.
    """
    text = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


def _extras(model: LayersModel) -> dict[str, Json]:
    """Return the members that only some models have."""
    members = {
        "trainingConfig": model.training_config,
        "userDefinedMetadata": model.user_defined_metadata,
    }
    return {name: value for name, value in members.items() if value is not None}


def _non_finite_numbers(value: Json, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _non_finite_numbers(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from _non_finite_numbers(member, f"{path}[{index}]")
