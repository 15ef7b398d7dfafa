"""What the server says when it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.cli.console import Terminal
from tfjs_serve.cli.voice import Found, Place
from tfjs_serve.cli.wording import KINDS, short_reason, subject_of
from tfjs_serve.settings import MODEL_JSON, MODEL_SUFFIXES, ServerSettings, Variant
from tfjs_serve.version import __version__
from tfjs_serve.web.cors import ANY_ORIGIN, NULL_ORIGIN
from tfjs_serve.web.hosts import ANY_HOST
from tfjs_serve.web.listing import ModelList, ModelSummary
from tfjs_serve.web.overview import Overview
from tfjs_serve.web.pages.wording import readable_size
from tfjs_serve.web.saving.policy import TOKEN_PARAMETER
from tfjs_serve.web.urls import page_url

MOST_ROWS = 40
"""A longer table is easier to read on the page."""
MOST_REASONS = 20
"""The same of lists of what cannot be loaded."""


def first_models(models: ModelList) -> list[CatalogEntry]:
    """Return the models that the banner tells one by one."""
    return list(models.by_exact_name.values())[: MOST_ROWS + MOST_REASONS]


def print_banner(terminal: Terminal, found: Found, settings: ServerSettings, place: Place) -> None:
    """Print which models are served where, which are not, and what is open to others."""
    origin = place.origin
    terminal.blank()
    terminal.text(f"tfjs-serve {__version__}", style="bold")
    terminal.blank()
    if found.summaries:
        _print_models(terminal, found, origin)
    else:
        _print_waiting(terminal)
    _print_others(terminal, found.overview, origin)
    _print_example(terminal, found.summaries, origin)
    terminal.blank()
    terminal.facts(facts(settings, place))
    terminal.blank()
    _print_saving(terminal, found.summaries, settings, origin)
    _print_for_the_room(terminal, place)
    for heading, *lines in openings(settings, place):
        terminal.text(f"  {heading}", style="bold yellow")
        for line in lines:
            terminal.text(f"    {line}")
        terminal.blank()


def facts(settings: ServerSettings, place: Place) -> list[tuple[str, str]]:
    """Return further facts about this run, each with its name."""
    found = [
        ("Models", home_relative(settings.models_dir)),
        ("Listed at", f"{place.origin}/"),
        ("Cache", home_relative(settings.cache_dir)),
    ]
    if settings.default_variant is not Variant.FULL:
        found.append(("Weights", f"{settings.default_variant.value}, unless asked otherwise"))
    found.append(("Stop", "Ctrl-C stops the server"))
    if place.has_keys:
        found.append(("Keys", "o opens the list in a browser, h helps, q stops the server"))
    return found


def openings(settings: ServerSettings, place: Place) -> list[tuple[str, ...]]:
    """Return what is open to others: for each opening a heading, and lines that explain it."""
    urls = " or ".join(f"{origin}/" for origin in place.open_origins)
    is_clear = "" if place.is_encrypted else ", and nothing is encrypted"
    network = (
        "Open to the network",
        f"Whoever reaches {urls} can list and load every model in the folder.",
        f"Nothing asks for a password{is_clear}.",
        f"To serve this machine only, leave {'--lan' if place.is_lan else '--host'} out.",
    )
    unknown = (
        "Encrypted, with a certificate that browsers do not know",
        "They warn of it once: choose Advanced, then proceed.",
        "Without the warning on devices that trust this authority, which can do nothing else:",
        str(place.authority),
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
        (place.authority is not None, unknown),
        (bool(place.open_origins), network),
        (ANY_HOST in settings.allowed_hosts, hosts),
        (ANY_ORIGIN in settings.cors_origins, origins),
        (NULL_ORIGIN in settings.cors_origins, null_origin),
        (settings.follow_symlinks, links),
    ]
    return [lines for is_open, lines in found if is_open]


def saving_lines(
    summaries: Sequence[ModelSummary], settings: ServerSettings, origin: str
) -> tuple[str, ...]:
    """Return what a page has to do to save a model: the line to paste comes first."""
    files = (one.entry for one in summaries if one.entry.kind.is_one_file)
    example = next(files, None)
    path = page_url(example.name).rstrip("/") if example else "/my-model"
    named = ", ".join(sorted(settings.cors_origins - {ANY_ORIGIN, NULL_ORIGIN}))
    who = (
        f"Pages of {named} may use it."
        if named
        else "Name the origin of the page with --cors-origin, such as http://localhost:5173."
    )
    return (
        f"await model.save('{origin}{path}?{TOKEN_PARAMETER}={settings.save_token}');",
        f"The token is the same at each start. {who}",
    )


def home_relative(path: Path) -> str:
    """Return a path with ``~`` for the home folder."""
    try:
        return str(Path("~", path.relative_to(Path.home())))
    except (ValueError, RuntimeError):
        return str(path)


def _print_models(terminal: Terminal, found: Found, origin: str) -> None:
    good = [one for one in found.summaries if one.status.can_be_loaded is not False]
    bad = [one for one in found.summaries if one.status.can_be_loaded is False]
    if good:
        rows = [_row(summary, origin) for summary in good[:MOST_ROWS]]
        terminal.table(("Model", "Kind", "Size", "URL"), rows)
    if bad:
        if good:
            terminal.blank()
        terminal.text("  These cannot be loaded:", style="bold yellow")
        reasons = [
            (subject_of(one.entry), short_reason(one.entry, one.status.error))
            for one in bad[:MOST_REASONS]
            if one.status.error
        ]
        terminal.pairs(reasons)
        terminal.text(f"    What to do about them: {origin}/?only=bad", style="dim")
    more = found.overview.total - min(len(good), MOST_ROWS) - min(len(bad), MOST_REASONS)
    if more:
        terminal.text(f"  and {more:,} more, listed at {origin}/", style="dim")


def _row(summary: ModelSummary, origin: str) -> tuple[str, str, str, str]:
    entry = summary.entry
    size = readable_size(entry.size_bytes)
    needs = ", with layers.js" if summary.status.needs_layers else ""
    return subject_of(entry), f"{KINDS[entry.kind]}{needs}", size, f"{origin}{summary.url}"


def _print_example(terminal: Terminal, models: Sequence[ModelSummary], origin: str) -> None:
    """Print the line to paste for the first model that loads, or may load."""
    example = min(models, key=_preference, default=None)
    if example is None or example.status.can_be_loaded is False:
        return
    terminal.blank()
    if tag := example.script_tag(origin):
        terminal.text(f"  {tag}", style="green")
    terminal.text(f"  {example.load_line(origin)}", style="green")


def _preference(summary: ModelSummary) -> tuple[bool, ...]:
    """Return what to compare models by: the one to be shown first is the smallest."""
    status = summary.status
    known = (status.can_be_loaded is False, status.can_be_loaded is None)
    return *known, summary.entry.kind.is_tfjs, status.needs_layers


def _print_others(terminal: Terminal, overview: Overview, origin: str) -> None:
    if overview.others:
        terminal.blank()
        terminal.text("  These are no models:", style="bold yellow")
        shown = overview.others[:MOST_REASONS]
        terminal.pairs([(other.path, f"{other.message}; {other.hint}") for other in shown])
        more = len(overview.others) - len(shown)
        if more:
            terminal.text(f"    and {more:,} more, listed at {origin}/", style="dim")
    if overview.load or overview.fail or overview.others:
        terminal.blank()
        terminal.text(f"  {overview.in_words}", style="bold")


def _print_saving(
    terminal: Terminal, summaries: Sequence[ModelSummary], settings: ServerSettings, origin: str
) -> None:
    if settings.save_token is None:
        return
    terminal.text("  Pages may save models, if they know the token", style="bold yellow")
    code, *others = saving_lines(summaries, settings, origin)
    terminal.text(f"    {code}", style="green")
    for line in others:
        terminal.text(f"    {line}")
    terminal.blank()


def _print_for_the_room(terminal: Terminal, place: Place) -> None:
    """Print where the devices of a room find the models, as text and for their cameras."""
    if not (place.is_lan and place.open_origins):
        return
    url, *others = (f"{origin}/" for origin in place.open_origins)
    terminal.text("  In this room", style="bold green")
    terminal.text(f"    {url}")
    if others:
        terminal.text(f"    or {' or '.join(others)}", style="dim")
    if not place.is_encrypted:
        terminal.text("    Cameras and WebGPU need a secure page: add --tls", style="dim")
    if terminal.is_terminal:
        from tfjs_serve.cli.qr import qr_lines  # noqa: PLC0415 - few servers need it

        terminal.blank()
        for line in qr_lines(url):
            terminal.picture(line)
    terminal.blank()


def _print_waiting(terminal: Terminal) -> None:
    suffixes = ", ".join(MODEL_SUFFIXES)
    terminal.text("  No models yet.", style="yellow")
    terminal.text(
        f"  Put {suffixes} files, or TensorFlow.js folders with a {MODEL_JSON}, into the folder: "
        "they are served at once."
    )
