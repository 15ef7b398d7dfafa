"""A model in memory and files of it, converted alike."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfjs_serve.errors import ConversionError
from tfjs_serve.live_models.reading import read_live_model
from tfjs_serve.settings import ConversionOptions
from tfjs_serve.worker.convert import convert, convert_opened
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest

Outcome = tuple[Any, ...]
"""Names and digests of what was written, with the notes; or the problems."""


def of_live(model: Any, options: ConversionOptions | None = None) -> Outcome:
    """Return what becomes of the model as it is in memory."""

    def carry_out(request: ConversionRequest) -> ConversionReport:
        return convert_opened(read_live_model(model), request, lambda _done, _all: None)

    return _outcome(carry_out, "", options)


def of_file(path: Path, options: ConversionOptions | None = None) -> Outcome:
    """Return what becomes of a file."""
    return _outcome(lambda request: convert(request, lambda _progress: None), str(path), options)


def _outcome(
    carry_out: Callable[[ConversionRequest], ConversionReport],
    source: str,
    options: ConversionOptions | None,
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
        return (*((file.name, file.sha256) for file in report.files), report.parts, report.warnings)
