"""The road back: from a layers model, as it lies in a folder, to what is written for Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfjs_serve.conversion.model.report import Report, nonsense_as_error
from tfjs_serve.conversion.raising.code import refuse_code, without_code
from tfjs_serve.conversion.raising.common import in_common
from tfjs_serve.conversion.raising.hard_sigmoid import note_hard_sigmoid, without_hard_sigmoid
from tfjs_serve.conversion.raising.model import BOTH, Origin, Page, Raised
from tfjs_serve.conversion.raising.recorded import converted_again, origin_of
from tfjs_serve.conversion.raising.trained import with_training
from tfjs_serve.conversion.raising.unrecorded import unrecorded
from tfjs_serve.conversion.record.model import RECORD
from tfjs_serve.conversion.record.text import from_text
from tfjs_serve.errors import TfjsFolderError
from tfjs_serve.layers_model.tfjs_weights import TfjsWeight

_OTHER_MODEL = (
    "It has a record of the Keras model that it was, but is another model now, or was made by "
    "another version of tfjs-serve: it goes back layer by layer, without the record."
)


def raised(
    document: Mapping[str, Any],
    weights: Sequence[TfjsWeight],
    display_name: str,
    *,
    with_all: bool = True,
) -> Raised:
    """Return the model of a folder for Keras.

    Parameters
    ----------
    document
        What is in ``model.json``.
    weights
        In the order of its manifest.
    with_all
        Whether compile settings and the state of the optimizer are to go back, too.

    Raises
    ------
    ConversionError
        Keras has no layer for some of its layers; the error tells every reason.
    KerasFileError
        It makes no sense.
    TfjsFolderError
        It is not a layers model.
    """
    page = _page(document, weights, display_name)
    with nonsense_as_error(display_name):
        origin = _origin(page)
        report = Report(display_name)
        written = in_common(origin, report)
        report.raise_problems()
    notes = [*origin.notes, *written.notes, *note_hard_sigmoid(origin, written.model)]
    if written.loaded_by != BOTH and not written.loaded_by:
        notes.append("No Keras of today has all of its layers.")
    model = Raised(
        config=written.config,
        model=written.model,
        variables=origin.variables,
        keras_version=origin.keras_version,
        loaded_by=written.loaded_by,
        notes=tuple(notes),
    )
    refuse_code(model, report)
    report.raise_problems()
    return without_code(with_training(model, origin, page)) if with_all else model


def _page(document: Mapping[str, Any], weights: Sequence[TfjsWeight], display_name: str) -> Page:
    topology = document["modelTopology"]
    model = topology.get("model_config") or topology
    if not isinstance(model, dict) or not isinstance(model.get("class_name"), str):
        raise TfjsFolderError(
            f"{display_name} is not a layers model: it has no model_config",
            hint="graph models have no layers; convert the Keras file that it was made of",
        )
    metadata = document.get("userDefinedMetadata")
    training = document.get("trainingConfig") or topology.get("training_config")
    return Page(
        display_name=display_name,
        model={key: model[key] for key in ("class_name", "config") if key in model},
        keras_version=str(topology.get("keras_version") or ""),
        weights={one.name: one for one in weights if one.group != "optimizer"},
        optimizer={one.name: one for one in weights if one.group == "optimizer"},
        training=training if isinstance(training, dict) else None,
        record=metadata.get(RECORD) if isinstance(metadata, dict) else None,
    )


def _origin(page: Page) -> Origin:
    record = from_text(page.record)
    if record is None:
        return without_hard_sigmoid(unrecorded(page))
    again = converted_again(record, page)
    if again is not None:
        return origin_of(again, record, page)
    origin = without_hard_sigmoid(unrecorded(page))
    return replace(origin, notes=(*origin.notes, _OTHER_MODEL))
