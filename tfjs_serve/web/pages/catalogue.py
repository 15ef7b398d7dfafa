"""The page of all models. Pure.

It works without scripts, so a long list is turned page by page, and searched by the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tfjs_serve.facts.wording import counted
from tfjs_serve.settings import MODEL_JSON, MODEL_SUFFIXES
from tfjs_serve.web.excerpt import MODELS_PER_PAGE, Excerpt, Only, Order, Question
from tfjs_serve.web.listing import ModelSummary
from tfjs_serve.web.overview import Overview
from tfjs_serve.web.pages.model import ModelView
from tfjs_serve.web.pages.templates import render

_FILTERS = {
    Only.ALL: "All",
    Only.GOOD: "Load",
    Only.BAD: "Do not load",
    Only.UNKNOWN: "Not looked at yet",
}
_MOST_AT_A_GLANCE = 5
"""Up to here, a list needs no search."""
_WITH_OTHERS = (Only.ALL, Only.BAD)
"""What is no model is shown with these, as it does not load."""
_VERBS = {
    Only.ALL: "found",
    Only.GOOD: "can be loaded",
    Only.BAD: "cannot be loaded",
    Only.UNKNOWN: "not looked at yet",
}
_COLUMNS = {
    Order.NAME: "Model",
    Order.STATE: "State",
    Order.SIZE: "Size",
    Order.PARAMETERS: "Parameters",
    None: "Needs",
    Order.CHANGED: "Changed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """A link to another page of the list; without a URL, the words between the links."""

    text: str
    url: str = ""
    relation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterLink:
    """A link to some of the models; `is_here` if they are shown."""

    text: str
    url: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The head of a column; `url` sorts by it, `sorted` is what ``aria-sort`` says."""

    text: str
    url: str = ""
    sorted: str = ""
    style: str = ""


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
    question = shown.question
    others = overview.others if question.only in _WITH_OTHERS and shown.number == 1 else ()
    others = () if question.words else others
    return render(
        "catalogue",
        folder=folder,
        origin=origin,
        shown=shown,
        question=question,
        lead=_lead(shown, overview),
        has_search=bool(question.words) or shown.total > _MOST_AT_A_GLANCE,
        filters=_filters(question, overview),
        columns=list(_columns(question)),
        models=[ModelView(summary=summary, origin=origin) for summary in summaries],
        others=others[:MODELS_PER_PAGE],
        more_others=max(0, len(others) - MODELS_PER_PAGE),
        links=list(_links(shown)) if shown.pages > 1 else (),
    )


def _lead(shown: Excerpt, overview: Overview) -> str:
    if not (shown.total or overview.others):
        return (
            f"There are no models in this folder yet: put a {' or '.join(MODEL_SUFFIXES)} file, or "
            f"a TensorFlow.js folder with a {MODEL_JSON}, into it. It is listed here at once."
        )
    if shown.question.is_whole:
        return f"{overview.in_words}."
    verb = _VERBS[shown.question.only]
    return f"{shown.found:,} of {counted(shown.total, 'model')} {verb}."


def _filters(question: Question, overview: Overview) -> Sequence[FilterLink]:
    """Return links to the models that load and the like, as far as there are such and others."""
    counts = {Only.GOOD: overview.load, Only.BAD: overview.fail, Only.UNKNOWN: overview.unknown}
    there = [only for only, count in counts.items() if count or question.only is only]
    if len(there) < 2 and question.only is Only.ALL:
        return ()
    return [
        FilterLink(
            text=_FILTERS[only],
            url=replace(question, only=only).url(1),
            is_here=question.only is only,
        )
        for only in (Only.ALL, *there)
    ]


def _columns(question: Question) -> Iterator[Column]:
    numbers = (Order.SIZE, Order.PARAMETERS)
    for order, text in _COLUMNS.items():
        if order is None:
            yield Column(text=text)
            continue
        direction = "descending" if question.descending else "ascending"
        yield Column(
            text=text,
            url=question.sorted_by(order).url(1),
            sorted=direction if order is question.order else "",
            style="number" if order in numbers else "",
        )
    yield Column(text="")


def _links(shown: Excerpt) -> Iterator[PageLink]:
    if shown.number > 1:
        yield _page_link(shown, 1, "First")
        yield _page_link(shown, shown.number - 1, "Previous", "prev")
    yield PageLink(text=f"Page {shown.number:,} of {shown.pages:,}")
    if shown.number < shown.pages:
        yield _page_link(shown, shown.number + 1, "Next", "next")
        yield _page_link(shown, shown.pages, "Last")


def _page_link(shown: Excerpt, number: int, text: str, relation: str = "") -> PageLink:
    return PageLink(text=text, url=shown.question.url(number), relation=relation)
