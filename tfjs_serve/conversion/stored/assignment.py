"""Assigns saved weights to variables: by layer and position, never by name.

An ``.h5`` file has one list of weights for each layer of the outermost model. Its order is
``trainable_weights + non_trainable_weights`` (``_legacy_weights`` in
``keras/src/legacy/saving/legacy_h5_format.py``), so in nested models it depends on which layers are
frozen. The order is derived from the layers here, as each generation of Keras derives it.

A ``.keras`` archive has a group for each object; see ``archive_paths.py``. Some objects inside a
layer are not in any configuration, such as the projections of an attention layer. Their variables
are called ``<attribute>/<variable>``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from tfjs_serve.conversion.model.layers import CONTAINERS, KerasLayer, Variable
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.sources import LayerWeights
from tfjs_serve.conversion.stored.archive_paths import object_paths
from tfjs_serve.keras_files import Container, KerasModel, WeightRef

Slot = tuple[KerasLayer, Variable]
"""A layer, and one of its variables."""

OwnVariables = Callable[[KerasLayer], tuple[Variable, ...] | None]
"""From a layer to its own variables, in order of creation; ``None`` if they are not known."""

Group = tuple[KerasLayer, str, list[Slot]]
"""A layer, the name of its group of weights in the file, and the variables in that group."""

Found = tuple[KerasLayer, list[str], tuple[WeightRef, ...]]
"""A layer, names of variables of it or of layers inside it, and their weights."""


def assign(
    model: KerasLayer, keras_model: KerasModel, own: OwnVariables, report: Report
) -> LayerWeights:
    """Return the saved weights by layer path and variable name.

    A layer is reported if it has more or fewer saved weights than variables. It gets no weights if
    the variables of it, or of a layer inside it, are not known.

    Parameters
    ----------
    model
        The outermost model.
    keras_model
        The file, with the weights.
    own
        Returns the variables that the file has for a layer.
    report
        Gets layers with a wrong number of weights.
    """
    by_object = keras_model.dialect.container is Container.KERAS_ZIP
    groups = (
        _groups_by_object(model, keras_model, own) if by_object else _groups_by_layer(model, own)
    )
    assigned: dict[str, dict[str, WeightRef]] = {}
    shared: list[Found] = []
    for layer, group, slots in groups:
        refs = _saved(keras_model, group)
        if slots and not refs:
            refs = _shared_weights(layer, _names(slots), shared)
        if len(refs) != len(slots):
            _report_count(layer, len(slots), refs, report)
            continue
        shared.append((layer, _names(slots), refs))
        for slot, ref in zip(slots, refs, strict=True):
            if its_own(slot, own) is slot:  # the layer inside has it in a group of its own
                owner, variable = slot
                assigned.setdefault(owner.path, {})[variable.name] = ref
    return assigned


def _saved(keras_model: KerasModel, group: str) -> tuple[WeightRef, ...]:
    """Return the weights of a group, whose attribute is private in some versions of Keras."""
    parent, _, attribute = group.rpartition("/")
    weights = keras_model.weights
    return weights.get(group) or weights.get(f"{parent}/_{attribute}", ())


def _names(slots: Sequence[Slot]) -> list[str]:
    return [variable.name for _, variable in slots]


def _shared_weights(
    layer: KerasLayer, names: list[str], earlier: Sequence[Found]
) -> tuple[WeightRef, ...]:
    """Return the weights of a layer that another model has too: an archive has each object once.

    A layer that two nested models share is written with its weights in the first one only.
    """
    same = (
        refs
        for other, its_names, refs in earlier
        if (other.class_name, other.name, other.config, its_names)
        == (layer.class_name, layer.name, layer.config, names)
    )
    # If several layers look like it, and have different weights, it may be any of them.
    distinct = {id(refs[0]): refs for refs in same if refs}
    return next(iter(distinct.values())) if len(distinct) == 1 else ()


def _groups_by_layer(model: KerasLayer, own: OwnVariables) -> Iterator[Group]:
    """Yield each layer of the outermost model with all variables inside it, as HDF5 has them."""
    for layer in model.children:
        if all(own(inner) is not None for inner in layer.walk()):
            yield layer, layer.name, saved_order(layer, own)


def _groups_by_object(
    model: KerasLayer, keras_model: KerasModel, own: OwnVariables
) -> Iterator[Group]:
    """Yield each layer with its own variables, as ``.keras`` archives have them."""

    def has_weights(layer: KerasLayer) -> bool:
        return any(own(inner) for inner in layer.walk())

    for layer, path in object_paths(model, keras_model.weights, has_weights):
        parts: dict[str, list[Slot]] = {"": []}
        variables = own(layer)
        for variable in variables or ():
            part, slash, _ = variable.name.rpartition("/")
            parts.setdefault(f"{slash}{part}", []).append((layer, variable))
        if variables is not None:
            for part, slots in parts.items():
                yield layer, f"{path}{part}", slots


def saved_order(layer: KerasLayer, own: OwnVariables) -> list[Slot]:
    """Return the variables of a layer and of all layers inside it, in the order of HDF5 files."""
    trainable, frozen = (_split_keras3 if layer.generation >= 3 else _split_keras2)(layer, own)
    return _each_once([*trainable, *frozen], own)


def trained_in_order(model: KerasLayer, own: OwnVariables) -> list[Slot]:
    """Return the trained variables of a model, in the order in which Keras has them."""
    trained, _ = (_split_keras3 if model.generation >= 3 else _split_keras2)(model, own)
    return _each_once(trained, own)


def _each_once(slots: Sequence[Slot], own: OwnVariables) -> list[Slot]:
    """Leave out repeated variables."""
    found: dict[tuple[str, str], Slot] = {}
    for slot in slots:
        layer, variable = its_own(slot, own)
        found.setdefault((layer.path, variable.name), (layer, variable))
    return list(found.values())


def its_own(slot: Slot, own: OwnVariables) -> Slot:
    """Return where a variable is known: SpectralNormalization also has the kernel of its layer."""
    layer, variable = slot
    if layer.class_name != "SpectralNormalization" or variable.name != "kernel":
        return slot
    of_children = ((child, first) for child in layer.children for first in own(child) or ())
    return next(of_children, slot)


def _split_keras3(layer: KerasLayer, own: OwnVariables) -> tuple[list[Slot], list[Slot]]:
    """Return trainable and other variables (``Layer.trainable_weights`` in Keras 3).

    Each variable is trainable or not by itself. Both lists are in order of creation.
    """
    slots = [(inner, variable) for inner in layer.walk() for variable in own(inner) or ()]
    if not layer.trainable:
        return [], slots
    return (
        [slot for slot in slots if slot[0].trainable and slot[1].trainable],
        [slot for slot in slots if not (slot[0].trainable and slot[1].trainable)],
    )


def _split_keras2(layer: KerasLayer, own: OwnVariables) -> tuple[list[Slot], list[Slot]]:
    """Return trainable and other variables (``base_layer.py`` and ``training.py`` in Keras 2).

    Layers are asked one after the other. Among the other variables of a frozen layer, those that
    would be trainable come first.
    """
    split = [_split_keras2(child, own) for child in layer.children]
    trainable = list(chain.from_iterable(pair[0] for pair in split))
    others = list(chain.from_iterable(pair[1] for pair in split))
    mine = [(layer, variable) for variable in own(layer) or () if variable.trainable]
    fixed = [(layer, variable) for variable in own(layer) or () if not variable.trainable]
    if layer.trainable:
        return [*mine, *trainable], [*fixed, *others]
    if layer.class_name in CONTAINERS:
        return [], [*trainable, *others]
    variables_of_children = chain.from_iterable([*pair[0], *pair[1]] for pair in split)
    return [], [*mine, *fixed, *variables_of_children]


_NO_ZEROS = (
    "Keras leaves the zero points of quantized weights with this method out of .keras archives, so "
    "that nobody can compute with them, itself neither. Save the quantized model as .h5, or the "
    "model before it is quantized."
)
_NOT_SAID = (
    "Its weights are quantized, but its configuration does not say so, and Keras cannot load the "
    "file either. Leave the layer out, as in model.quantize('int8', filters=...), or save the "
    "model before it is quantized."
)


def _report_count(
    layer: KerasLayer, expected: int, refs: tuple[WeightRef, ...], report: Report
) -> None:
    names = ", ".join(ref.name for ref in refs[:6]) or "none"
    hint = "If it shares layers with another model, save each as a model of its own."
    if any(ref.dtype in ("int8", "uint8") for ref in refs):
        hint = _NO_ZEROS if layer.dtype.startswith(("awq", "gptq")) else _NOT_SAID
    report.problem(
        layer,
        "weights-do-not-fit",
        f"It needs {expected} weights, but the file has {len(refs)} for it ({names}).",
        hint,
    )
