"""What the converter makes of a saved model, without a server."""

from __future__ import annotations

from pathlib import Path

from tfjs_serve.companion import SCRIPT_NAME, script_of
from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.inference.infer import infer
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.model.shapes import Shape
from tfjs_serve.conversion.spelling.normalize import normalize
from tfjs_serve.settings import ConversionOptions
from tfjs_serve.worker.convert import convert
from tfjs_serve.worker.protocol import ConversionReport, ConversionRequest


def inferred_output_shapes(config: Json) -> list[Shape | None]:
    """Return them in the order of the model's outputs; ``None`` where even the rank is unknown.

    Parameters
    ----------
    config
        What an archive of Keras 3 has in its ``config.json``.
    """
    report = Report("model")
    model = normalize(config, 3, report)
    return [fact.shape for fact in infer(model, rules(), report).outputs]


def convert_into(
    directory: Path, path: Path, *beside: Path, options: ConversionOptions | None = None
) -> ConversionReport:
    """Convert the model at `path` in this process, as the server's worker does it.

    Its layers, if it needs any, are in ``layers.js``, too, where a page looks for them.
    """
    request = ConversionRequest(
        source=str(path),
        beside=tuple(map(str, beside)),
        display_name=path.name,
        output_dir=str(directory),
        options=options or ConversionOptions(),
    )
    report = convert(request, lambda _progress: None)
    if report.parts:
        (directory / SCRIPT_NAME).write_text(script_of(report.parts).text, encoding="utf-8")
    return report


def converted(path: Path, directory: Path, *beside: Path) -> dict[str, bytes]:
    """Convert the model into `directory`; return the files by name.

    Parameters
    ----------
    beside
        The other files that the model is, or may be, made of.
    """
    directory.mkdir()
    report = convert_into(directory, path, *beside)
    return {file.name: (directory / file.name).read_bytes() for file in report.files}
