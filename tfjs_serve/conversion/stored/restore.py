"""Restores the layers of a file, with their weights, to the form that the rules know."""

from __future__ import annotations

from tfjs_serve.conversion.inference.infer import infer
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.rules.registry import Rules
from tfjs_serve.conversion.stored.assignment import OwnVariables, assign, trained_in_order
from tfjs_serve.conversion.stored.forms import (
    FormOf,
    Restored,
    first_of,
    restored,
    stored_variables,
)
from tfjs_serve.conversion.stored.keras1 import keras1_forms
from tfjs_serve.conversion.stored.lora import lora_forms
from tfjs_serve.conversion.stored.quantized_layers import (
    is_quantized,
    note_quantized_steps,
    quantized_forms,
)
from tfjs_serve.conversion.stored.theano import theano_forms
from tfjs_serve.keras_files import KerasModel, WeightRef


def read_layers(
    model: KerasLayer,
    keras_model: KerasModel,
    own: OwnVariables,
    rules: Rules,
    report: Report,
) -> Restored:
    """Return the model as the rules know it, and its weights by layer path and variable name.

    Parameters
    ----------
    model
        The outermost model, with versions in all layers.
    keras_model
        The file, with the weights.
    own
        Returns the variables of a layer as the rules know it.
    rules
        Rules by class name.
    report
        Gets what cannot be restored.
    """
    form_of = _form_of(model, keras_model, own, rules, report)
    weights = assign(model, keras_model, stored_variables(form_of, own), report)
    model, weights = restored(model, weights, form_of)
    if keras_model.dialect.backend == "theano":
        model, weights = restored(model, weights, theano_forms(report))
    return model, weights


def trained_refs(
    model: KerasLayer,
    keras_model: KerasModel,
    own: OwnVariables,
    rules: Rules,
    report: Report,
) -> tuple[WeightRef, ...]:
    """Return the saved weights that Keras trains, in its order; see :func:`read_layers`."""
    stored = stored_variables(_form_of(model, keras_model, own, rules, report), own)
    weights = assign(model, keras_model, stored, report)
    refs = (
        weights.get(layer.path, {}).get(variable.name)
        for layer, variable in trained_in_order(model, stored)
    )
    found = [ref for ref in refs if isinstance(ref, WeightRef)]
    return tuple({id(ref): ref for ref in found}.values())


def _form_of(
    model: KerasLayer,
    keras_model: KerasModel,
    own: OwnVariables,
    rules: Rules,
    report: Report,
) -> FormOf:
    dialect = keras_model.dialect
    if dialect.generation < 2:
        return keras1_forms(model)
    if dialect.generation < 3:
        return first_of(())
    shapes: dict[str, Shape | None] = {}
    if any(map(is_quantized, model.walk())):
        calls = infer(model, rules, report.copy()).calls
        shapes = {path: facts[0][0].shape for path, facts in calls.items()}
        note_quantized_steps(model, report)

    def input_shape(layer: KerasLayer) -> Shape | None:
        return shapes.get(layer.path)

    quantized = quantized_forms(dialect.container, input_shape, report)
    return first_of((quantized, lora_forms(dialect.container, own)))
