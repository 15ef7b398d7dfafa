"""What a ``model.json`` that another program wrote tells about its model, as far as it does.

Its form is tfjs-core's ``io/types.ts``; the topology is Keras's, or a ``GraphDef`` as JSON.
Whatever is not as expected is left out: the facts are for people, and TF.js reads the model itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from tfjs_serve.facts.checks import MOST_LINKS, MOST_TENSORS
from tfjs_serve.facts.layers import Became, InnerModel, LayerInfo, TensorInfo
from tfjs_serve.facts.model import MOST_LAYERS, ModelFacts
from tfjs_serve.facts.wording import shortened
from tfjs_serve.layers_model.model import Json
from tfjs_serve.layers_model.tfjs_shapes import Sizes, shape_after, told
from tfjs_serve.settings import Variant

_MOST_AXES = 32
_MOST_PARAMETERS = 1 << 62
"""What JSON's readers can count; no model has as many."""
_GRAPH_DTYPE = "DT_"


def facts_of(document: Json, size_bytes: int) -> ModelFacts:
    """Return the facts of a model.

    Parameters
    ----------
    document
        Its ``model.json``, in which the manifest has been checked.
    size_bytes
        Size of all weights.
    """
    config = model_config(document)
    layers = list(_layers(config, _counts_by_layer(document)))
    graph = _dict(document.get("signature"))
    inputs = _layer_inputs(config) if config else _signature(graph.get("inputs"))
    outputs = _layer_outputs(config) if config else _signature(graph.get("outputs"))
    return ModelFacts(
        inputs=tuple(islice(inputs, MOST_TENSORS)),
        outputs=tuple(islice(outputs, MOST_TENSORS)),
        layers=tuple(layers[:MOST_LAYERS]),
        layer_count=len(layers),
        models=(_model(document, config),) if config else (),
        parameters=min(sum(_counts(document)), _MOST_PARAMETERS),
        weight_bytes={Variant.FULL.value: size_bytes},
    )


def model_config(document: Json) -> Json:
    """Return the configuration of a layers model; empty for a graph model."""
    topology = _dict(document.get("modelTopology"))
    config = _dict(topology.get("model_config", topology)).get("config")
    # Keras 2.0 wrote the layers of a Sequential model as a plain list.
    return {"layers": config} if isinstance(config, list) else _dict(config)


def _layers(config: Json, counts: Mapping[str, int]) -> Iterator[LayerInfo]:
    """Yield the layers; `counts` has how many numbers each has."""
    shapes = _shapes(config)
    before: tuple[str, ...] = ()
    for layer in map(_dict, _list(config.get("layers"))):
        name, class_name = _dict(layer.get("config")).get("name"), layer.get("class_name")
        if not (isinstance(name, str) and isinstance(class_name, str)):
            continue
        shape = told(shapes.get(name))
        yield LayerInfo(
            path=shortened(name),
            class_name=shortened(class_name),
            became=Became.NATIVE,
            shapes=() if shape is None else (shape,),
            parameters=min(counts.get(name, 0), _MOST_PARAMETERS),
            inputs=_inputs_of(layer) if "input_layers" in config else before,
        )
        before = (shortened(name),)


def _inputs_of(layer: Json) -> tuple[str, ...]:
    names = (name for node in _list(layer.get("inbound_nodes")) for name in _names(node))
    return _each_once(names)


def _each_once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(shortened, islice(dict.fromkeys(names), MOST_LINKS)))


def _model(document: Json, config: Json) -> InnerModel:
    topology = _dict(document.get("modelTopology"))
    class_name = _dict(topology.get("model_config", topology)).get("class_name")
    names = [layer.path for layer in _layers(config, {})]
    return InnerModel(
        path="",
        class_name=shortened(class_name) if isinstance(class_name, str) else "",
        entries=_each_once(_names(config.get("input_layers", [names[:1]]))),
        exits=_each_once(_names(config.get("output_layers", [names[-1:]]))),
    )


