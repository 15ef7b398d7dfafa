"""Whether a document is a ``model.json`` that ``tf.loadLayersModel`` can load. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tfjs_serve.companion import PACKAGE, SCRIPT_NAME
from tfjs_serve.doctor.kinds import kind_of
from tfjs_serve.doctor.known_layers import KNOWN_LAYERS
from tfjs_serve.doctor.model import Answer, Findings, Notebook
from tfjs_serve.layers_model.manifests import BadManifestError, WeightGroup, parse_manifest
from tfjs_serve.untrusted_json import parse_strict_json

Json = Any
_CONVERT = "Convert the Keras file with tfjs-serve convert."
_OURS = f"{PACKAGE}>"
_INNER = ("layer", "forward_layer", "backward_layer", "cell", "cells", "layers")
_GRAPH = "graph-model"
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a ``model.json`` says about the files beside it.

    Attributes
    ----------
    groups
        Its groups of weights; empty if it cannot be read.
    needs_layers
        Whether it has layers of ``layers.js``.
    """

    groups: tuple[WeightGroup, ...] = ()
    needs_layers: bool = False


def read_document(answer: Answer, custom_layers: Collection[str]) -> tuple[Document, Findings]:
    """Return what a ``model.json`` names, and what is wrong with it.

    Parameters
    ----------
    answer
        With the whole body.
    custom_layers
        Names of the classes that the page registers itself.
    """
    notes = Notebook(answer.url)
    document = _parsed(answer.body, notes)
    if document is None:
        return Document(), notes.findings()
    classes = list(_classes(_topology(document)))
    if document.get("format") == _GRAPH or not classes:
        _check_graph(document, notes)
    else:
        _check_classes(classes, custom_layers, notes)
        _check_generation(_topology(document), notes)
    return (
        Document(groups=_groups(document, notes), needs_layers=_needs_layers(classes)),
        notes.findings(),
    )


def _parsed(body: bytes, notes: Notebook) -> Json | None:
    """Return the document; ``None`` if it is none of TensorFlow.js."""
    if not body:
        notes.fault("empty", "is empty", "Deploy the whole folder again.")
        return None
    if kind := kind_of(body):
        notes.fault(kind.code, f"{kind.message}, not a model.json", kind.hint)
        return None
    try:
        document = parse_strict_json(body)
    except ValueError as error:
        hint = "Deploy it again, as the converter wrote it."
        notes.fault("invalid-json", f"is not valid JSON: {error}", hint)
        return None
    if isinstance(document, dict) and isinstance(document.get("modelTopology"), dict):
        return document
    if isinstance(document, dict) and {"class_name", "config", "model_config"} & set(document):
        notes.fault(
            "keras-json",
            "is the architecture as Keras writes it (model.to_json()), not a TensorFlow.js model",
            _CONVERT,
        )
    elif isinstance(document, dict) and "weightsManifest" in document:
        message = "has weights, but no modelTopology"
        notes.fault("weights-only", message, "Convert the whole model, not only its weights.")
    else:
        notes.fault("not-a-model", "is JSON, but not a TensorFlow.js model", _CONVERT)
    return None


def _groups(document: Json, notes: Notebook) -> tuple[WeightGroup, ...]:
    manifest = document.get("weightsManifest")
    try:
        return parse_manifest([] if manifest is None else manifest)
    except BadManifestError as error:
        notes.fault("bad-manifest", f"cannot be used: {error}", _CONVERT)
        return ()


def _topology(document: Json) -> Json:
    topology = document["modelTopology"]
    config = topology.get("model_config", topology)
    return config if isinstance(config, dict) else {}


def _check_graph(document: Json, notes: Notebook) -> None:
    topology = document["modelTopology"]
    if document.get("format") == _GRAPH or "node" in topology:
        notes.warning(
            "graph-model",
            "is a graph model",
            "Load it with tf.loadGraphModel; tf.loadLayersModel cannot.",
        )
    else:
        notes.fault("no-layers", "has no layers in its modelTopology", _CONVERT)


def _check_classes(classes: list[str], custom_layers: Collection[str], notes: Notebook) -> None:
    known = KNOWN_LAYERS | set(custom_layers)
    unknown = [one for one in dict.fromkeys(classes) if one not in known and _OURS not in one]
    if unknown:
        more = ", ..." if len(unknown) > _MOST_NAMED else ""
        named = f"{', '.join(unknown[:_MOST_NAMED])}{more}"
        notes.fault(
            "unknown-layers",
            f"has layers that TensorFlow.js does not know: {named}",
            "Convert the Keras file with tfjs-serve convert, or name the script with which the "
            "page registers them: --layers FILE.",
        )


def _check_generation(topology: Json, notes: Notebook) -> None:
    """Find what the official converter copies unchanged from files of Keras 3."""
    if any("batch_shape" in config for config in _configs(topology)):
        notes.fault(
            "keras-3-config",
            "has layers as Keras 3 describes them (batch_shape), which TensorFlow.js cannot read",
            _CONVERT,
        )


def _needs_layers(classes: list[str]) -> bool:
    return any(one.startswith(_OURS) for one in classes)


def layers_script(url: str) -> str:
    """Return where ``layers.js`` lies beside a ``model.json``."""
    return f"{url.partition('?')[0].rpartition('/')[0]}/{SCRIPT_NAME}"


def _classes(layer: Json) -> Iterator[str]:
    for one in _layers(layer):
        name = one.get("class_name")
        if isinstance(name, str):
            yield name


def _configs(layer: Json) -> Iterator[Json]:
    for one in _layers(layer):
        config = one.get("config")
        if isinstance(config, dict):
            yield config


def _layers(layer: Json) -> Iterator[Json]:
    """Yield a layer, or a model, and all that is in it."""
    waiting = [layer]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, dict):
            continue
        config = one.get("config")
        if "class_name" in one:
            yield one
        # Keras 2.0 wrote the layers of a Sequential model as a plain list.
        inner = {"layers": config} if isinstance(config, list) else config
        if isinstance(inner, dict):
            found = map(inner.get, _INNER)
            lists = (one if isinstance(one, list) else [one] for one in found)
            waiting.extend(chain.from_iterable(lists))
