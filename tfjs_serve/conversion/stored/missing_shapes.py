"""Finds the input shapes of Sequential models that were saved without them.

The input of a nested model has the shape of what the model is called with. For the outermost
model, the first weights tell it: a kernel tells the number of axes and the number of channels.
Sizes that no weight tells stay unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tfjs_serve.conversion.inference.infer import infer
from tfjs_serve.conversion.model.facts import Facts
from tfjs_serve.conversion.model.layers import CONTAINERS, Json, KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.model.sources import LayerWeights
from tfjs_serve.conversion.rules.registry import Rules, traits_of
from tfjs_serve.conversion.rules.traits import Inner
from tfjs_serve.conversion.small_models.arithmetic import UnknownShapeError, common_shapes

_MOST_ROUNDS = 100
"""How many models without shapes may depend on each other: each takes a pass over all."""


def with_input_shapes(
    model: KerasLayer, weights: LayerWeights, rules: Rules, report: Report
) -> KerasLayer:
    """Return `model` with a shape for every InputLayer.

    Parameters
    ----------
    model
        The outermost model.
    weights
        By layer path and variable name.
    rules
        Rules by class name.
    report
        Gets the models whose input shape is not told by anything.

    Raises
    ------
    ConversionError
        There are such models; the error has all problems so far.
    """
    if not _unknown(model):
        return model
    if _first(model) in _unknown(model):
        fitting = (
            shaped
            for shape in _candidates(model, weights, rules)
            if _fits(shaped := _with_shape(model, shape), weights, rules, report)
        )
        model = next(fitting, model)
    model = _with_all_called_shapes(model, rules, report)
    for path in _unknown(model):
        _report(model, path, report)
    if _unknown(model):
        # Without shapes, it cannot be told what else may be wrong.
        report.raise_problems()
    return model


def _unknown(model: KerasLayer) -> list[str]:
    return [
        layer.path
        for layer in model.walk()
        if layer.class_name == "InputLayer" and layer.config.get("batch_input_shape") is None
    ]


def _first(model: KerasLayer) -> str | None:
    """Return the path of the InputLayer that a Sequential starts with; ``None`` if it has none."""
    first = model.children[0] if model.children and model.graph is None else None
    return first.path if first is not None and first.class_name == "InputLayer" else None


def _map(layer: KerasLayer, change: Callable[[KerasLayer], KerasLayer]) -> KerasLayer:
    return change(replace(layer, children=tuple(_map(child, change) for child in layer.children)))


def _with_shape(model: KerasLayer, shape: Shape) -> KerasLayer:
    first, *rest = model.children
    config: dict[str, Json] = {**first.config, "batch_input_shape": list(shape)}
    return replace(model, children=(replace(first, config=config), *rest))


def _with_all_called_shapes(model: KerasLayer, rules: Rules, report: Report) -> KerasLayer:
    """Give shapes to nested models, again and again while this tells more of them."""
    for _ in range(_MOST_ROUNDS):
        before = _unknown(model)
        if not before:
            break
        model = _with_called_shapes(model, infer(model, rules, report.copy()))
        if _unknown(model) == before:
            break
    return model


def _with_called_shapes(model: KerasLayer, facts: Facts) -> KerasLayer:
    """Give nested models the shapes of what they are called with, if these are known."""

    def change(layer: KerasLayer) -> KerasLayer:
        first = _first(layer)
        if first is None or first not in _unknown(layer) or not facts.calls.get(layer.path):
            return layer
        try:
            return _with_shape(layer, common_shapes(facts.calls[layer.path])[0])
        except UnknownShapeError:
            return layer

    return _map(model, change)


def _candidates(model: KerasLayer, weights: LayerWeights, rules: Rules) -> Iterator[Shape]:
    """Yield the shapes that the input may have for the first layer with weights."""
    ranks: list[Shape] = []
    for layer in _in_order(model):
        shapes = list(accepted_shapes(layer, weights, rules))
        if any(map(_tells_a_size, shapes)):
            yield from shapes
            return
        if traits_of(rules, layer).hides_input_shape:
            return
        ranks = ranks or shapes
    yield from ranks


def _tells_a_size(shape: Shape) -> bool:
    return any(size is not None for size in shape)


def _in_order(model: KerasLayer) -> Iterator[KerasLayer]:
    for child in model.children:
        if child.class_name == "Sequential":
            yield from _in_order(child)
        else:
            yield child


def accepted_shapes(layer: KerasLayer, weights: LayerWeights, rules: Rules) -> Iterator[Shape]:
    """Yield the shapes that the input of a layer with these weights may have.

    They count the batch axis, and are ``None`` where weights do not tell a size.
    """
    traits = traits_of(rules, layer)
    if traits.inner is Inner.EACH_STEP:
        for batch, *rest in accepted_shapes(layer.children[0], weights, rules):
            yield (batch, None, *rest)
    elif traits.inner is Inner.DIRECTIONS:
        yield from accepted_shapes(layer.children[0], weights, rules)
    elif traits.has_states and layer.children:
        for batch, *rest in accepted_shapes(_first_cell(layer), weights, rules):
            yield (batch, None, *rest)
    elif traits.input_shapes is not None:
        yield from traits.input_shapes(layer, weights.get(layer.path, {}))
    elif traits.rank is not None:
        yield (None,) * traits.rank


def _first_cell(layer: KerasLayer) -> KerasLayer:
    while layer.children:
        layer = layer.children[0]
    return layer


def fed_layers(model: KerasLayer, rules: Rules) -> Iterator[KerasLayer]:
    """Yield all layers but models and the cells of recurrent layers, which are fed in steps."""
    if model.class_name not in CONTAINERS:
        yield model
    if not traits_of(rules, model).has_states:
        for child in model.children:
            yield from fed_layers(child, rules)


def _fits(model: KerasLayer, weights: LayerWeights, rules: Rules, report: Report) -> bool:
    """Whether all layers of `model` get inputs that fit their weights."""
    facts = infer(model, rules, report.copy())
    for layer in fed_layers(model, rules):
        accepted = list(accepted_shapes(layer, weights, rules))
        for call in facts.calls.get(layer.path, ()):
            shape = call[0].shape
            if accepted and not (shape and any(agree(shape, other) for other in accepted)):
                return False
    return True


def agree(shape: Shape, other: Shape) -> bool:
    """Whether two shapes may be the same, as far as their sizes are known."""
    return len(shape) == len(other) and all(
        one is None or two is None or one == two for one, two in zip(shape, other, strict=True)
    )


def _report(model: KerasLayer, path: str, report: Report) -> None:
    owner = next(
        layer for layer in model.walk() if any(child.path == path for child in layer.children)
    )
    report.problem(
        owner,
        "no-input-shape",
        "The model was saved before its input shape was known.",
        "Put keras.Input(shape=...) first, or call model.build(...), and save it again.",
    )
