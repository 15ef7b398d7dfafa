"""The page of all models. Pure.

It works without scripts, so a long list is turned page by page, and searched by the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tfjs_serve.facts import counted
from tfjs_serve.settings import MODEL_SUFFIXES
from tfjs_serve.web.listing import MODELS_PER_PAGE, Excerpt, ModelSummary
from tfjs_serve.web.overview import Overview
from tfjs_serve.web.pages.model import ModelView
from tfjs_serve.web.pages.templates import render


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """A link to another page of the list; without a URL, the words between the links."""

    text: str
    url: str = ""
    relation: str = ""


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
    others = () if shown.words or shown.number > 1 else overview.others
    return render(
        "catalogue",
        folder=folder,
        shown=shown,
        overview=overview,
        lead=_lead(shown, overview),
        is_part=bool(shown.words or shown.only_bad),
        models=[ModelView(summary=summary, origin=origin) for summary in summaries],
        others=others[:MODELS_PER_PAGE],
        more_others=max(0, len(others) - MODELS_PER_PAGE),
        links=list(_links(shown)) if shown.pages > 1 else (),
    )


def _lead(shown: Excerpt, overview: Overview) -> str:
    if not (shown.total or overview.others):
        return (
            f"There are no models in this folder yet: save a {' or '.join(MODEL_SUFFIXES)} file "
            "here, and reload this page."
        )
    if not shown.words and not shown.only_bad:
        return f"{overview.in_words}."
    verb = "cannot be loaded" if shown.only_bad else "found"
    return f"{shown.found:,} of {counted(shown.total, 'model')} {verb}."


def _links(shown: Excerpt) -> Iterator[PageLink]:
    if shown.number > 1:
        yield _page_link(shown, 1, "First")
        yield _page_link(shown, shown.number - 1, "Previous", "prev")
    yield PageLink(text=f"Page {shown.number:,} of {shown.pages:,}")
    if shown.number < shown.pages:
        yield _page_link(shown, shown.number + 1, "Next", "next")
        yield _page_link(shown, shown.pages, "Last")


def _page_link(shown: Excerpt, number: int, text: str, relation: str = "") -> PageLink:
    query = {"q": shown.words} if shown.words else {}
    if shown.only_bad:
        query["only"] = "bad"
    url = f"/?{urlencode({**query, 'page': number}, errors='replace')}"
    return PageLink(text=text, url=url, relation=relation)
