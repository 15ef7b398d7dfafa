"""Convert each model of a corpus, and record a digest of what it became.

Of tfjs-serve it uses only what the worker is asked with, so that it can do the same with another
checkout whose rooms are furnished differently.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ENDINGS = (".h5", ".hdf5", ".keras")
COMPRESSED = (".br", ".gz")
CONVERTER = re.compile(rb'"convertedBy": ?"[^"]*"')
"""What ``model.json`` says of the version that wrote it."""

Record = dict[str, Any]
"""What became of a model, as JSON: ``source``, ``outcome``, ``seconds`` of processor time, and
what the outcome has.

``converted`` has ``files`` (digests by name) and ``warnings``; ``refused`` (with a list of
``problems``) and ``failed`` have the ``error`` as the worker reports it.
"""


def models_in(folder: Path) -> list[Path]:
    """Return the model files, and the folders with a ``model.json``, in order."""
    files = [path for path in folder.rglob("*") if path.suffix in ENDINGS]
    return sorted([*files, *(path.parent for path in folder.rglob("model.json"))])


def take(corpus: Path, package: Path, processes: int) -> Iterator[tuple[str, Record]]:
    """Yield name and record of each model of `corpus`, converted by the checkout `package`.

    Sets have the same order in every run. Compare runs with several ``PYTHONHASHSEED`` to find
    what depends on it.
    """
    os.environ.setdefault("PYTHONHASHSEED", "0")  # for the processes that are started now
    names = [path.relative_to(corpus).as_posix() for path in models_in(corpus)]
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_import, initargs=(package,)
    ) as pool:
        yield from zip(names, pool.map(partial(_record, corpus), names, chunksize=8), strict=True)


def _import(package: Path) -> None:
    """Import the converter of a checkout, and what it needs, so that no model's time has that."""
    sys.path.insert(0, str(package))
    worker = importlib.import_module("tfjs_serve.worker.convert")
    assert Path(worker.__file__ or "").is_relative_to(package), f"{worker.__file__} was imported"
    worker.warm_up()


def _record(corpus: Path, name: str) -> Record:
    source = corpus / name
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        became = _outcome(source, Path(folder))
        seconds = time.process_time() - start
        if became["outcome"] == "converted":
            became["files"] = _digests(Path(folder))
    return {"source": _source_digest(source), **became, "seconds": round(seconds, 5)}


def _outcome(source: Path, output: Path) -> Record:
    """Convert, and say how it ended."""
    from tfjs_serve.errors import ConversionError, TfjsServeError  # noqa: PLC0415 -- _import's
    from tfjs_serve.settings import ConversionOptions  # noqa: PLC0415
    from tfjs_serve.worker.convert import convert  # noqa: PLC0415
    from tfjs_serve.worker.protocol import ConversionRequest  # noqa: PLC0415

    request = ConversionRequest(
        source=str(source),
        display_name=source.name,
        output_dir=str(output),
        options=ConversionOptions(),
    )
    try:
        report = convert(request, lambda _progress: None)
    except ConversionError as error:
        return {"outcome": "refused", "error": error.to_json()}
    except TfjsServeError as error:
        return {"outcome": "failed", "error": _without_paths(error.to_json(), source, output)}
    _write_script(output, getattr(report, "parts", ()))  # earlier converters wrote it themselves
    return {"outcome": "converted", "warnings": list(report.warnings)}


def _write_script(output: Path, parts: Sequence[str]) -> None:
    """Write the layers that a model needs, as the server does it."""
    if parts:
        from tfjs_serve.companion import script_of  # noqa: PLC0415 -- _import's

        script = script_of(parts)
        (output / script.name).write_text(script.text, encoding="utf-8")


def _without_paths(error: dict[str, Any], source: Path, output: Path) -> dict[str, Any]:
    """Take out where the files were: an error that nobody raised on purpose may tell."""
    places = {str(output): "OUTPUT", str(source.parent): "CORPUS"}
    for place, word in places.items():
        error = {
            key: value.replace(place, word) if isinstance(value, str) else value
            for key, value in error.items()
        }
    return error


def _digests(folder: Path) -> dict[str, str]:
    """Return the digests of all files but compressed copies, which hold the version too."""
    files = [path for path in sorted(folder.iterdir()) if path.suffix not in COMPRESSED]
    return {path.name: hashlib.sha256(_comparable(path)).hexdigest() for path in files}


def _comparable(path: Path) -> bytes:
    data = path.read_bytes()
    return CONVERTER.sub(b"", data) if path.name == "model.json" else data


def _source_digest(source: Path) -> str:
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
