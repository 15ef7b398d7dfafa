"""Tells the facts of a model that was translated: what goes in and out, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate, islice

from tfjs_serve.conversion.model.layers import CONTAINERS, KerasLayer
from tfjs_serve.conversion.model.sources import LayerWeights
from tfjs_serve.conversion.writing.translator import Translation
from tfjs_serve.facts.checks import MOST_LINKS, MOST_TENSORS, Shape
from tfjs_serve.facts.layers import InnerModel, LayerInfo, TensorInfo
from tfjs_serve.facts.model import MOST_LAYERS, ModelFacts
from tfjs_serve.facts.wording import shortened
from tfjs_serve.layers_model.model import TensorSource

_MOST_CHARACTERS = 1_000_000
"""In the names of layers: what a process tells of a model has a largest size."""


def described(
    model: KerasLayer, weights: LayerWeights, translation: Translation, parts: Sequence[str]
) -> ModelFacts:
    """Return the facts of a model, besides the sizes of its variants.

    Parameters
    ----------
    model
        The outermost model, in the form that the rules know.
    weights
        From a layer's path to its weights by variable name.
    parts
        Names of the parts of ``layers.js`` that it needs.
    """
    layers = tuple(_layers(model, weights, translation))
    return ModelFacts(
        inputs=tuple(islice(_inputs(model, translation), MOST_TENSORS)),
        outputs=tuple(islice(_outputs(translation), MOST_TENSORS)),
        layers=layers[: _told(layers)],
        layer_count=len(layers),
        models=tuple(islice(_models(model), MOST_LAYERS)),
        parameters=sum(math.prod(source.shape) for source in _distinct(weights)),
        parts=tuple(parts),
    )


def _told(layers: Sequence[LayerInfo]) -> int:
    """Return how many of the layers are told; with very long names, these are fewer."""
    lengths = (len(one.path) + sum(map(len, one.inputs)) for one in layers[:MOST_LAYERS])
    return sum(total <= _MOST_CHARACTERS for total in accumulate(lengths))


def _distinct(weights: LayerWeights) -> Collection[TensorSource]:
    """Return each weight once, also those of a layer that several models share."""
    return {id(one): one for of_layer in weights.values() for one in of_layer.values()}.values()


def _layers(
    model: KerasLayer, weights: LayerWeights, translation: Translation
) -> Iterator[LayerInfo]:
    """Yield the layers that have a rule; the models around them became models."""
    prefix = f"{model.path}/"
    for layer, inputs in _connected(model):
        became = translation.became.get(layer.path)
        if became is not None:
            yield LayerInfo(
                path=shortened(layer.path.removeprefix(prefix)),
                class_name=shortened(layer.class_name),
                became=became,
                needs_training_script=layer.path in translation.without_gradients,
                shapes=_shapes(layer, translation),
                parameters=_parameters(layer, weights, translation),
                inputs=inputs,
            )


def _connected(model: KerasLayer) -> Iterator[tuple[KerasLayer, tuple[str, ...]]]:
    """Yield each layer inside a model, with the names of those whose outputs it gets."""
    graph, is_model = model.graph, model.class_name in CONTAINERS
    before: tuple[str, ...] = ()
    for layer in model.children:
        calls = graph.calls.get(layer.name, ()) if graph else ()
        yield layer, _names(ref.layer for call in calls for ref in call.inputs) or before
        yield from _connected(layer)
        before = _names([layer.name]) if is_model and not graph else ()


def _shapes(layer: KerasLayer, translation: Translation) -> tuple[Shape | None, ...]:
    """Return the shapes of a layer's outputs; an input is not called, but says what it takes."""
    made = translation.known.facts.results.get(layer.path)
    if made:
        return tuple(_sizes(fact.shape) for fact in made[0][:MOST_LINKS])
    given = layer.config.get("batch_input_shape") if layer.class_name == "InputLayer" else None
    return (_sizes(given),) if given else ()


def _parameters(layer: KerasLayer, weights: LayerWeights, translation: Translation) -> int:
    """Return how many numbers a layer has, with those inside that are not told as layers."""
    own = weights.get(layer.path, {}).values()
    inner = (child for child in layer.children if child.path not in translation.became)
    inside = sum(_parameters(child, weights, translation) for child in inner)
    return sum(math.prod(source.shape) for source in own) + inside


def _names(names: Iterable[str]) -> tuple[str, ...]:
    """Return each name once, shortened; the first ones, if there are many."""
    return tuple(map(shortened, islice(dict.fromkeys(names), MOST_LINKS)))


def _models(model: KerasLayer) -> Iterator[InnerModel]:
    """Yield the model and those inside of it."""
    yield _inner_model(model, "", ())
    prefix = f"{model.path}/"
    for layer, inputs in _connected(model):
        if layer.class_name in CONTAINERS:
            yield _inner_model(layer, layer.path.removeprefix(prefix), inputs)


def _inner_model(model: KerasLayer, path: str, inputs: tuple[str, ...]) -> InnerModel:
    graph, children = model.graph, model.children
    entries = [ref.layer for ref in graph.inputs] if graph else [one.name for one in children[:1]]
    exits = [ref.layer for ref in graph.outputs] if graph else [one.name for one in children[-1:]]
    return InnerModel(
        path=shortened(path),
        class_name=shortened(model.saved_class or model.class_name),
        inputs=inputs,
        entries=_names(entries),
        exits=_names(exits),
    )


def _inputs(model: KerasLayer, translation: Translation) -> Iterator[TensorInfo]:
    """Yield the inputs; the page may feed any numbers, but Keras says which it takes."""
    by_name = {layer.name: layer for layer in model.children}
    graph = model.graph
    names = [ref.layer for ref in graph.inputs] if graph else [model.children[0].name]
    for layer in map(by_name.__getitem__, names):
        name = translation.known.names[layer.path]
        yield _tensor(name, layer.config["batch_input_shape"], layer.dtype)


def _outputs(translation: Translation) -> Iterator[TensorInfo]:
    config = translation.layer.config
    if "output_layers" in config:
        names = [output[0] for output in config["output_layers"]]
    else:
        names = [config["layers"][-1]["config"]["name"]]
    for name, fact in zip(names, translation.known.facts.outputs, strict=False):
        yield _tensor(name, fact.shape, fact.dtype)


def _tensor(name: str, shape: Sequence[int | None] | None, dtype: str) -> TensorInfo:
    return TensorInfo(name=shortened(name), shape=_sizes(shape), dtype=shortened(dtype))


def _sizes(shape: Sequence[int | None] | None) -> Shape | None:
    """Return a shape; none if it is not one that a tensor can have."""
    if shape is None:
        return None
    sizes = tuple(None if size is None else int(size) for size in shape)
    return sizes if all(size is None or 0 <= size < 1 << 62 for size in sizes) else None
