"""The two HTML pages. Pure: everything that comes from files or requests is escaped here.

The pages have no scripts (``templates.py``), so a long list is turned page by page, and searched by
the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from tfjs_serve.builder import EntryState, EntryStatus
from tfjs_serve.catalog.model import EntryKind
from tfjs_serve.catalog.others import NotAModel
from tfjs_serve.errors import ConversionError, TfjsServeError
from tfjs_serve.facts import Became, counted
from tfjs_serve.settings import GIB, KIB, MIB, MODEL_SUFFIXES, Variant
from tfjs_serve.web.facts_section import facts_section
from tfjs_serve.web.listing import MODELS_PER_PAGE, Excerpt, ModelSummary
from tfjs_serve.web.overview import Overview
from tfjs_serve.web.templates import page, render, sentence, with_code

_KINDS = {
    EntryKind.HDF5: "Keras model (HDF5)",
    EntryKind.KERAS_ZIP: "Keras model",
    EntryKind.KERAS_FOLDER: "Keras model (folder)",
    EntryKind.KERAS_WEIGHTS: "Keras weights in several files, and an architecture",
    EntryKind.TFJS_LAYERS: "TensorFlow.js layers model, served as it is",
    EntryKind.TFJS_GRAPH: "TensorFlow.js graph model, served as it is",
}
_STATES = {
    EntryState.FOUND: "not looked at yet",
    EntryState.CHECKED: "loads",
    EntryState.CONVERTING: "converting",
    EntryState.READY: "ready",
    EntryState.FAILED: "does not load",
    EntryState.STALE: "last good version",
}
_VARIANTS = {
    Variant.FULL: "weights as they are",
    Variant.FLOAT16: "half the size",
    Variant.UINT16: "half the size, quantized",
    Variant.UINT8: "a quarter of the size, quantized",
    Variant.TRAIN: "with Keras's settings and the optimizer's state, for training.js",
}


def catalogue_page(
    summaries: Sequence[ModelSummary],
    shown: Excerpt,
    overview: Overview,
    *,
    folder: str,
    origin: str,
) -> str:
    """Return the page at ``/``.

    Parameters
    ----------
    summaries
        Those of the models in `shown`.
    overview
        What is in the whole folder.
    folder
        Name of the models folder.
    origin
        What goes before paths in the lines to paste, such as ``http://localhost:8000``.
    """
    cards = "\n".join(_card(summary, origin) for summary in summaries)
    main = render(
        "catalogue.html",
        folder=escape(folder),
        search=_search(shown),
        lead=_lead(shown, overview),
        cards=cards,
        others="" if shown.words or shown.number > 1 else _others(overview.others),
        turning=_turning(shown),
    )
    return page(f"{folder} · tfjs-serve", main)


def model_page(summary: ModelSummary, *, origin: str) -> str:
    """Return the page at ``/<name>/``."""
    body = "\n".join(
        [
            _notice(summary.status),
            *_ways_to_load(summary, origin),
            _variant_table(summary, origin),
            _notes(summary.status),
            facts_section(summary.status.facts, train_lines=summary.train_lines(origin)),
        ]
    )
    heading = escape(summary.entry.name)
    main = render("model.html", heading=heading, body=body, **_facts(summary))
    return page(f"{summary.entry.name} · tfjs-serve", main)


def _card(summary: ModelSummary, origin: str) -> str:
    name = escape(summary.entry.name)
    heading = f'<a href="{escape(summary.page_url)}">{name}</a>' if summary.page_url else name
    body = "\n".join([_notice(summary.status), *_ways_to_load(summary, origin)])
    return render("card.html", heading=heading, body=body, **_facts(summary))


def _facts(summary: ModelSummary) -> dict[str, str]:
    entry, status = summary.entry, summary.status
    facts = [entry.exact_name, _KINDS[entry.kind], readable_size(entry.size_bytes)]
    if status.facts is not None and status.facts.parameters:
        facts.append(counted(status.facts.parameters, "parameter"))
    if summary.shares_name:
        facts.append("other models have this name too, so the URL says which is meant")
    return {
        "state": escape(status.state.value),
        "state_text": _state_text(status),
        "facts": escape(" · ".join(facts)),
    }


def _state_text(status: EntryStatus) -> str:
    if status.state is EntryState.CONVERTING and status.progress is not None:
        return f"converting, {int(status.progress * 100)} %"
    return _STATES[status.state]


def _lead(shown: Excerpt, overview: Overview) -> str:
    if not (shown.total or overview.others):
        return (
            f"There are no models in this folder yet: save a {' or '.join(MODEL_SUFFIXES)} file "
            "here, and reload this page."
        )
    if not shown.words and not shown.only_bad:
        bad = ' <a href="/?only=bad">Those that do not</a>' if overview.fail else ""
        return f"{escape(overview.in_words)}.{bad}"
    verb = "cannot be loaded" if shown.only_bad else "found"
    return f'{shown.found:,} of {counted(shown.total, "model")} {verb}. <a href="/">All models</a>'


def _search(shown: Excerpt) -> str:
    if not shown.words and shown.pages == 1:
        return ""
    return render("search.html", words=escape(shown.words))


def _turning(shown: Excerpt) -> str:
    """Return the links to other pages."""
    if shown.pages == 1:
        return ""
    first, last = shown.number == 1, shown.number == shown.pages
    links = [
        "" if first else _page_link(shown, 1, "First"),
        "" if first else _page_link(shown, shown.number - 1, "Previous", "prev"),
        f"<span>Page {shown.number:,} of {shown.pages:,}</span>",
        "" if last else _page_link(shown, shown.number + 1, "Next", "next"),
        "" if last else _page_link(shown, shown.pages, "Last"),
    ]
    return f'<nav class="turning" aria-label="Pages">{" ".join(filter(None, links))}</nav>'


def _page_link(shown: Excerpt, number: int, text: str, relation: str = "") -> str:
    query = {"q": shown.words} if shown.words else {}
    if shown.only_bad:
        query["only"] = "bad"
    url = f"/?{urlencode({**query, 'page': number}, errors='replace')}"
    return f'<a href="{escape(url)}"{f" rel={relation}" if relation else ""}>{text}</a>'


def _others(others: Sequence[NotAModel]) -> str:
    """Return what lies in the folder and is no model, each with the reason and what to do."""
    if not others:
        return ""
    items = [
        f"<strong>{escape(other.path)}</strong> is {escape(other.message)}. "
        f"{with_code(other.hint, other.line)}"
        for other in others[:MODELS_PER_PAGE]
    ]
    more = len(others) - len(items)
    items += [f"and {more:,} more"] if more else []
    rows = "".join(f"<li>{item}</li>" for item in items)
    return f'<h2>Not a model</h2>\n<ul class="others">{rows}</ul>'


def _ways_to_load(summary: ModelSummary, origin: str) -> tuple[str, ...]:
    """Return the line to paste and the links; nothing that is known to fail."""
    if summary.status.can_be_loaded is False:
        return ()
    return _load_block(summary, origin), _links(summary)


def _load_block(summary: ModelSummary, origin: str) -> str:
    if not summary.url:
        return '<p class="notice failed">This name cannot be used in a URL: rename the file.</p>'
    tag = summary.script_tag(origin)
    hint = "<p>Load these layers after TensorFlow.js and before the model:</p>\n" if tag else ""
    before = f"{hint}<pre><code>{escape(tag)}</code></pre>\n" if tag else ""
    before += _own_layers(summary.status)
    return f"{before}<pre><code>{escape(summary.load_line(origin))}</code></pre>"


def _own_layers(status: EntryStatus) -> str:
    """Return which layers the page has to have, because no server can."""
    layers = status.facts.layers if status.facts else ()
    own = sorted({layer.class_name for layer in layers if layer.became is Became.OWN})
    named = escape(", ".join(own))
    return f"<p>Register the layers of your own before the model: {named}.</p>\n" if own else ""


def _links(summary: ModelSummary) -> str:
    urls = {"model.json": summary.url} if summary.url else {}
    for variant, url in summary.variant_urls.items():
        if variant is not summary.variant:
            urls[f"@{variant.value}"] = url
    names = {neighbour.name for neighbour in summary.entry.neighbours} if summary.page_url else ()
    urls |= {name: f"{summary.page_url}{name}" for name in sorted(names)}
    links = (f'<a href="{escape(url)}">{text}</a>' for text, url in urls.items())
    return f'<p class="links">{" ".join(links)}</p>'


def _variant_table(summary: ModelSummary, origin: str) -> str:
    if summary.status.can_be_loaded is False:
        return ""
    sizes = summary.status.facts.weight_bytes if summary.status.facts else {}
    rows = [
        f'<tr><td>{variant.value}</td><td><a href="{escape(url)}">{escape(origin + url)}</a></td>'
        f"<td>{_VARIANTS[variant]}{', the default' if variant is summary.variant else ''}</td>"
        f"<td>{readable_size(sizes[variant.value]) if variant.value in sizes else ''}</td></tr>"
        for variant, url in summary.variant_urls.items()
    ]
    return f'<h3>Variants</h3>\n<table class="variants">{"".join(rows)}</table>' if rows else ""


def _notes(status: EntryStatus) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in status.notes)
    return f'<h3>Notes on the conversion</h3>\n<ul class="notes">{items}</ul>' if items else ""


def _notice(status: EntryStatus) -> str:
    if status.error is None:
        return ""
    message = f"<p>{escape(sentence(status.error.message))}</p>"
    told = f"{message}{_problems(status.error)}{with_code(status.error.hint)}"
    return f'<div class="notice {status.state.value}">{told}</div>'


def _problems(error: TfjsServeError) -> str:
    if not isinstance(error, ConversionError):
        return ""
    return f"<ul>{''.join(f'<li>{escape(str(one))}</li>' for one in error.problems)}</ul>"


def readable_size(size_bytes: int) -> str:
    """Return a size in the largest unit that fits."""
    for unit_bytes, unit in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size_bytes >= unit_bytes:
            return f"{size_bytes / unit_bytes:.1f} {unit}"
    return f"{size_bytes} bytes"
