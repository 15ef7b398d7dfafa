"""What the server says when it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfjs_serve import __version__
from tfjs_serve.cli import ports
from tfjs_serve.cli.console import Terminal
from tfjs_serve.cli.wording import KINDS, subject_of
from tfjs_serve.settings import MODEL_JSON, MODEL_SUFFIXES, ServerSettings, Variant
from tfjs_serve.web.listing import ModelSummary
from tfjs_serve.web.pages import readable_size

MOST_ROWS = 40
"""A longer table is read better in the page."""


def print_banner(
    terminal: Terminal,
    summaries: Sequence[ModelSummary],
    settings: ServerSettings,
    *,
    origin: str,
) -> None:
    """Print what is served where, and the line to paste."""
    terminal.blank()
    terminal.text(f"tfjs-serve {__version__}", style="bold")
    terminal.blank()
    if summaries:
        _print_models(terminal, summaries, origin)
    else:
        _print_waiting(terminal)
    terminal.blank()
    terminal.facts(facts(settings, origin))
    terminal.blank()


def facts(settings: ServerSettings, origin: str) -> list[tuple[str, str]]:
    """Return what else is worth knowing, by name."""
    found = [
        ("Models", home_relative(settings.models_dir)),
        ("Listed at", f"{origin}/"),
        ("Cache", home_relative(settings.cache_dir)),
    ]
    if settings.default_variant is not Variant.FULL:
        found.append(("Weights", f"{settings.default_variant.value}, unless asked otherwise"))
    if ports.is_public(settings.host):
        found.append(("Network", "every machine that reaches this one can load the models"))
    found.append(("Stop", "Ctrl-C stops the server"))
    return found


def home_relative(path: Path) -> str:
    """Return a path as people write it, with ``~`` for their home folder."""
    try:
        return str(Path("~", path.relative_to(Path.home())))
    except (ValueError, RuntimeError):
        return str(path)


def _print_models(terminal: Terminal, summaries: Sequence[ModelSummary], origin: str) -> None:
    rows = [
        (
            subject_of(summary.entry),
            KINDS[summary.entry.kind],
            readable_size(summary.entry.size_bytes),
            f"{origin}{summary.url}",
        )
        for summary in summaries[:MOST_ROWS]
    ]
    terminal.table(("Model", "Kind", "Size", "URL"), rows)
    more = len(summaries) - len(rows)
    if more:
        terminal.text(f"  and {more} more, listed at {origin}/", style="dim")
    terminal.blank()
    example = next((item for item in summaries if not item.entry.kind.is_tfjs), summaries[0])
    terminal.text(f"  {example.load_line(origin)}", style="green")


def _print_waiting(terminal: Terminal) -> None:
    suffixes = ", ".join(MODEL_SUFFIXES)
    terminal.text("  No models yet.", style="yellow")
    terminal.text(
        f"  Put {suffixes} files, or TensorFlow.js folders with a {MODEL_JSON}, into the folder: "
        "they are served at once."
    )
