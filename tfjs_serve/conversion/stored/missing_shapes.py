"""Input shapes of Sequential models that were saved without them.

A model in another one has the shape of what it is called with. The outermost one is asked for
the weights of its first layers: a kernel tells the number of axes and of channels; sizes that no
weight tells are unknown.
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
"""How many models without shapes may come one after the other: each takes a look at all."""


def with_input_shapes(
    model: KerasLayer, weights: LayerWeights, rules: Rules, report: Report
) -> KerasLayer:
    """Return `model` with a shape for every InputLayer.

    Raises
    ------
    ConversionError
        Nothing tells one of them.
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
        # What else may be wrong cannot be told without shapes.
        report.raise_problems()
    return model


def _unknown(model: KerasLayer) -> list[str]:
    return [
        layer.path
        for layer in model.walk()
        if layer.class_name == "InputLayer" and layer.config.get("batch_input_shape") is None
    ]


def _first(model: KerasLayer) -> str | None:
    """Return the path of the InputLayer that a Sequential starts with, however deep."""
    first = model.children[0] if model.children and model.graph is None else None
    return first.path if first is not None and first.class_name == "InputLayer" else None


def _map(layer: KerasLayer, change: Callable[[KerasLayer], KerasLayer]) -> KerasLayer:
    return change(replace(layer, children=tuple(_map(child, change) for child in layer.children)))


def _with_shape(model: KerasLayer, shape: Shape) -> KerasLayer:
    config: dict[str, Json] = {"batch_input_shape": list(shape)}
    first, *rest = model.children
    return replace(model, children=(replace(first, config=config), *rest))


def _with_all_called_shapes(model: KerasLayer, rules: Rules, report: Report) -> KerasLayer:
    """Give inner models shapes as long as that tells those of others."""
    for _ in range(_MOST_ROUNDS):
        before = _unknown(model)
        if not before:
            break
        model = _with_called_shapes(model, infer(model, rules, report.copy()))
        if _unknown(model) == before:
            break
    return model


def _with_called_shapes(model: KerasLayer, facts: Facts) -> KerasLayer:
    """Give inner models the shapes of what they are called with, as far as they are known."""

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
    """Yield the shapes that the first layer with weights may have as its input."""
    for layer in _in_order(model):
        shapes = list(_accepted(layer, weights, rules))
        if shapes:
            yield from shapes
        if shapes or traits_of(rules, layer).hides_input_shape:
            return


def _in_order(model: KerasLayer) -> Iterator[KerasLayer]:
    for child in model.children:
        if child.class_name == "Sequential":
            yield from _in_order(child)
        else:
            yield child


def _accepted(layer: KerasLayer, weights: LayerWeights, rules: Rules) -> Iterator[Shape]:
    """Yield the shapes that a layer with these weights may have as its input."""
    traits = traits_of(rules, layer)
    if traits.inner is Inner.EACH_STEP:
        for batch, *rest in _accepted(layer.children[0], weights, rules):
            yield (batch, None, *rest)
    elif traits.inner is Inner.DIRECTIONS:
        yield from _accepted(layer.children[0], weights, rules)
    elif traits.input_shapes is not None:
        yield from traits.input_shapes(layer, weights.get(layer.path, {}))


def _fits(model: KerasLayer, weights: LayerWeights, rules: Rules, report: Report) -> bool:
    """Whether no layer of `model` gets an input that its weights do not fit."""
    facts = infer(model, rules, report.copy())
    for layer in model.walk():
        accepted = [] if layer.class_name in CONTAINERS else list(_accepted(layer, weights, rules))
        for call in facts.calls.get(layer.path, ()):
            shape = call[0].shape
            if accepted and not (shape and any(_agree(shape, other) for other in accepted)):
                return False
    return True


def _agree(shape: Shape, other: Shape) -> bool:
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