def _layer_inputs(config: Json) -> Iterator[TensorInfo]:
    configs = [_dict(_dict(layer).get("config")) for layer in _list(config.get("layers"))]
    by_name = {one["name"]: one for one in configs if isinstance(one.get("name"), str)}
    first = [[name] for name in by_name][:1]
    for name in _names(config.get("input_layers", first)):
        layer = by_name.get(name, {})
        dtype = layer.get("dtype")
        yield TensorInfo(
            name=shortened(name),
            shape=_shape(layer.get("batch_input_shape")),
            dtype=shortened(dtype) if isinstance(dtype, str) else "float32",
        )


def _layer_outputs(config: Json) -> Iterator[TensorInfo]:
    last = [[layer.path] for layer in _layers(config, {})][-1:]
    shapes = _shapes(config)
    for name in _names(config.get("output_layers", last)):
        yield TensorInfo(name=shortened(name), shape=told(shapes.get(name)), dtype="float32")


def _shapes(config: Json) -> dict[str, Sizes | None]:
    """Return the shapes that layers with one input have, by their names, in the order of layers."""
    shapes: dict[str, Sizes | None] = {}
    before: Sizes | None = None
    for layer in map(_dict, _list(config.get("layers"))):
        inner = _dict(layer.get("config"))
        name, given = inner.get("name"), _shape(inner.get("batch_input_shape"))
        if "input_layers" in config:
            inbound = list(_names(_first(layer.get("inbound_nodes"))))
            before = shapes.get(inbound[0]) if len(inbound) == 1 else None
        class_name = layer.get("class_name")
        known = given if given is not None else before
        before = shape_after(known, class_name, inner) if isinstance(class_name, str) else None
        if isinstance(name, str):
            shapes[name] = before
    return shapes


def _first(nodes: Json) -> Json:
    """Return the only node of a layer; of several, nothing says which one is meant."""
    found = _list(nodes)
    return found[0] if len(found) == 1 else []


def _names(references: Json) -> Iterator[str]:
    """Yield the names in a list of ``[layer, node, tensor]``, or in a single one."""
    found = _list(references)
    for reference in [found] if found and isinstance(found[0], str) else found:
        if isinstance(reference, list) and reference and isinstance(reference[0], str):
            yield reference[0]


def _signature(tensors: Json) -> Iterator[TensorInfo]:
    """Yield the inputs or outputs of a graph model, if the converter wrote its signature."""
    for name, tensor in _dict(tensors).items():
        info = _dict(tensor)
        dtype = info.get("dtype")
        yield TensorInfo(
            name=shortened(name),
            shape=_graph_shape(info.get("tensorShape")),
            dtype=_dtype(dtype),
        )


def _graph_shape(shape: Json) -> tuple[int | None, ...] | None:
    """Return a ``TensorShapeProto``; without axes it is a scalar's, unless the rank is unknown."""
    if not isinstance(shape, dict) or shape.get("unknownRank"):
        return None
    sizes = [_dict(axis).get("size") for axis in _list(shape.get("dim"))]
    return _shape([None if str(size) == "-1" else _number(size) for size in sizes])


def _dtype(dtype: Json) -> str:
    """Return what TF.js calls the dtype of a graph, such as ``DT_FLOAT``."""
    name = shortened(str(dtype)).removeprefix(_GRAPH_DTYPE).lower()
    return {"float": "float32"}.get(name, name)


def _counts(document: Json) -> Iterator[int]:
    for weight in _weights(document):
        yield math.prod(_list(weight.get("shape")))


def _counts_by_layer(document: Json) -> Mapping[str, int]:
    """Return how many numbers each layer has, whose name is how the names of its weights begin."""
    counts: Counter[str] = Counter()
    for weight, count in zip(_weights(document), _counts(document), strict=True):
        counts[str(weight.get("name")).partition("/")[0]] += count
    return counts


def _weights(document: Json) -> Iterator[dict[str, Json]]:
    for group in _list(document.get("weightsManifest")):
        yield from map(_dict, _list(_dict(group).get("weights")))


def _shape(sizes: Json) -> tuple[int | None, ...] | None:
    if not isinstance(sizes, list) or len(sizes) > _MOST_AXES:
        return None
    return tuple(size if type(size) is int and 0 <= size < 1 << 62 else None for size in sizes)


def _number(size: Json) -> int | None:
    """Return a size, which is JSON of a 64-bit number and so a text; -1 is any size."""
    text = str(size)
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
