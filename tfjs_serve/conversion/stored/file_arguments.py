"""Adds to layers what only the file as a whole tells: versions, and some arguments.

A vocabulary that a layer has learned is not in the configuration of a ``.keras`` archive but beside
it (``save_assets`` in ``keras/src/layers/preprocessing/index_lookup.py``). Some layers compute
something else in another version of Keras.
"""

from __future__ import annotations

import re
from dataclasses import replace

from tfjs_serve.conversion.layers.shared.vocabulary import LOOKUPS, vocabulary_of
from tfjs_serve.conversion.model.dtypes import is_integer
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.stored.archive_paths import object_paths
from tfjs_serve.keras_files import Container, KerasModel


def with_file_arguments(model: KerasLayer, keras_model: KerasModel) -> KerasLayer:
    """Return `model` with the version of Keras in all layers, and with these arguments.

    ``vocabulary``
        The vocabulary that a lookup layer has learned.
    ``has_idf_weights``
        Whether the file has weights for a lookup layer with ``output_mode="tf_idf"``.
    ``all_digits``
        Whether an input consists of integers that float32 may round, for layers that use all of
        their digits.
    ``readers``
        The names of the layers that an optional input goes to.
    """
    paths = _paths(model, keras_model)
    version = _version(keras_model)

    def complete(layer: KerasLayer) -> KerasLayer:
        config, dtype = dict(layer.config), layer.dtype
        if is_integer(dtype) and _means_its_input(layer, keras_model.keras_version, version):
            dtype = "float32"
        if layer.class_name in LOOKUPS:
            config |= _lookup_arguments(layer, keras_model, paths.get(layer.path, ""))
        return replace(
            layer,
            config=config,
            dtype=dtype,
            children=tuple(map(complete, layer.children)),
            version=version,
        )

    return _with_marked_inputs(complete(model))


def _version(keras_model: KerasModel) -> tuple[int, ...]:
    """Return the ``(major, minor)`` of the Keras that saved the file; the newest if not written."""
    found = tuple(int(part) for part in re.findall(r"\d+", keras_model.keras_version)[:2])
    return found if len(found) == 2 else (keras_model.dialect.generation, 99)


def _means_its_input(layer: KerasLayer, written: str, version: tuple[int, ...]) -> bool:
    """Whether the dtype of a first layer is that of the input, not the one to compute in.

    This is how Keras without TensorFlow meant it (``Layer.__init__`` in ``engine/topology.py``),
    whose weights are floats; its Embedding even says it everywhere.
    """
    if layer.class_name == "Embedding":
        return layer.generation < 3
    return version < (2, 3) and not written.endswith("-tf") and layer.class_name != "InputLayer"


def _paths(model: KerasLayer, keras_model: KerasModel) -> dict[str, str]:
    """Return each layer's path in the archive by its path in the model."""
    if keras_model.dialect.container is not Container.KERAS_ZIP:
        return {}
    saved = {**keras_model.weights, **dict.fromkeys(keras_model.vocabularies, ())}
    return {layer.path: path for layer, path in object_paths(model, saved)}


def _lookup_arguments(layer: KerasLayer, keras_model: KerasModel, path: str) -> dict[str, Json]:
    arguments: dict[str, Json] = {}
    if layer.config.get("output_mode") in ("tf_idf", "tf-idf"):
        in_archive = keras_model.dialect.container is Container.KERAS_ZIP
        saved = bool(keras_model.weights.get(path)) if in_archive else layer.generation < 3
        arguments["has_idf_weights"] = saved
    text = keras_model.vocabularies.get(path)
    if text is not None and not isinstance(layer.config.get("vocabulary"), list):
        tokens = _lines(text, layer.generation)
        is_numbers = layer.class_name == "IntegerLookup"
        arguments["vocabulary"] = list(map(int, tokens)) if is_numbers else tokens
    return arguments


def _lines(text: str, generation: int) -> list[str]:
    """Return the tokens as ``load_assets`` of that generation reads them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if generation < 3:
        return text.split("\n")
    lines = text.splitlines()
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _with_marked_inputs(model: KerasLayer) -> KerasLayer:
    """Return the outermost model with what its inputs have to know of the layers behind them."""
    children = [replace(child, config=_with_readers(model, child)) for child in model.children]
    return replace(model, children=tuple(children))


def _with_readers(model: KerasLayer, child: KerasLayer) -> dict[str, Json]:
    config = dict(child.config)
    if _needs_all_digits(model, child):
        config["all_digits"] = True
    if child.class_name == "InputLayer" and config.get("optional"):
        config["readers"] = [taker.name for taker in _takers(model, child)]
    return config


def _needs_all_digits(model: KerasLayer, child: KerasLayer) -> bool:
    if child.class_name != "InputLayer" or not child.dtype.startswith(("int", "uint")):
        return False
    takers = _takers(model, child)
    return bool(takers) and all(map(_takes_digits, takers))


def _takers(model: KerasLayer, source: KerasLayer) -> list[KerasLayer]:
    """Return the layers that are called with an output of `source`."""
    if model.graph is None:
        index = model.children.index(source)
        return list(model.children[index + 1 : index + 2])
    return [
        child
        for child in model.children
        for call in model.graph.calls.get(child.name, ())
        if any(ref.layer == source.name for ref in call.inputs)
    ]


def _takes_digits(layer: KerasLayer) -> bool:
    if layer.class_name in ("HashedCrossing", "Hashing"):
        return True
    if layer.class_name != "IntegerLookup" or layer.config.get("invert"):
        return False
    vocabulary = vocabulary_of(layer)
    return vocabulary is not None and not vocabulary.fits_layers
