"""Where a file keeps the variables of each layer; see ``conversion/stored/assignment.py``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.model.layers import CONTAINERS, KerasLayer, Variable
from tfjs_serve.conversion.raising.model import Raised
from tfjs_serve.conversion.stored.archive_paths import object_paths
from tfjs_serve.conversion.stored.assignment import OwnVariables, Slot, its_own, saved_order
from tfjs_serve.errors import KerasFileError
from tfjs_serve.layers_model.model import TensorSource

Group = tuple[str, list[tuple[str, TensorSource]]]
"""A name or path, and names and values of the variables there."""


def own_variables(model: Raised) -> OwnVariables:
    """Return the function that tells the variables of a layer."""
    table = rules()

    def own(layer: KerasLayer) -> tuple[Variable, ...] | None:
        if layer.class_name in CONTAINERS or layer.is_operation:
            return ()
        rule = table.get(layer.class_name)
        if rule is None or layer.is_custom:
            return tuple(Variable(name=name) for name in model.variables.get(layer.path, {}))
        return rule.variables(layer.config)

    return own


def by_layer(model: Raised) -> Iterator[Group]:
    """Yield each layer of the outermost model with all variables inside it, as HDF5 has them."""
    own = own_variables(model)
    for layer in model.model.children:
        slots = saved_order(layer, own)
        yield layer.name, [(_name(*slot), _value(model, slot)) for slot in slots]


def by_object(model: Raised) -> Iterator[Group]:
    """Yield the path of each layer's own variables, as archives have them.

    Parts of a layer have a private name in tf_keras, and a public one in Keras 3.
    """
    own = own_variables(model)
    for layer, path in object_paths(_as_keras3(model.model)):
        parts: dict[str, list[Slot]] = {"": []}
        for variable in own(layer) or ():
            part, _, _ = variable.name.rpartition("/")
            parts.setdefault(part, []).append((layer, variable))
        for part, slots in parts.items():
            variables = [(_name(*slot), _value(model, its_own(slot, own))) for slot in slots]
            for name in (f"/{part}", f"/_{part}") if part else ("",):
                yield f"{path}{name}", variables


def _as_keras3(layer: KerasLayer) -> KerasLayer:
    """Return the layer for the paths of Keras 3, which are also those of tf_keras here.

    In a model that was read from a file, no layer is part of two models.
    """
    children = tuple(map(_as_keras3, layer.children))
    return replace(layer, generation=3, children=children, saved_class="")


def _name(layer: KerasLayer, variable: Variable) -> str:
    return f"{layer.name}/{variable.name}"


def _value(model: Raised, slot: Slot) -> TensorSource:
    layer, variable = slot
    found = model.variables.get(layer.path, {}).get(variable.name)
    if found is None:
        raise KerasFileError(
            f"{layer.path}: its variable {variable.name!r} is not among the weights",
            hint="save the model in the page again",
        )
    return found
