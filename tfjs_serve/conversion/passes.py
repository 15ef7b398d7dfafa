"""A model on its way from a file to the layer rules, and the passes that take it there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.model.layers import CONTAINERS, KerasLayer, Variable
from tfjs_serve.conversion.model.report import Report, hint_of_package
from tfjs_serve.conversion.model.sources import LayerWeights
from tfjs_serve.conversion.spelling.normalize import normalize
from tfjs_serve.conversion.stored.assignment import OwnVariables
from tfjs_serve.conversion.stored.file_arguments import with_file_arguments
from tfjs_serve.conversion.stored.lora import tell_lora
from tfjs_serve.conversion.stored.missing_shapes import with_input_shapes
from tfjs_serve.conversion.stored.page_layers import page_variables
from tfjs_serve.conversion.stored.restore import read_layers
from tfjs_serve.conversion.writing.precision import note_precision
from tfjs_serve.conversion.writing.scalar_inputs import with_scalar_inputs
from tfjs_serve.keras_files import KerasModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A model on its way to the layer rules.

    Attributes
    ----------
    file
        The file that was read.
    custom_layers
        Names of the layer classes that the page registers itself.
    report
        Collects the problems and warnings of all passes.
    model
        The outermost model.
    weights
        From a layer's path to its weights by variable name.
    """

    file: KerasModel
    custom_layers: Collection[str]
    report: Report
    model: KerasLayer
    weights: LayerWeights = field(default_factory=dict)


Pass = Callable[[Draft], Draft]


def spelled(keras_model: KerasModel, custom_layers: Collection[str]) -> Draft:
    """Return the model of a file in the one spelling that all passes read."""
    report = Report(keras_model.display_name)
    generation = keras_model.dialect.generation
    model = normalize(keras_model.config, generation, report, tuple(keras_model.weights))
    return Draft(file=keras_model, custom_layers=custom_layers, report=report, model=model)


def complete_arguments(draft: Draft) -> Draft:
    """Return the model with the arguments and versions that only the whole file tells."""
    return replace(draft, model=with_file_arguments(draft.model, draft.file))


def refuse_other_models(draft: Draft) -> Draft:
    """Stop at a model that is neither Sequential nor Functional.

    Raises
    ------
    ConversionError
        It is neither; the error also tells what was reported before.
    """
    if draft.model.class_name not in CONTAINERS:
        draft.report.problem(
            draft.model,
            "unsupported-model",
            "Only Sequential and Functional models describe their own computation.",
            hint_of_package(
                draft.model,
                "Rebuild it with keras.Sequential or keras.Model(inputs, outputs).",
                is_model=True,
            ),
        )
        draft.report.raise_problems()
    return draft


def read_weights(draft: Draft) -> Draft:
    """Return the layers in the form that the rules know, instead of the file's, with weights."""
    own = own_variables(draft)
    tell_lora(draft.model, draft.report)
    model, weights = read_layers(draft.model, draft.file, own, rules(), draft.report)
    return replace(draft, model=model, weights=weights)


def tell_precision(draft: Draft) -> Draft:
    """Note the layers that Keras computes with other floats than the page."""
    note_precision(draft.model, draft.report)
    return draft


def tell_input_shapes(draft: Draft) -> Draft:
    """Return the model with a shape for every InputLayer, if need be from the shapes of weights.

    Raises
    ------
    ConversionError
        The shape of an input cannot be found.
    """
    model = with_input_shapes(draft.model, draft.weights, rules(), draft.report)
    return replace(draft, model=model)


def widen_scalar_inputs(draft: Draft) -> Draft:
    """Return the model with inputs that TF.js can be fed, once all shapes are known."""
    return replace(draft, model=with_scalar_inputs(draft.model))


MODEL_PASSES: tuple[Pass, ...] = (
    # Where a layer keeps its variables depends on its arguments, and on the version that saved it.
    complete_arguments,
    # The weights of other models need not match their layers, so nothing may look at them.
    refuse_other_models,
    # The form in which the file keeps a layer decides which variables to look for.
    read_weights,
    # A layer that was quantized is known only now.
    tell_precision,
)
"""What reads the file, in order, each with the reason for its place."""
SHAPE_PASSES: tuple[Pass, ...] = (
    # The shapes of weights tell the shapes of inputs that were saved without them.
    tell_input_shapes,
    # This adds layers that are not in the file, so it comes after all that looks into the file.
    widen_scalar_inputs,
)
"""What follows for each choice of the sizes that a first call left, in order."""


def own_variables(draft: Draft) -> OwnVariables:
    """Return which variables a layer of this model has itself; ``None`` if nobody knows."""
    known = rules()
    of_page = page_variables(draft.model, draft.file, draft.custom_layers)

    def own(layer: KerasLayer) -> tuple[Variable, ...] | None:
        if layer.class_name in CONTAINERS or layer.is_operation:
            return ()
        if layer.path in of_page:
            return of_page[layer.path]
        rule = known.get(layer.class_name)
        return None if rule is None or layer.is_custom else rule.variables(layer.config)

    return own
