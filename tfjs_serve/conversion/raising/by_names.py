"""Finds the variables of layers among the weights of a page by their names.

TensorFlow.js looks weights up by ``<layer>/<variable>``, and inside of wrappers by
``<layer>/<...>/<variable>``. The official converter writes the names that Keras gave, which may
have the name of the model before and that of a cell in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tfjs_serve.conversion.model.layers import CONTAINERS, KerasLayer, Variable
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.sources import LayerWeights
from tfjs_serve.conversion.stored.assignment import OwnVariables
from tfjs_serve.layers_model.model import TensorSource

_HINT = "Save the model again with model.save in the page, or convert its Keras file."
Slot = tuple[KerasLayer, Variable]


def variables_by_names(
    model: KerasLayer,
    weights: Mapping[str, TensorSource],
    own: OwnVariables,
    report: Report,
) -> LayerWeights:
    """Return the variables of all layers by path and name.

    Parameters
    ----------
    own
        Returns the variables of a layer; ``None`` if it is not known.
    report
        Gets layers whose weights are missing.
    """
    left = dict(weights)
    found: dict[str, dict[str, TensorSource]] = {}
    leaves = list(_leaves(model))
    # The longest name first: the weights of "a/b" are not those of "a".
    for leaf in sorted(leaves, key=lambda layer: -len(layer.name)):
        slots = list(_slots(leaf, own))
        mine = _of_layer(leaf, left, leaves)
        for layer, variable in slots:
            name = _matching(layer, variable, mine, left)
            if name is None:
                report.problem(
                    leaf,
                    "weights-do-not-fit",
                    f"Its weight {variable.name!r} is not in the manifest.",
                    _HINT,
                )
                continue
            found.setdefault(layer.path, {})[variable.name] = left.pop(name)
    return found


def _leaves(layer: KerasLayer) -> Iterator[KerasLayer]:
    """Yield the layers of all models that are not models themselves, also of those in wrappers."""
    for child in layer.children:
        if child.class_name not in CONTAINERS:
            yield child
        if any(one.class_name in CONTAINERS for one in (child, *child.children)):
            yield from _leaves(child)


def _slots(layer: KerasLayer, own: OwnVariables) -> Iterator[Slot]:
    """Yield the variables of a layer, and of those inside of it; those of models have own names."""
    for variable in own(layer) or ():
        yield layer, variable
    for child in layer.children:
        if child.class_name not in CONTAINERS:
            yield from _slots(child, own)


def _of_layer(
    layer: KerasLayer, weights: Mapping[str, TensorSource], leaves: Sequence[KerasLayer]
) -> list[str]:
    """Return the names of weights of a layer, those of its own name first."""
    prefix = f"{layer.name}/"
    others = {other.name for other in leaves} - {layer.name}
    return [name for name in weights if name.startswith(prefix)] + [
        name
        for name in weights
        if f"/{prefix}" in name and not others & set(name.partition(prefix)[0].split("/"))
    ]


def _matching(
    layer: KerasLayer,
    variable: Variable,
    mine: Sequence[str],
    left: Mapping[str, TensorSource],
) -> str | None:
    """Return the first weight that is left and has the name of a variable."""
    wanted = variable.name.rpartition("/")[2]
    direction = next(
        (part for part in ("forward_", "backward_") if f"/{part}" in f"/{layer.path}"), ""
    )
    for name in mine:
        last = name.rpartition("/")[2].partition(":")[0]
        if name in left and last == wanted and (not direction or f"/{direction}" in name):
            return name
    return None
