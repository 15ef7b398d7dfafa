"""Frees the sizes that a model has only because it was first called with them.

A Sequential without ``keras.Input`` is built by its first call. Keras 3 then puts an InputLayer
first that has the whole shape of that call, with the size of its batch, and Keras 2 writes
``build_input_shape``. Both predict from other sizes all the same: only layers ask for sizes
(``build`` in ``keras/src/models/sequential.py``). A Functional model, such as one that was made
from the tensors of that Sequential, insists on all sizes but that of the batch (``input_spec`` in
``functional.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tfjs_serve.conversion.inference.infer import infer
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.model.sources import LayerWeights
from tfjs_serve.conversion.rules.registry import Rules, traits_of
from tfjs_serve.conversion.rules.traits import is_stateful
from tfjs_serve.conversion.stored.missing_shapes import (
    accepted_shapes,
    fed_layers,
    with_input_shapes,
)
from tfjs_serve.errors import ConversionError

OF_FIRST_CALL = "of_first_call"
"""The argument of an InputLayer whose shape a file of Keras 2 has only from a call."""


def freed(
    model: KerasLayer, weights: LayerWeights, rules: Rules, report: Report
) -> Iterator[KerasLayer]:
    """Yield `model` without sizes of a first call, those with the fewest sizes first.

    Nothing is known of the models but that their weights allow them: it is left to try whether
    rules and loader do.

    Parameters
    ----------
    model
        The outermost model.
    weights
        By layer path and variable name.
    rules
        Rules by class name.
    report
        Is not written to.
    """
    if not any(map(_is_of_first_call, _inputs(model))):
        return
    if any(is_stateful(layer, lambda one: traits_of(rules, one)) for layer in model.walk()):
        return
    try:
        plain = with_input_shapes(_without_batch(model), weights, rules, report.copy())
    except ConversionError:
        return
    if model.graph is None and _is_of_first_call(model.children[0]):
        shape = tuple(plain.children[0].config["batch_input_shape"])
        for axes in _free_axes(plain, shape, weights, rules, report):
            yield _with_shape(plain, shape, axes)
    yield plain


def tell_sizes(
    model: KerasLayer, made: KerasLayer, freer: KerasLayer | None, report: Report
) -> None:
    """Note which sizes of the first call are free now, and which are not although Keras frees them.

    Parameters
    ----------
    model
        As in the file.
    made
        What the page gets.
    freer
        What would need more of ``layers.js``; ``None`` if nothing freer would.
    """
    before, free = _sizes(model), _sizes(made)
    if freer is not None and _sizes(freer) != free:
        report.warn(
            made.children[0],
            f"The model was first called with the sizes {before}, of which the page takes {free}. "
            "Keras takes others too; the page would need more of layers.js for that. Put "
            "keras.Input(shape=...) first to say which sizes are free.",
        )
    elif before != free:
        report.warn(
            made.children[0],
            f"The model was first called with the sizes {before}. No layer depends on those that "
            f"are free now: {free}.",
        )


def _sizes(model: KerasLayer) -> list[Json]:
    """Return the sizes of the first input of a model, without the batch."""
    first = next((child for child in model.children if child.class_name == "InputLayer"), None)
    return list(first.config["batch_input_shape"] or ())[1:] if first is not None else []


def _inputs(model: KerasLayer) -> Iterator[KerasLayer]:
    return (layer for layer in model.walk() if layer.class_name == "InputLayer")


def _is_of_first_call(layer: KerasLayer) -> bool:
    shape = layer.config.get("batch_input_shape")
    if not isinstance(shape, list) or not shape:
        return False
    return shape[0] is not None or layer.config.get(OF_FIRST_CALL) is True


def _without_batch(model: KerasLayer, outermost: bool = True) -> KerasLayer:
    """Free the batch of all inputs; what a nested Sequential is called with tells its shape."""
    children = []
    for child in model.children:
        if child.class_name == "InputLayer" and _is_of_first_call(child):
            told = model.graph is not None or outermost
            shape = [None, *child.config["batch_input_shape"][1:]] if told else None
            config: dict[str, Json] = {**child.config, "batch_input_shape": shape}
            children.append(replace(child, config=config))
        else:
            children.append(_without_batch(child, outermost=False))
    return replace(model, children=tuple(children))


def _with_shape(model: KerasLayer, shape: Shape, free: Sequence[int]) -> KerasLayer:
    """Return a Sequential with some sizes of its input, and of all models inside it, free."""
    first, *rest = _emptied(model).children
    sizes = [None if axis in free else size for axis, size in enumerate(shape)]
    first = replace(first, config={**first.config, "batch_input_shape": sizes})
    return replace(model, children=(first, *rest))


def _emptied(model: KerasLayer) -> KerasLayer:
    """Return the model in which each Sequential takes the shape of what it is called with."""
    children = [_emptied(child) for child in model.children]
    if model.class_name == "Sequential" and children and children[0].class_name == "InputLayer":
        config = {**children[0].config, "batch_input_shape": None}
        children[0] = replace(children[0], config=config)
    return replace(model, children=tuple(children))


def _free_axes(
    model: KerasLayer, shape: Shape, weights: LayerWeights, rules: Rules, report: Report
) -> Iterator[tuple[int, ...]]:
    """Yield the axes that may be free: together, then each alone."""

    def allowed(axes: Sequence[int]) -> bool:
        return _weights_allow(_with_shape(model, shape, axes), weights, rules, report)

    axes = tuple(axis for axis in range(1, len(shape)) if allowed((axis,)))
    if len(axes) > 1 and allowed(axes):
        yield axes
    for axis in axes:
        yield (axis,)


def _weights_allow(model: KerasLayer, weights: LayerWeights, rules: Rules, report: Report) -> bool:
    """Whether all sizes that layers with weights depend on are known."""
    try:
        model = with_input_shapes(model, weights, rules, report.copy())
    except ConversionError:
        return False
    facts = infer(model, rules, report.copy())
    for layer in fed_layers(model, rules):
        accepted = list(accepted_shapes(layer, weights, rules))
        if not accepted and not _has_weights(layer, weights, rules):
            continue
        for call in facts.calls.get(layer.path, ()):
            if not _tells_enough(call[0].shape, accepted):
                return False
    return all(fact.shape is not None for fact in facts.outputs)


def _has_weights(layer: KerasLayer, weights: LayerWeights, rules: Rules) -> bool:
    """Whether it has weights of its own; the cells of a recurrent layer count as its own."""
    parts = layer.walk() if traits_of(rules, layer).has_states else (layer,)
    return any(weights.get(part.path) for part in parts)


def _tells_enough(shape: Shape | None, accepted: Sequence[Shape]) -> bool:
    if shape is None:
        return False
    if not accepted:
        return None not in shape[1:]
    return any(
        len(shape) == len(other)
        and all(two is None or one == two for one, two in zip(shape, other, strict=True))
        for other in accepted
    )
