"""A model in memory and files of it, converted alike."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfjs_serve.conversion.record.model import RECORD
from tfjs_serve.errors import ConversionError
from tfjs_serve.live_models.reading import read_live_model
from tfjs_serve.settings import MODEL_JSON, ConversionOptions
from tfjs_serve.worker.convert import convert, convert_opened
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest

Outcome = tuple[Any, ...]
"""What was written, with the notes; or the problems."""


def of_live(
    model: Any, options: ConversionOptions | None = None, *, recorded: bool = True
) -> Outcome:
    """Return what becomes of the model as it is in memory.

    Parameters
    ----------
    recorded
        Whether the record of what Keras has said of the model counts: an .h5 file says less.
    """

    def carry_out(request: ConversionRequest) -> ConversionReport:
        return convert_opened(read_live_model(model), request, lambda _done, _all: None)

    return _outcome(carry_out, "", options, recorded=recorded)


def of_file(
    path: Path, options: ConversionOptions | None = None, *, recorded: bool = True
) -> Outcome:
    """Return what becomes of a file."""

    def carry_out(request: ConversionRequest) -> ConversionReport:
        return convert(request, lambda _progress: None)

    return _outcome(carry_out, str(path), options, recorded=recorded)


def _outcome(
    carry_out: Callable[[ConversionRequest], ConversionReport],
    source: str,
    options: ConversionOptions | None,
    *,
    recorded: bool,
) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        request = ConversionRequest(
            source=source,
            display_name="model",
            output_dir=folder,
            options=options or ConversionOptions(),
        )
        try:
            report = carry_out(request)
        except ConversionError as error:
            return error.problems
        document = json.loads((Path(folder) / MODEL_JSON).read_bytes())
        if not recorded:
            document["userDefinedMetadata"].pop(RECORD)
        digests = {file.sha256 for file in report.files if not file.name.startswith(MODEL_JSON)}
        return document, digests, report.parts, report.warnings
