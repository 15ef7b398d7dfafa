"""Tell callers what the user of a converted model should know, as Python warnings."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator

from tfjs_serve.companion import SCRIPT_NAME
from tfjs_serve.errors import ConversionNote
from tfjs_serve.exporting.export import Exported
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.training_script import SCRIPT_NAME as TRAINING_SCRIPT_NAME


def tell_notes(notes: Iterable[str]) -> None:
    """Warn of each note, at the line that called the public function which calls this."""
    for note in notes:
        warnings.warn(note, ConversionNote, stacklevel=3)


def notes_of(exported: Exported) -> Iterator[str]:
    """Yield what the user of a model in a folder should know."""
    yield from exported.notes
    if not exported.is_whole:
        yield f"the file holds weights alone, so that {MODEL_JSON} has no architecture to load"
    for name, is_needed in (
        (SCRIPT_NAME, exported.needs_layers),
        (TRAINING_SCRIPT_NAME, exported.trains_with_script),
    ):
        if is_needed:
            yield f"a page has to load {name}, which is beside model.json, after TensorFlow.js"
