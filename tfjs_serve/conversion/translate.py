"""Converts a Keras model into a layers model: a list of passes, the layer rules, a last check.

The passes turn a model, as its file spells it, into what the layer rules know. The rules translate
it, and their result is made loadable. Each pass takes a :class:`Draft` and returns the next one.
``MODEL_PASSES`` and ``SHAPE_PASSES`` are their order, with the reason for each place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from tfjs_serve import companion
from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.inference.infer import infer
from tfjs_serve.conversion.masks.check_masks import check_masks
from tfjs_serve.conversion.masks.check_states import MIXED_STATES, check_states
from tfjs_serve.conversion.masks.explicit import with_explicit_masks
from tfjs_serve.conversion.model.layers import CONTAINERS, Json, KerasLayer, Variable
from tfjs_serve.conversion.model.report import HINT_OF_PACKAGE, Report, nonsense_as_error
from tfjs_serve.conversion.model.sources import LayerWeights, with_named_errors
from tfjs_serve.conversion.rules.tfjs_names import tfjs_names
from tfjs_serve.conversion.spelling.normalize import normalize
from tfjs_serve.conversion.stored.assignment import OwnVariables
from tfjs_serve.conversion.stored.file_arguments import with_file_arguments
from tfjs_serve.conversion.stored.first_call import freed, tell_sizes
from tfjs_serve.conversion.stored.missing_shapes import with_input_shapes
from tfjs_serve.conversion.stored.page_layers import page_variables
from tfjs_serve.conversion.stored.restore import read_layers
from tfjs_serve.conversion.writing.distinct_inputs import with_distinct_inputs
from tfjs_serve.conversion.writing.loadable import check_loadable
from tfjs_serve.conversion.writing.precision import note_precision
from tfjs_serve.conversion.writing.scalar_inputs import with_scalar_inputs
from tfjs_serve.conversion.writing.translator import Known, Translation, translated
from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files import KerasModel
from tfjs_serve.layers_model.model import LayersModel


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


def translate(keras_model: KerasModel, custom_layers: Collection[str] = ()) -> LayersModel:
    """Return the model in TF.js's terms.

    Parameters
    ----------
    custom_layers
        Names of the layer classes that the page registers itself; see ``writing/custom.py``.

    Raises
    ------
    ConversionError
        The model cannot be translated; the error tells every reason.
    KerasFileError
        The configuration is not one that Keras writes.
    UnsafeFileError
        Converting the model would exhaust this machine.
    """
    with nonsense_as_error(keras_model.display_name):
        draft = spelled(keras_model, custom_layers)
        for one in MODEL_PASSES:
            draft = one(draft)
        return written(freest(draft))


# --- Passes over the model ------------------------------------------------------------------


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
            HINT_OF_PACKAGE.get(
                draft.model.package,
                "Rebuild it with keras.Sequential or keras.Model(inputs, outputs).",
            ),
        )
        draft.report.raise_problems()
    return draft


def read_weights(draft: Draft) -> Draft:
    """Return the layers in the form that the rules know, instead of the file's, with weights."""
    own = _own_variables(draft)
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


def _own_variables(draft: Draft) -> OwnVariables:
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


# --- From Keras's terms to TF.js's ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A model without problems, and its translation."""

    draft: Draft
    translation: Translation
    report: Report

    @property
    def parts(self) -> frozenset[str]:
        """The parts of ``layers.js`` that the page needs."""
        return frozenset(companion.parts_for(self.translation.layer.to_json()))


def freest(draft: Draft) -> Done:
    """Translate the model with as few sizes of its first call as it can do without.

    A size stays if the page needed more JavaScript without it.

    Raises
    ------
    ConversionError
        The model as the file has it cannot be translated.
    """
    done, kept = _done(draft), None
    for model in freed(draft.model, draft.weights, rules(), draft.report):
        try:
            freer = _done(replace(draft, model=model, report=draft.report.copy()))
        except ConversionError:
            continue
        if freer.parts <= done.parts:
            tell_sizes(draft.model, model, kept, freer.report)
            return freer
        kept = kept or model
    return done


def _done(draft: Draft) -> Done:
    for one in SHAPE_PASSES:
        draft = one(draft)
    translation, report = by_rules(draft)
    report.raise_problems()
    return Done(draft=draft, translation=translation, report=report)


def by_rules(draft: Draft) -> tuple[Translation, Report]:
    """Apply the rules; return the translation and the report of it.

    Masks become tensors of the graph only if TF.js would pass on other masks than Keras: plain
    TF.js layers only use masks that travel by themselves. TF.js drops masks at models, and only
    the rules tell which layers become models. So a model with masks may need a second
    translation, of another graph.
    """
    first = replace(draft, report=draft.report.copy())
    translation = _translated(first)
    if not first.report.codes & {"unsupported-mask", MIXED_STATES}:
        return translation, first.report
    second = draft.report.copy()
    flat = with_explicit_masks(draft.model, rules(), second)
    return _translated(replace(draft, model=flat, report=second)), second


def _translated(draft: Draft) -> Translation:
    """Apply the rules; report what they cannot translate, and wrong masks and states."""
    table, report = rules(), draft.report
    names = tfjs_names(draft.model, report)
    facts = infer(draft.model, table, report)
    known = Known(
        rules=table,
        weights=draft.weights,
        names=names,
        facts=facts,
        custom_layers=draft.custom_layers,
    )
    translation = translated(draft.model, known, report)
    if facts.have_masks_after(translation.containers):
        facts = infer(draft.model, table, report, translation.containers)
    check_masks(facts, table, report)
    check_states(facts, table, report)
    return translation


# --- What is written ------------------------------------------------------------------------


def written(done: Done) -> LayersModel:
    """Return a translation without problems as a model that TF.js's loader takes.

    Raises
    ------
    UnloadableError
        The loader would hang or fail. This is a defect of the converter, not of the file.
    """
    translation, file = done.translation, done.draft.file
    config = with_distinct_inputs(translation.layer.to_json())
    check_loadable(config)
    return LayersModel(
        topology={
            "keras_version": file.keras_version,
            "backend": "tensorflow",
            "model_config": config,
        },
        weights=tuple(
            with_named_errors(weight, file.display_name) for weight in translation.layer.weights
        ),
        user_defined_metadata=_metadata(done.draft.model),
        generated_by=f"keras {file.keras_version}",
        warnings=done.report.warnings,
        parts=companion.parts_for(config),
    )


def _metadata(model: KerasLayer) -> dict[str, Json] | None:
    """Return what ``getUserDefinedMetadata`` tells a page: how inputs and outputs are nested."""
    structures = dict(model.graph.structures) if model.graph else {}
    return structures or None
