"""The catalogue as data: one summary per model, for the page and the JSON. Pure."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tfjs_serve import training_script
from tfjs_serve.builder import EntryStatus
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.catalog.names import is_like_variant, url_names
from tfjs_serve.companion import SCRIPT_NAME
from tfjs_serve.settings import MODEL_JSON, Variant
from tfjs_serve.version import __version__
from tfjs_serve.web.overview import Overview
from tfjs_serve.web.problems import describe
from tfjs_serve.web.urls import is_servable, model_url, page_url
from tfjs_serve.web.variants import effective_variant

_LATEST_SECONDS = 253_402_300_799
"""The end of the year 9999."""
_VARIANT_ENDINGS = [(variant, f"@{variant.value}/{MODEL_JSON}") for variant in Variant]

Address = tuple[str, frozenset[Variant]]
"""The name in a model's URL, and the variants for which that URL would name another model."""


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
    shares_name
        Whether the name without its ending means several models.
    """

    entry: CatalogEntry
    variant: Variant
    status: EntryStatus
    url: str
    page_url: str
    variant_urls: Mapping[Variant, str]
    shares_name: bool = False

    @property
    def loader(self) -> str:
        """The function of TF.js that loads the model."""
        return loader_of(self.entry)

    def load_line(self, origin: str) -> str:
        """Return the line of JavaScript that loads the model; `origin` goes before the path."""
        return load_line(self.entry, f"{origin}{self.url}")

    @property
    def layers_url(self) -> str:
        """Path of the layers that the model needs; empty if it needs none."""
        needed = self.status.needs_layers and self.page_url
        return f"{self.page_url}{SCRIPT_NAME}" if needed else ""

    def script_tag(self, origin: str) -> str:
        """Return the HTML that loads the layers the model needs; empty if it needs none."""
        return f'<script src="{origin}{self.layers_url}"></script>' if self.layers_url else ""

    def train_lines(self, origin: str) -> tuple[str, ...]:
        """Return what loads the model with Keras's settings; empty if it has none."""
        url = self.variant_urls.get(Variant.TRAIN)
        if not url:
            return ()
        tag = f'<script src="{origin}/-/{training_script.SCRIPT_NAME}"></script>'
        return tag, load_line(self.entry, f"{origin}{url}")

    def to_json(self) -> dict[str, Any]:
        """Return the model's object in ``/-/models.json``."""
        error, facts = self.status.error, self.status.facts
        return {
            "name": self.entry.name,
            "exactName": self.entry.exact_name,
            "kind": self.entry.kind.value,
            "sizeBytes": self.entry.size_bytes,
            "changed": utc(self.entry.changed_ns),
            "state": self.status.state.value,
            "progress": self.status.progress,
            "canBeLoaded": self.status.can_be_loaded,
            "error": describe(error) if error else None,
            "notes": list(self.status.notes),
            "loader": self.loader,
            "layers": self.layers_url or None,
            "url": self.url or None,
            "pageUrl": self.page_url or None,
            "variant": self.variant.value,
            "variants": {variant.value: url for variant, url in self.variant_urls.items()},
            "facts": facts.listed() if facts else None,
        }


class ModelList:
    """The models of one state of the folder, in alphabetical order, and their URLs.

    Parameters
    ----------
    default
        The variant that is served where none is named.
    """

    def __init__(self, entries: Sequence[CatalogEntry], default: Variant) -> None:
        ordered = sorted(entries, key=lambda entry: (entry.name.casefold(), entry.exact_name))
        self.entries = entries
        self.default = default
        self.by_exact_name: Mapping[str, CatalogEntry] = {
            entry.exact_name: entry for entry in ordered
        }
        self._url_names = url_names(entries)
        self._uses = Counter(entry.name for entry in entries)
        names = chain.from_iterable((entry.name, entry.exact_name) for entry in entries)
        self._like_variants = frozenset(filter(is_like_variant, names))

    def matching(self, words: str) -> Sequence[CatalogEntry]:
        """Return the models whose exact names contain all of `words`, compared without case."""
        wanted = words.casefold().split()
        if not wanted:
            return tuple(self.by_exact_name.values())
        return tuple(
            entry
            for exact_name, entry in self.by_exact_name.items()
            if all(word in exact_name.casefold() for word in wanted)
        )

    def address(self, entry: CatalogEntry) -> Address:
        """Return how URLs name `entry`, which is one of these models."""
        name = self._url_names[entry.exact_name]
        return name, frozenset(
            variant
            for variant in (Variant if self._like_variants else ())
            if f"{name}@{variant.value}" in self._like_variants
        )

    def variant(self, entry: CatalogEntry) -> Variant:
        """Return the variant of `entry` that is listed."""
        return effective_variant(entry, None, self.default)

    def url(self, entry: CatalogEntry) -> str:
        """Return the path of the ``model.json`` of `entry`; empty if no URL can carry its name."""
        name = self._url_names[entry.exact_name]
        return model_url(name) if is_servable(name) else ""

    def summary(self, entry: CatalogEntry, status: EntryStatus) -> ModelSummary:
        """Return what is listed about `entry`, which is one of these models."""
        name, taken = self.address(entry)
        page = page_url(name) if is_servable(name) else ""
        return ModelSummary(
            entry=entry,
            variant=self.variant(entry),
            status=status,
            url=page and f"{page}{MODEL_JSON}",
            page_url=page,
            variant_urls=_variant_urls(entry, page, taken, status) if page else {},
            shares_name=self._uses[entry.name] > 1,
        )


def utc(nanoseconds: int) -> str:
    """Return a time, in nanoseconds since the epoch, as ISO 8601 spells it, in whole seconds.

    Files may have any time; what that has no spelling for is the earliest or the latest one.
    """
    seconds = min(max(nanoseconds // 10**9, 0), _LATEST_SECONDS)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def loader_of(entry: CatalogEntry) -> str:
    """Return the function of TF.js that loads a model."""
    return "loadGraphModel" if entry.kind is EntryKind.TFJS_GRAPH else "loadLayersModel"


def load_line(entry: CatalogEntry, url: str) -> str:
    """Return the line of JavaScript that loads a model from `url`."""
    return f"const model = await tf.{loader_of(entry)}('{url}');"


def summary_json(summary: ModelSummary) -> bytes:
    """Return one of the models in `catalogue_json`."""
    return json.dumps(summary.to_json()).encode("ascii")


def catalogue_json(models: Iterable[bytes], default: Variant, overview: Overview) -> bytes:
    """Return the document at ``/-/models.json``; keys are in camelCase, as usual in JavaScript.

    Parameters
    ----------
    models
        What :func:`summary_json` returned for each.
    """
    head = {
        "generatedBy": f"tfjs-serve {__version__}",
        "defaultVariant": default.value,
        "counts": overview.to_json(),
        "notModels": [other.to_json() for other in overview.others],
    }
    start = json.dumps({**head, "models": []}).encode("ascii").removesuffix(b"]}")
    return b"%b%b]}" % (start, b", ".join(models))


def _variant_urls(
    entry: CatalogEntry, page: str, taken: Collection[Variant], status: EntryStatus
) -> Mapping[Variant, str]:
    """Return the URLs; if a file's name ends like a variant, they contain the exact name.

    A model is to be trained if it is known to have compile settings.
    """
    if entry.kind.is_tfjs:
        return {}
    urls = {variant: f"{page[:-1]}{ending}" for variant, ending in _VARIANT_ENDINGS}
    urls |= {variant: model_url(entry.exact_name, variant) for variant in taken}
    if status.facts is None or status.facts.training is None:
        del urls[Variant.TRAIN]
    return urls
