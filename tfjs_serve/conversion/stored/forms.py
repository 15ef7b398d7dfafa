"""Forms in which files keep layers: other variables or arguments than the rules know.

For example, Keras 1 saves a variable for each gate of a recurrent layer, and quantized layers have
integers with scales. A *form* says which variables the file has for a layer. When their values are
found, it turns them into the layer and the weights that the rules know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tfjs_serve.conversion.model.layers import KerasLayer, Variable
from tfjs_serve.conversion.model.sources import LayerWeights, Weights
from tfjs_serve.conversion.stored.assignment import OwnVariables

Restored = tuple[KerasLayer, LayerWeights]
"""A layer as the rules know it, and the weights of it and of the layers inside it by path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredForm:
    """How a file keeps one layer.

    Attributes
    ----------
    variables
        The variables that the file has for the layer itself, in order of creation.
    restore
        Returns the layer as the rules know it, from the layer, whose children are restored, and its
        weights by the names of `variables`.
    """

    variables: tuple[Variable, ...]
    restore: Callable[[KerasLayer, Weights], Restored]


FormOf = Callable[[KerasLayer], StoredForm | None]
"""From a layer to its form; ``None`` if the file keeps the layer as the rules know it."""


def first_of(forms: Iterable[FormOf]) -> FormOf:
    """Return the function that takes a layer's form from the first of `forms` that has one."""
    known = tuple(forms)
    return lambda layer: next((form for find in known if (form := find(layer))), None)


def stored_variables(form_of: FormOf, own: OwnVariables) -> OwnVariables:
    """Return the function that tells which variables the file has for a layer.

    Parameters
    ----------
    form_of
        Returns the form of a layer.
    own
        Returns the variables of a layer as the rules know it.
    """

    def stored(layer: KerasLayer) -> tuple[Variable, ...] | None:
        form = form_of(layer)
        return own(layer) if form is None else form.variables

    return stored


def restored(layer: KerasLayer, weights: LayerWeights, form_of: FormOf) -> Restored:
    """Return `layer`, with all layers inside it, as the rules know them, and all their weights.

    Parameters
    ----------
    layer
        As the file keeps it.
    weights
        The saved weights, by layer path and variable name.
    form_of
        Returns the form of a layer.
    """
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
