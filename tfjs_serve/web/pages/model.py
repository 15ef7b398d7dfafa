"""The page of a model, and what all pages tell of one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.builder import EntryStatus
from tfjs_serve.facts import Became, counted
from tfjs_serve.settings import Variant
from tfjs_serve.web.listing import ModelSummary
from tfjs_serve.web.pages.facts import known_of
from tfjs_serve.web.pages.templates import render
from tfjs_serve.web.pages.trial import trial_of
from tfjs_serve.web.pages.wording import KINDS, VARIANTS, readable_size, state
from tfjs_serve.web.tfjs import Tfjs


@dataclass(frozen=True, kw_only=True)
class ModelView:
    """A model as templates show it.

    Parameters
    ----------
    origin
        What goes before paths in the lines to paste, such as ``http://localhost:8000``.
    """

    summary: ModelSummary
    origin: str

    @property
    def name(self) -> str:
        return self.summary.entry.name

    @property
    def status(self) -> EntryStatus:
        return self.summary.status

    @property
    def state(self) -> str:
        """In words."""
        return state(self.status)

    @property
    def can_be_tried(self) -> bool:
        """Whether it is not known that no page can load it."""
        return self.status.can_be_loaded is not False

    @property
    def facts(self) -> Sequence[str]:
        """What the model is, in a few words each."""
        entry, facts = self.summary.entry, self.status.facts
        told = [entry.exact_name, KINDS[entry.kind], readable_size(entry.size_bytes)]
        if facts is not None and facts.parameters:
            told.append(counted(facts.parameters, "parameter"))
        if self.summary.shares_name:
            told.append("other models have this name too, so the URL says which is meant")
        return told

    @property
    def load_line(self) -> str:
        return self.summary.load_line(self.origin)

    @property
    def script_tag(self) -> str:
        return self.summary.script_tag(self.origin)

    @property
    def own_layers(self) -> Sequence[str]:
        """The classes that the page has to have, because no server can."""
        layers = self.status.facts.layers if self.status.facts else ()
        return sorted({layer.class_name for layer in layers if layer.became is Became.OWN})

    @property
    def links(self) -> Mapping[str, str]:
        """The URLs of its files, by what they are called."""
        summary = self.summary
        urls = {"model.json": summary.url} if summary.url else {}
        for variant, url in summary.variant_urls.items():
            if variant is not summary.variant:
                urls[f"@{variant.value}"] = url
        beside = summary.entry.neighbours if summary.page_url else ()
        names = sorted({neighbour.name for neighbour in beside})
        return urls | {name: f"{summary.page_url}{name}" for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantView:
    """A row of the table of variants."""

    name: str
    path: str
    url: str
    told: str
    size: str


def model_page(summary: ModelSummary, *, origin: str, tfjs: Tfjs) -> str:
    """Return the page at ``/<name>/``."""
    view = ModelView(summary=summary, origin=origin)
    facts = view.status.facts
    return render(
        "model",
        model=view,
        variants=_variants(summary, origin) if view.can_be_tried else (),
        known=known_of(facts, summary.train_lines(origin)) if facts else None,
        trial=trial_of(summary, tfjs, own_layers=view.own_layers),
    )


def _variants(summary: ModelSummary, origin: str) -> Sequence[VariantView]:
    sizes = summary.status.facts.weight_bytes if summary.status.facts else {}
    return [
        VariantView(
            name=variant.value,
            path=path,
            url=f"{origin}{path}",
            told=_told(variant, summary.variant),
            size=readable_size(sizes[variant.value]) if variant.value in sizes else "",
        )
        for variant, path in summary.variant_urls.items()
    ]


def _told(variant: Variant, default: Variant) -> str:
    return f"{VARIANTS[variant]}{', the default' if variant is default else ''}"
