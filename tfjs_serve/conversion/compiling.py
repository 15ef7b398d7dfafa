"""Adds to a translated model what its file says of its training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.model.report import NONSENSE, Report
from tfjs_serve.conversion.passes import Draft, complete_arguments, own_variables, spelled
from tfjs_serve.conversion.stored.restore import trained_refs
from tfjs_serve.conversion.training.full import full_training
from tfjs_serve.conversion.training.inference_calls import called_at_inference
from tfjs_serve.conversion.training.model import CompileSettings, Output, Writer
from tfjs_serve.conversion.training.optimizers import is_legacy, saved_arguments
from tfjs_serve.conversion.training.plain import PlainTraining, plain_training
from tfjs_serve.conversion.training.regularizers import activity_regularizers, weight_regularizers
from tfjs_serve.conversion.training.settings import read_settings
from tfjs_serve.conversion.training.slots import find_slots
from tfjs_serve.conversion.training.state import NoStateError, left_to_adam, state_weights
from tfjs_serve.conversion.training.trained_weights import trained_weights
from tfjs_serve.conversion.writing.translator import Translation
from tfjs_serve.errors import KerasFileError, UnsafeFileError, VariantNotAvailableError
from tfjs_serve.facts.checks import MOST_CHARACTERS, MOST_TENSORS
from tfjs_serve.facts.training import TrainingInfo
from tfjs_serve.facts.wording import shortened
from tfjs_serve.keras_files import SavedTraining, WeightRef
from tfjs_serve.layers_model.model import LayersModel, LayersWeight

_FRESH = "The optimizer starts anew, without the state in the file"


class Detail(Enum):
    """How much of the training is written with a model."""

    NONE = "none"
    PLAIN = "plain"
    """What TensorFlow.js itself computes as Keras does."""
    FULL = "full"
    """Everything, for a page with ``training.js``."""


def compiled(
    model: LayersModel, draft: Draft, translation: Translation, detail: Detail
) -> LayersModel:
    """Return the model with its compile settings, and with all that there is to train on.

    Nothing that is wrong with them keeps the model from being written.

    Parameters
    ----------
    model
        As it is written without them.
    draft, translation
        The model in Keras's and in TensorFlow.js's terms.

    Raises
    ------
    VariantNotAvailableError
        All that there is to train on is wanted, and the file has nothing of it.
    UnsafeFileError
        The state of the optimizer would exhaust this machine.
    """
    saved = draft.file.training
    if detail is Detail.FULL and saved is None:
        raise VariantNotAvailableError(
            f"{draft.file.display_name} was saved without compile settings, so that there is "
            "nothing to train on",
            hint="compile and train it before it is saved, or load it without @train",
        )
    if detail is Detail.NONE or saved is None:
        return model
    settings = _settings(saved, draft, translation)
    plain = plain_training(settings)
    facts = replace(model.facts, training=_info(settings, plain))
    model = replace(model, facts=facts, training_config=plain.config)
    return _to_train(model, settings, draft, translation) if detail is Detail.FULL else model


def _settings(saved: SavedTraining, draft: Draft, translation: Translation) -> CompileSettings:
    """Read the settings; those that make no sense at all are as good as none."""
    writer = Writer(generation=draft.file.dialect.generation, version=draft.file.keras_version)
    outputs = _outputs(draft.model, translation)
    try:
        return read_settings(saved, outputs, writer)
    except NONSENSE:
        problem = "make no sense"
        return read_settings(SavedTraining(problem=problem), outputs, writer)


def _outputs(model: KerasLayer, translation: Translation) -> list[Output]:
    config = translation.layer.config
    facts = translation.known.facts.outputs
    if model.graph is None:
        names, tfjs_names = [model.children[-1].name], [config["layers"][-1]["config"]["name"]]
    else:
        names = [ref.layer for ref in model.graph.outputs]
        tfjs_names = [output[0] for output in config["output_layers"]]
    keys, names = _keys(model), _numbered(names)
    return [
        Output(name=name, tfjs_name=tfjs_name, keys=keys.get(index, ()), shape=fact.shape)
        for index, (name, tfjs_name, fact) in enumerate(zip(names, tfjs_names, facts, strict=True))
    ]


def _numbered(names: Sequence[str]) -> list[str]:
    """Return the names of outputs; one that is there twice has a number, as in Keras's logs."""
    counts: Counter[str] = Counter()
    found = []
    for name in names:
        found.append(f"{name}_{counts[name]}" if counts[name] else name)
        counts[name] += 1
    return found


