"""The masks that calls get as arguments, and those that they use, for graphs of mask tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tfjs_serve.conversion.inference.shared_arguments import takes_mask_of_input
from tfjs_serve.conversion.masks.users import FOR_EACH_INPUT, replaces_masked, uses_mask
from tfjs_serve.conversion.model.layers import Call, Graph, KerasLayer, TensorRef
from tfjs_serve.conversion.rules.registry import Rules, traits_of
from tfjs_serve.conversion.spelling.calls import tensors_in

Masks = tuple[TensorRef | None, ...]
"""One for each input, in order; ``None`` for an input without a mask."""


def given_masks(rules: Rules, layer: KerasLayer, call: Call) -> Masks:
    """Return the masks among the arguments of a call."""
    if layer.is_operation or not uses_mask(rules, layer):
        return ()
    value = call.kwargs.get("mask")
    is_listed = traits_of(rules, layer).mask_use in FOR_EACH_INPUT
    each = value if isinstance(value, list) and is_listed else [value]
    return tuple(next(tensors_in(part), None) for part in each)


def with_given_masks(rules: Rules, layers: Mapping[str, KerasLayer], graph: Graph) -> Graph:
    """Return the graph with given masks among the inputs, so that they are computed before."""

    def with_masks(layer: KerasLayer, call: Call) -> Call:
        given = filter(None, given_masks(rules, layer, call))
        return replace(call, inputs=(*call.inputs, *given))

    calls = {
        name: tuple(with_masks(layers[name], call) for call in calls)
        for name, calls in graph.calls.items()
    }
    return replace(graph, calls=calls)


def used_masks(
    rules: Rules, layer: KerasLayer, masks: Masks, given: Masks, *, travels: bool
) -> Masks:
    """Return the masks that a call uses.

    Parameters
    ----------
    masks
        Those that were given, and those that travel with the other inputs.
    given
        Those that were given.
    travels
        Whether the call uses the mask of an input for which no mask is given.
    """
    if replaces_masked(rules, layer):
        return masks if len(masks) > 1 else ()
    if uses_mask(rules, layer) and (any(given) or takes_mask_of_input(layer, len(masks))):
        return (masks if travels else given)[:1]
    return ()
