"""The catalogue as data: one summary per model, for the page and the JSON. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve import __version__
from tfjs_serve.builder import EntryStatus
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.catalog.names import url_name
from tfjs_serve.companion import SCRIPT_NAME
from tfjs_serve.settings import Variant
from tfjs_serve.web.problems import describe
from tfjs_serve.web.urls import is_servable, model_url, page_url
from tfjs_serve.web.variants import effective_variant

StatusOf = Callable[[CatalogEntry, Variant], EntryStatus]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary:
    """What is listed about one model.

    Attributes
    ----------
    variant
        The variant that `url` serves.
    url, page_url
        Paths on this server; empty if the name cannot be part of a URL.
    variant_urls
        Path of each variant; empty for tfjs folders.
    """

    entry: CatalogEntry
    variant: Variant
    status: EntryStatus
    url: str
    page_url: str
    variant_urls: Mapping[Variant, str]

    @property
    def loader(self) -> str:
        """The function of TF.js that loads the model."""
        is_graph = self.entry.kind is EntryKind.TFJS_GRAPH
        return "loadGraphModel" if is_graph else "loadLayersModel"

    def load_line(self, origin: str) -> str:
        """Return the line of JavaScript that loads the model; `origin` goes before the path."""
        return f"const model = await tf.{self.loader}('{origin}{self.url}');"

    @property
    def layers_url(self) -> str:
        """Path of the layers that the model needs; empty if it needs none."""
        needed = self.status.needs_layers and self.page_url
        return f"{self.page_url}{SCRIPT_NAME}" if needed else ""

    def script_tag(self, origin: str) -> str:
        """Return the HTML that loads the layers the model needs; empty if it needs none."""
        return f'<script src="{origin}{self.layers_url}"></script>' if self.layers_url else ""

    def to_json(self) -> dict[str, Any]:
        """Return the model's object in ``/-/models.json``."""
        error = self.status.error
        return {
            "name": self.entry.name,
            "exactName": self.entry.exact_name,
            "kind": self.entry.kind.value,
            "sizeBytes": self.entry.size_bytes,
            "state": self.status.state.value,
            "progress": self.status.progress,
            "error": describe(error) if error else None,
            "notes": list(self.status.notes),
            "loader": self.loader,
            "layers": self.layers_url or None,
            "url": self.url or None,
            "pageUrl": self.page_url or None,
            "variant": self.variant.value,
            "variants": {variant.value: url for variant, url in self.variant_urls.items()},
        }


def summarise(
    entries: Sequence[CatalogEntry], default: Variant, status_of: StatusOf
) -> list[ModelSummary]:
    """Return the summaries of all models, in alphabetical order."""
    namesakes: dict[str, list[CatalogEntry]] = defaultdict(list)
    for entry in entries:
        for name in {entry.name, entry.exact_name}:
            namesakes[name].append(entry)
    ordered = sorted(entries, key=lambda entry: (entry.name.casefold(), entry.exact_name))
    return [_summary(entry, namesakes, default, status_of) for entry in ordered]


def catalogue_json(summaries: Sequence[ModelSummary], default: Variant) -> dict[str, Any]:
    """Return the document at ``/-/models.json``; keys are in camelCase, as usual in JavaScript."""
    return {
        "generatedBy": f"tfjs-serve {__version__}",
        "defaultVariant": default.value,
        "models": [summary.to_json() for summary in summaries],
    }


def _summary(
    entry: CatalogEntry,
    namesakes: Mapping[str, Sequence[CatalogEntry]],
    default: Variant,
    status_of: StatusOf,
) -> ModelSummary:
    name = url_name(entry, namesakes[entry.name])
    variant = effective_variant(entry, None, default)
    servable = is_servable(name)
    return ModelSummary(
        entry=entry,
        variant=variant,
        status=status_of(entry, variant),
        url=model_url(name) if servable else "",
        page_url=page_url(name) if servable else "",
        variant_urls=_variant_urls(entry, name, namesakes) if servable else {},
    )


def _variant_urls(
    entry: CatalogEntry, name: str, namesakes: Mapping[str, Sequence[CatalogEntry]]
) -> dict[Variant, str]:
    """Return the URLs; if a file's name ends like a variant, they contain the exact name."""
    if entry.kind.is_tfjs:
        return {}
    taken = {variant: f"{name}@{variant.value}" in namesakes for variant in Variant}
    return {
        variant: model_url(entry.exact_name if taken[variant] else name, variant)
        for variant in Variant
    }
