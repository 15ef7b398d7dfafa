"""What is printed about models: pure functions from events to words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus

from tfjs_serve.builder import BuildEvent, BuildEventKind
from tfjs_serve.catalog.catalog import CatalogChange, ChangeKind
from tfjs_serve.catalog.forms import CONFIG
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.companion import SCRIPT_NAME
from tfjs_serve.errors import ConversionError, TfjsServeError
from tfjs_serve.facts.wording import counted
from tfjs_serve.settings import MODEL_JSON, Variant
from tfjs_serve.web.notices import Notice
from tfjs_serve.web.pages.wording import readable_size

KINDS = {
    EntryKind.HDF5: "Keras HDF5",
    EntryKind.KERAS_ZIP: "Keras",
    EntryKind.KERAS_FOLDER: "Keras folder",
    EntryKind.KERAS_WEIGHTS: "Keras weights",
    EntryKind.TFJS_LAYERS: "TF.js layers",
    EntryKind.TFJS_GRAPH: "TF.js graph",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line about one model, and the details below it if something failed.

    Attributes
    ----------
    event, level
        What happened, and how bad it is, as programs read it.
    """

    subject: str
    message: str
    event: str
    level: str = "info"
    style: str = ""
    details: tuple[str, ...] = field(default=())


def printable(text: str) -> str:
    """Return `text` with every character escaped that a terminal might not show as text.

    These are the ones that Python calls not printable: control characters, characters that reorder
    a line, lone surrogates, and unusual spaces.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def subject_of(entry: CatalogEntry, variant: Variant | None = None) -> str:
    """Return the name of a model in lines: its file or folder, and the variant if it matters."""
    folder, slash, file_name = entry.exact_name.rpartition("/")
    is_folder = slash and file_name in (MODEL_JSON, CONFIG)
    name = f"{folder}/" if is_folder else entry.exact_name
    if variant is None or variant is Variant.FULL:
        return name
    return f"{name}@{variant.value}"


def change_line(change: CatalogChange, url: str) -> Line:
    """Return the line about a model that was added, changed or removed; `url` loads it."""
    subject, size = subject_of(change.entry), readable_size(change.entry.size_bytes)
    if change.kind is ChangeKind.ADDED:
        message = f"added, {size}: {url}"
    elif change.kind is ChangeKind.CHANGED:
        message = f"changed, {size}"
    else:
        message = "removed"
    return Line(subject=subject, message=message, event=change.kind.value, style="cyan")


def build_line(event: BuildEvent) -> Line:
    """Return the line about a conversion."""
    subject, kind = subject_of(event.entry, event.variant), event.kind
    if kind is BuildEventKind.PROGRESS:
        message = f"converting, {int(100 * (event.progress or 0.0))} %"
        return Line(subject=subject, message=message, event=kind.value, style="dim")
    if kind is BuildEventKind.READY:
        return Line(subject=subject, message=_ready(event), event=kind.value, style="green")
    if event.reason is not None or event.kind is BuildEventKind.STALE:
        return _stale_line(subject, event)
    verb = "cannot be loaded" if event.kind is BuildEventKind.DIAGNOSED else "failed"
    return _failed_line(subject, verb, event.error)


def notice_line(notice: Notice) -> Line:
    """Return the line about a request that got no model."""
    problems = notice.error.problems if isinstance(notice.error, ConversionError) else ()
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        message = f"{notice.message}: {replace(problems[0], hint='')}{more}"
    else:
        message = f"{notice.message}; {notice.hint}" if notice.hint else notice.message
    status = f"{notice.status}: " if notice.status >= HTTPStatus.BAD_REQUEST else ""
    return Line(
        subject=notice.path,
        message=f"{status}{message}",
        event="refused",
        level="warning",
        style="yellow",
    )


def reason_of(error: TfjsServeError, *names: str) -> str:
    """Return why a model cannot be loaded, where one of its `names` stands before it."""
    message = error.message
    for prefix in (f"{name}{sign}" for name in names for sign in (": ", " ")):
        message = message.removeprefix(prefix)
    return message


def short_reason(entry: CatalogEntry, error: TfjsServeError) -> str:
    """Return the reason in one line: the only problem, or how many there are."""
    if isinstance(error, ConversionError) and len(error.problems) == 1:
        return str(replace(error.problems[0], hint=""))
    return reason_of(error, entry.exact_name)


def _ready(event: BuildEvent) -> str:
    """Return what is said of a model that can be loaded; its page has the notes themselves."""
    size = "" if event.size_bytes is None else f", {readable_size(event.size_bytes)}"
    layers = f", with {SCRIPT_NAME}" if event.needs_layers else ""
    notes = f"; {counted(len(event.notes), 'note')} on its page" if event.notes else ""
    if event.seconds is None:
        return f"ready, as it was converted before{size}{layers}{notes}"
    took = f"{event.seconds:.1f} s" if event.seconds >= 0.1 else "less than 0.1 s"
    return f"ready in {took}{size}{layers}{notes}"


def _stale_line(subject: str, event: BuildEvent) -> Line:
    reason = event.reason or (event.error.message if event.error else "it cannot be read")
    return Line(
        subject=subject,
        message=f"still served as it was before: {reason}",
        event=BuildEventKind.STALE.value,
        level="warning",
        style="yellow",
        details=event.error.details() if event.error else (),
    )


def _failed_line(subject: str, verb: str, error: TfjsServeError | None) -> Line:
    return Line(
        subject=subject,
        message=verb if error is None else f"{verb}: {error.message}",
        event=BuildEventKind.FAILED.value,
        level="error",
        style="red",
        details=() if error is None else error.details(),
    )
