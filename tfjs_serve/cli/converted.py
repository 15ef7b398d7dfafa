"""What ``convert`` says of a model that it has written."""

from __future__ import annotations

from tfjs_serve import training_script
from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.cli.console import Terminal
from tfjs_serve.companion import MODULE_NAME, SCRIPT_NAME
from tfjs_serve.exporting.export import Exported
from tfjs_serve.exporting.keras_file import ExportedKeras
from tfjs_serve.facts.wording import counted
from tfjs_serve.settings import MODEL_JSON
from tfjs_serve.web.pages.wording import readable_size


def print_result(
    terminal: Terminal, entry: CatalogEntry, exported: Exported | ExportedKeras
) -> None:
    """Print what was written of one model, and what to do with it."""
    for note in exported.notes:
        terminal.text(f"note: {note}", style="yellow")
    size = readable_size(exported.size_bytes)
    if isinstance(exported, ExportedKeras):
        terminal.text(f"{exported.path}: {size}", style="green")
        return
    shards = counted(exported.shards, "shard")
    beside = f", with {', '.join(exported.beside)}" if exported.beside else ""
    terminal.text(f"{exported.folder}: {MODEL_JSON} and {shards}, {size}{beside}", style="green")
    if exported.needs_layers:
        _print_script(terminal, "It needs the layers beside it", SCRIPT_NAME, MODULE_NAME)
    if exported.trains_with_script:
        script, module = training_script.SCRIPT_NAME, training_script.MODULE_NAME
        _print_script(terminal, f"It trains with {script} beside it", "that", module)
    if exported.is_whole:
        load = f"Load it with tf.{entry.kind.loader}('.../{MODEL_JSON}')"
    else:
        load = f"Read its weights with tf.io.loadWeights(manifest of .../{MODEL_JSON}, '...')"
    terminal.text(f"{load} from wherever you serve it.")


def _print_script(terminal: Terminal, why: str, script: str, module: str) -> None:
    terminal.text(
        f"{why}: load {script} with a script tag after TensorFlow.js, or import {module} and call "
        "register(tf).",
        style="yellow",
    )
