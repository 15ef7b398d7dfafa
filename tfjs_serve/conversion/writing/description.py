"""Tells the facts of a model that was translated: what goes in and out, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.sources import LayerWeights
from tfjs_serve.conversion.writing.translator import Translation
from tfjs_serve.facts import (
    MOST_LAYERS,
    MOST_TENSORS,
    LayerInfo,
    ModelFacts,
    TensorInfo,
    shortened,
)
from tfjs_serve.layers_model.model import TensorSource


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
    layers = tuple(_layers(model, translation))
    return ModelFacts(
        inputs=tuple(islice(_inputs(model, translation), MOST_TENSORS)),
        outputs=tuple(islice(_outputs(translation), MOST_TENSORS)),
        layers=layers[:MOST_LAYERS],
        layer_count=len(layers),
        parameters=sum(math.prod(source.shape) for source in _distinct(weights)),
        parts=tuple(parts),
    )


def _distinct(weights: LayerWeights) -> Collection[TensorSource]:
    """Return each weight once, also those of a layer that several models share."""
    return {id(one): one for of_layer in weights.values() for one in of_layer.values()}.values()


def _layers(model: KerasLayer, translation: Translation) -> Iterator[LayerInfo]:
    """Yield the layers that have a rule; the models around them became models."""
    prefix = f"{model.path}/"
    for layer in model.walk():
        became = translation.became.get(layer.path)
        if became is not None:
            yield LayerInfo(
                path=shortened(layer.path.removeprefix(prefix)),
                class_name=shortened(layer.class_name),
                became=became,
                needs_training_script=layer.path in translation.without_gradients,
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
    sizes = None if shape is None else [None if size is None else int(size) for size in shape]
    is_plain = sizes is not None and all(size is None or 0 <= size < 1 << 62 for size in sizes)
    return TensorInfo(
        name=shortened(name),
        shape=tuple(sizes) if sizes is not None and is_plain else None,
        dtype=shortened(dtype),
    )
