"""Converts a Keras model into a layers model: a list of passes, the layer rules, a last check.

The passes turn a model, as its file spells it, into what the layer rules know. The rules translate
it, and their result is made loadable. Each pass takes a :class:`Draft` and returns the next one.
``MODEL_PASSES`` and ``SHAPE_PASSES`` are their order, with the reason for each place.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial

from tfjs_serve import companion
from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.compiling import Detail, compiled
from tfjs_serve.conversion.inference.infer import infer
from tfjs_serve.conversion.masks.check_masks import check_masks
from tfjs_serve.conversion.masks.check_states import MIXED_STATES, check_states
from tfjs_serve.conversion.masks.explicit import with_explicit_masks
from tfjs_serve.conversion.model.layers import Json, KerasLayer
from tfjs_serve.conversion.model.report import Report, nonsense_as_error
from tfjs_serve.conversion.model.sources import saved_names, with_named_errors
from tfjs_serve.conversion.passes import (
    MODEL_PASSES,
    SHAPE_PASSES,
    Draft,
    complete_arguments,
    own_variables,
    read_weights,
    refuse_other_models,
    spelled,
    tell_input_shapes,
)
from tfjs_serve.conversion.record.model import RECORD
from tfjs_serve.conversion.record.recording import Conversion, record_of
from tfjs_serve.conversion.record.text import to_text
from tfjs_serve.conversion.rules.tfjs_names import tfjs_names
from tfjs_serve.conversion.stored.alone import are_alone, weights_alone
from tfjs_serve.conversion.stored.choosing import Fit, whole
from tfjs_serve.conversion.stored.first_call import freed, tell_sizes
from tfjs_serve.conversion.stored.fitting import matched, misfit
from tfjs_serve.conversion.writing.description import described
from tfjs_serve.conversion.writing.distinct_inputs import with_distinct_inputs
from tfjs_serve.conversion.writing.loadable import check_loadable
from tfjs_serve.conversion.writing.shared_weights import tell_shared_weights
from tfjs_serve.conversion.writing.translator import Known, Translation, translated
from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files import Architecture, KerasModel
from tfjs_serve.layers_model.backends import backend_notes
from tfjs_serve.layers_model.model import LayersModel, LayersWeight


def translate(
    keras_model: KerasModel,
    custom_layers: Collection[str] = (),
    training: Detail = Detail.PLAIN,
    *,
    alone: bool = False,
) -> LayersModel:
    """Return the model in TF.js's terms.

    Parameters
    ----------
    custom_layers
        Names of the layer classes that the page registers itself; see ``writing/custom.py``.
    training
        How much of the compile settings becomes part of the model.
    alone
        Whether weights for which no architecture is known are a model all the same.

    Raises
    ------
    ConversionError
        The model cannot be translated; the error tells every reason.
    KerasFileError
        The configuration is not one that Keras writes.
    UnsafeFileError
        Converting the model would exhaust this machine.
    VariantNotAvailableError
        All that there is to train on is wanted, and the file has nothing of it.
    """
    if alone and are_alone(keras_model):
        return weights_alone(keras_model)
    with nonsense_as_error(keras_model.display_name):
        keras_model, note = whole(keras_model, partial(_try, keras_model, custom_layers))
        draft = spelled(keras_model, custom_layers)
        if note:
            draft.report.warn(draft.model, note)
        as_spelled = draft.model
        for one in MODEL_PASSES:
            draft = one(draft)
        done = freest(draft)
        model = compiled(written(done), done.draft, done.translation, training)
        return _recorded(model, as_spelled, draft, training)


def _try(
    keras_model: KerasModel, custom_layers: Collection[str], architecture: Architecture
) -> Fit:
    """Find out whether an architecture and weights, saved in two files, belong together.

    Raises
    ------
    TfjsServeError
        They do not: there are too many or too few weights, or it is no architecture.
    """
    with nonsense_as_error(keras_model.display_name):
        file = keras_model.of(architecture)
        draft = refuse_other_models(complete_arguments(spelled(file, custom_layers)))
        file, names = matched(draft.model, file, own_variables(draft))
        draft = read_weights(replace(draft, file=file, report=Report(file.display_name)))
        draft.report.raise_problems()
        draft = tell_input_shapes(draft)
        problem = misfit(draft.model, draft.weights, file, own_variables(draft), rules())
    return Fit(architecture=architecture, model=file, names=names, problem=problem)


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
    translation, draft = done.translation, done.draft
    file = draft.file
    config = with_distinct_inputs(translation.layer.to_json())
    check_loadable(config)
    parts = companion.parts_for(config)
    tell_shared_weights(draft.model, draft.weights, done.report)
    return LayersModel(
        topology={
            "keras_version": file.keras_version,
            "backend": "tensorflow",
            "model_config": config,
        },
        weights=tuple(_weight(weight, file.display_name) for weight in translation.layer.weights),
        user_defined_metadata=_metadata(draft.model),
        generated_by=f"keras {file.keras_version}",
        warnings=(*done.report.warnings, *backend_notes(translation.layer.config)),
        parts=parts,
        facts=described(draft.model, draft.weights, translation, parts),
    )


def _recorded(
    model: LayersModel, as_spelled: KerasLayer, draft: Draft, training: Detail
) -> LayersModel:
    """Return the model with the record of what it was, for the way back."""
    conversion = Conversion(
        file=draft.file,
        spelled=as_spelled,
        model=draft.model,
        weights=draft.weights,
        written=[weight for weight in model.weights if not weight.group],
        custom_layers=draft.custom_layers,
    )
    record = record_of(conversion, with_training=training is not Detail.NONE)
    text = to_text(record) if record is not None else ""
    if not text:
        return model
    metadata = {**(model.user_defined_metadata or {}), RECORD: text}
    return replace(model, user_defined_metadata=metadata)


def _weight(weight: LayersWeight, display_name: str) -> LayersWeight:
    """Return a weight that tells what it is made of, also in its errors."""
    return with_named_errors(replace(weight, saved_names=saved_names(weight.source)), display_name)


def _metadata(model: KerasLayer) -> dict[str, Json] | None:
    """Return what ``getUserDefinedMetadata`` tells a page: how inputs and outputs are nested."""
    structures = dict(model.graph.structures) if model.graph else {}
    return structures or None