def _keys(model: KerasLayer) -> dict[int, tuple[str, ...]]:
    """Return the keys of outputs in a dictionary, by their positions."""
    structure = model.graph.structures.get("outputs") if model.graph else None
    if not isinstance(structure, dict):
        return {}
    return {index: (key,) for key, index in structure.items() if isinstance(index, int)}


def _info(settings: CompileSettings, plain: PlainTraining) -> TrainingInfo:
    optimizer = settings.optimizer
    names = [loss.class_name for loss in settings.losses if loss is not None]
    is_short = len(plain.compile_line) <= MOST_CHARACTERS
    return TrainingInfo(
        optimizer=optimizer.class_name if optimizer is not None else "",
        losses=tuple(dict.fromkeys(names)),
        is_compiled=plain.config is not None,
        has_all=settings.is_trainable,
        left_out=tuple(map(shortened, plain.left_out[:MOST_TENSORS])),
        compile_line=plain.compile_line if is_short else "",
    )


# --- All that there is to train on ----------------------------------------------------------


def _to_train(
    model: LayersModel, settings: CompileSettings, draft: Draft, translation: Translation
) -> LayersModel:
    """Return the model for a page with ``training.js``; warnings say what even that lacks."""
    regularizers, odd = activity_regularizers(draft.model, translation.known.names)
    at_inference, mixed = called_at_inference(draft.model, translation.known.names)
    notes = [*settings.missing, *odd, *mixed]
    of_weights, mended = weight_regularizers(
        draft.model, draft.weights, model.topology["model_config"], model.weights
    )
    config = full_training(settings, regularizers, of_weights, at_inference)
    state: tuple[LayersWeight, ...] = ()
    if config is None:
        notes.append("So the page gets a model that is not compiled.")
    else:
        try:
            state = _state(model, settings, draft)
        except (KerasFileError, NoStateError, *NONSENSE) as error:
            if isinstance(error, UnsafeFileError):
                raise
            reason = error.message if isinstance(error, KerasFileError) else str(error)
            notes.append(f"{_FRESH}: {reason[:MOST_CHARACTERS]}.")
    told = (f"Training: {' '.join(notes)}",) if notes else ()
    if config is not None:
        model = replace(model, warnings=tuple(one for one in model.warnings if one not in mended))
    return replace(
        model,
        training_config=config,
        weights=(*model.weights, *state),
        warnings=(*model.warnings, *told),
    )


def _state(model: LayersModel, settings: CompileSettings, draft: Draft) -> tuple[LayersWeight, ...]:
    """Return the state of the optimizer; none before the first step.

    Raises
    ------
    NoStateError
        There is one that cannot be carried over.
    KerasFileError
        It is damaged.
    """
    optimizer, training = settings.optimizer, draft.file.training
    assert optimizer is not None
    assert training is not None
    saved = training.read_optimizer()
    if not saved:
        return ()
    trained = _trained(draft)
    arguments = saved_arguments(training.optimizer)
    legacy = is_legacy(arguments, settings.writer)
    written = trained_weights(model.topology["model_config"], model.weights)
    flags = left_to_adam(optimizer, trained, written) if optimizer.class_name == "Muon" else ()
    slots = find_slots(optimizer, saved, trained, legacy=legacy, left_to_adam=flags)
    if slots is None:
        if not any(ref.shape for ref in saved):
            return ()  # The optimizer has made no step yet: its slots do not exist.
        raise NoStateError(f"its {len(saved)} variables are not those of {optimizer.class_name}")
    return state_weights(optimizer, slots, trained, written)


def _trained(draft: Draft) -> Sequence[WeightRef]:
    """Return the weights that Keras trains, as the file has them."""
    # The layers as the file keeps them, before they were restored to what the rules know.
    stored = complete_arguments(spelled(draft.file, draft.custom_layers))
    report = Report(draft.file.display_name)
    return trained_refs(stored.model, stored.file, own_variables(stored), rules(), report)
