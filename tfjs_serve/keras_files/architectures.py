"""Architectures without weights: the JSON of ``model.to_json()``, in files of their own."""

from __future__ import annotations

import json
from pathlib import Path

from tfjs_serve.errors import KerasFileError
from tfjs_serve.keras_files.dialects import read_config, read_generation
from tfjs_serve.keras_files.limits import MAXIMUM_TEXT_BYTES
from tfjs_serve.keras_files.model import Architecture, Json
from tfjs_serve.untrusted_json import parse_json


def read_architecture(path: Path) -> Architecture:
    """Return the architecture in a file, or why there is none: others may be what is looked for."""
    try:
        if path.stat().st_size > MAXIMUM_TEXT_BYTES:
            return _none(path, "is larger than any architecture")
        text = decoded_json(path.read_bytes())
        document = parse_json(text)
        if isinstance(document, str):  # json.dump(model.to_json(), file)
            text, document = document, parse_json(document)
    except OSError as error:
        return _none(path, f"cannot be read ({error.strerror})")
    except ValueError:
        return _none(path, "is not JSON")
    if what := other_json(document):
        return _none(path, what)
    try:
        config = read_config(text, path.name)
        version, backend = (str(config.get(key) or "") for key in ("keras_version", "backend"))
        generation = read_generation(version, config, path.name)
    except KerasFileError as error:
        return _none(path, error.message.removeprefix(path.name).lstrip(": "))
    return Architecture(
        file_name=path.name,
        config=config,
        generation=generation,
        keras_version=version,
        backend=backend,
    )


def other_json(document: Json) -> str:
    """Say what a document is that is no architecture; empty if it may be one."""
    if _is_config_alone(document):
        return "is the result of get_config(), which lacks the class; save model.to_json()"
    if not isinstance(document, dict):
        return "is JSON, but no architecture of Keras"
    if "modelTopology" in document or "weightsManifest" in document:
        return "is a model.json of TensorFlow.js, not an architecture of Keras"
    if "weight_map" in document:
        return "lists the files of weights, and is no architecture"
    if not isinstance(document.get("class_name"), str):
        return "is JSON, but no architecture of Keras"
    return ""


def decoded_json(content: bytes, errors: str = "strict") -> str:
    """Return the text of a file of JSON; PowerShell writes UTF-16 and marks its order.

    Raises
    ------
    ValueError
        It is none, and `errors` does not say to ignore that, as it has to for the start of a file.
    """
    return content.decode(json.detect_encoding(content), errors).removeprefix("\ufeff")


def _is_config_alone(document: Json) -> bool:
    """Whether it is what the ``get_config()`` of a model returns; a list in Keras 1 and 2.0."""
    is_object = isinstance(document, dict) and "class_name" not in document
    layers = document.get("layers") if is_object else document
    return isinstance(layers, list) and any(
        isinstance(layer, dict) and "class_name" in layer for layer in layers
    )


def _none(path: Path, problem: str) -> Architecture:
    return Architecture(file_name=path.name, problem=problem)
