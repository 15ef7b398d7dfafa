"""Layers that a file keeps in another form than the rules know: other variables or arguments.

Keras 1 has a variable for each gate of a recurrent layer; quantized layers have whole numbers and
their scales. A *form* tells which variables the file has, and makes of them, once they are found,
the layer and the weights that the rules translate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tfjs_serve.conversion.model.layers import KerasLayer, Variable
from tfjs_serve.conversion.model.sources import LayerWeights, Weights
from tfjs_serve.conversion.stored.assignment import OwnVariables

Restored = tuple[KerasLayer, LayerWeights]
"""A layer as the rules know it, and the weights of it and of the layers in it by path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredForm:
    """How a file keeps one layer.

    Attributes
    ----------
    variables
        That the file has for the layer itself, in order of creation.
    restore
        Makes the layer that the rules know; its children are restored already.
    """

    variables: tuple[Variable, ...]
    restore: Callable[[KerasLayer, Weights], Restored]


FormOf = Callable[[KerasLayer], StoredForm | None]
"""From a layer to its form; ``None`` if the file keeps it as the rules know it."""


def first_of(forms: Iterable[FormOf]) -> FormOf:
    """Return the forms of which the first that knows a layer counts."""
    known = tuple(forms)
    return lambda layer: next((form for find in known if (form := find(layer))), None)


def stored_variables(form_of: FormOf, own: OwnVariables) -> OwnVariables:
    """Return the variables of layers as the file has them."""

    def stored(layer: KerasLayer) -> tuple[Variable, ...] | None:
        form = form_of(layer)
        return own(layer) if form is None else form.variables

    return stored


def restored(layer: KerasLayer, weights: LayerWeights, form_of: FormOf) -> Restored:
    """Return `layer` and all in it as the rules know them, and the weights of them all."""
    form = form_of(layer)
    inner: dict[str, Weights] = {}
    children = []
    for child in layer.children:
        made, its_weights = restored(child, weights, form_of)
        children.append(made)
        inner.update(its_weights)
    mine = weights.get(layer.path, {})
    layer = replace(layer, children=tuple(children))
    if form is None:
        return layer, {**inner, layer.path: mine}
    layer, found = form.restore(layer, mine)
    return layer, {**inner, **found}
