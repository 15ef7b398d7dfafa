"""What the server says when it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfjs_serve import __version__
from tfjs_serve.cli.console import Terminal
from tfjs_serve.cli.wording import KINDS, subject_of
from tfjs_serve.settings import MODEL_JSON, MODEL_SUFFIXES, ServerSettings, Variant
from tfjs_serve.web.cors import ANY_ORIGIN, NULL_ORIGIN
from tfjs_serve.web.hosts import ANY_HOST
from tfjs_serve.web.listing import ModelList, load_line
from tfjs_serve.web.pages import readable_size

MOST_ROWS = 40
"""A longer table is easier to read on the page."""


def print_banner(
    terminal: Terminal,
    models: ModelList,
    settings: ServerSettings,
    *,
    origin: str,
    open_origins: Sequence[str] = (),
) -> None:
    """Print which models are served where, the line to paste, and what is open to others.

    Parameters
    ----------
    open_origins
        What URLs start with on other machines; empty if only this one can connect.
    """
    terminal.blank()
    terminal.text(f"tfjs-serve {__version__}", style="bold")
    terminal.blank()
    if models.by_exact_name:
        _print_models(terminal, models, origin)
    else:
        _print_waiting(terminal)
    terminal.blank()
    terminal.facts(facts(settings, origin))
    terminal.blank()
    for heading, *lines in openings(settings, open_origins):
        terminal.text(f"  {heading}", style="bold yellow")
        for line in lines:
            terminal.text(f"    {line}")
        terminal.blank()


def facts(settings: ServerSettings, origin: str) -> list[tuple[str, str]]:
    """Return further facts about this run, each with its name."""
    found = [
        ("Models", home_relative(settings.models_dir)),
        ("Listed at", f"{origin}/"),
        ("Cache", home_relative(settings.cache_dir)),
    ]
    if settings.default_variant is not Variant.FULL:
        found.append(("Weights", f"{settings.default_variant.value}, unless asked otherwise"))
    found.append(("Stop", "Ctrl-C stops the server"))
    return found


def openings(settings: ServerSettings, open_origins: Sequence[str]) -> list[tuple[str, ...]]:
    """Return what is open to others: for each opening a heading, and lines that explain it."""
    urls = " or ".join(f"{origin}/" for origin in open_origins)
    network = (
        "Open to the network",
        f"Whoever reaches {urls} can list and load every model in the folder.",
        "Nothing asks for a password, and nothing is encrypted.",
        "To serve this machine only, leave --host out.",
    )
    hosts = (
        "Open to every host name",
        "A page of any site can have a name of its own point here, and read the models.",
        "To prevent that (DNS rebinding), give the names that you use to --allowed-host.",
    )
    origins = ("Open to every origin", "A page of any site may load the models.")
    null_origin = (
        "Open to the origin null",
        "Pages that were opened as files may load the models, and so may frames of any site.",
    )
    links = ("Links are followed", "Models outside of the folder are served where a link leads.")
    found = [
        (bool(open_origins), network),
        (ANY_HOST in settings.allowed_hosts, hosts),
        (ANY_ORIGIN in settings.cors_origins, origins),
        (NULL_ORIGIN in settings.cors_origins, null_origin),
        (settings.follow_symlinks, links),
    ]
    return [lines for is_open, lines in found if is_open]


def home_relative(path: Path) -> str:
    """Return a path with ``~`` for the home folder."""
    try:
        return str(Path("~", path.relative_to(Path.home())))
    except (ValueError, RuntimeError):
        return str(path)


def _print_models(terminal: Terminal, models: ModelList, origin: str) -> None:
    entries = list(models.by_exact_name.values())
    rows = [
        (
            subject_of(entry),
            KINDS[entry.kind],
            readable_size(entry.size_bytes),
            f"{origin}{models.url(entry)}",
        )
        for entry in entries[:MOST_ROWS]
    ]
    terminal.table(("Model", "Kind", "Size", "URL"), rows)
    more = len(entries) - len(rows)
    if more:
        terminal.text(f"  and {more} more, listed at {origin}/", style="dim")
    terminal.blank()
    example = next((entry for entry in entries if not entry.kind.is_tfjs), entries[0])
    terminal.text(f"  {load_line(example, f'{origin}{models.url(example)}')}", style="green")


def _print_waiting(terminal: Terminal) -> None:
    suffixes = ", ".join(MODEL_SUFFIXES)
    terminal.text("  No models yet.", style="yellow")
    terminal.text(
        f"  Put {suffixes} files, or TensorFlow.js folders with a {MODEL_JSON}, into the folder: "
        "they are served at once."
    )
