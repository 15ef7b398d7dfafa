"""Adds to a model for Keras what is known of its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.model.layers import CONTAINERS, KerasLayer, Variable
from tfjs_serve.conversion.model.report import NONSENSE
from tfjs_serve.conversion.model.sources import Array
from tfjs_serve.conversion.raising.model import Origin, Page, Raised
from tfjs_serve.conversion.raising.state import FreshError, state_of
from tfjs_serve.conversion.raising.training import (
    Compiled,
    compiled_for_keras,
    is_for_script,
    settings_of_page,
)
from tfjs_serve.conversion.record.solving import UnsolvedError
from tfjs_serve.conversion.stored.assignment import trained_in_order
from tfjs_serve.conversion.training.model import Writer
from tfjs_serve.layers_model.model import TensorSource

_FRESH = "The optimizer starts anew: {}."
_WHO_TAKES_IT = (
    "The state of the optimizer is taken up by Keras 3 from .keras files, and by tf_keras from .h5 "
    "files. Keras 3 trains a model of an .h5 file with such a state once it is compiled anew."
)


def with_training(model: Raised, origin: Origin, page: Page) -> Raised:
    """Return the model with compile settings and the state of the optimizer.

    Nothing that is wrong with them keeps the model from being written.
    """
    if origin.training is None:
        return model
    try:
        compiled = _compiled(origin)
    except NONSENSE as error:
        return replace(model, notes=(*model.notes, f"The compile settings make no sense: {error}"))
    if compiled is None:
        return model
    notes = [*model.notes, *compiled.notes]
    state: tuple[Sequence[TensorSource], Sequence[TensorSource]] = ((), ())
    if page.optimizer:
        try:
            state = _state(compiled, model, origin, page)
            notes.append(_WHO_TAKES_IT)
        except (FreshError, UnsolvedError, *NONSENSE) as error:
            notes.append(_FRESH.format(error))
    return replace(
        model,
        training=compiled.training,
        optimizer=compiled.optimizer,
        state=state[0],
        state_of_keras2=state[1],
        notes=tuple(notes),
    )


def _compiled(origin: Origin) -> Compiled | None:
    assert origin.training is not None
    if origin.is_recorded:
        writer = Writer(generation=origin.generation, version=origin.keras_version)
        return compiled_for_keras(origin.training, writer)
    return compiled_for_keras(settings_of_page(origin.training), Writer(generation=3))


def _state(
    compiled: Compiled, model: Raised, origin: Origin, page: Page
) -> tuple[Sequence[TensorSource], Sequence[TensorSource]]:
    if compiled.setting is None or page.training is None:
        raise FreshError("it is not one of Keras's")
    of_script = is_for_script(page.training)
    saved = page.training.get("optimizer_config") or {}
    keys = _trained(model)

    def arranged(slots: Mapping[str, Array]) -> list[Array | None]:
        found = origin.arranged(slots)
        return [found.get(path, {}).get(name) for path, name in keys]

    page_class = "" if of_script else str(saved.get("class_name"))
    return state_of(compiled.setting, page.optimizer, page_class, origin.trained, arranged)


def _trained(model: Raised) -> list[tuple[str, str]]:
    """Return path and name of the variables that Keras 3 trains, in its order."""
    table = rules()

    def own(layer: KerasLayer) -> tuple[Variable, ...] | None:
        rule = None if layer.is_custom else table.get(layer.class_name)
        if layer.class_name in CONTAINERS or rule is None:
            return ()
        return rule.variables(layer.config)

    slots = trained_in_order(_of_keras3(model.model), own)
    return [(layer.path, variable.name) for layer, variable in slots]


def _of_keras3(layer: KerasLayer) -> KerasLayer:
    return replace(layer, generation=3, children=tuple(map(_of_keras3, layer.children)))
