"""What a model's page needs to let people try it: read by ``browser/pages/scripts/try``. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfjs_serve.builder import KeptGeneration
from tfjs_serve.settings import Variant
from tfjs_serve.web.generations import generation_name
from tfjs_serve.web.listing import ModelSummary
from tfjs_serve.web.tfjs import Tfjs
from tfjs_serve.web.tfjs_backends import Backends, scripts_json

_VOCABULARY = "vocab.json"
_OF_BACKENDS = "wrong on the "
"""What notes on backends have in them; others are read elsewhere on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a model is tried.

    Attributes
    ----------
    refusal
        Why it cannot be; empty if it can.
    data
        A JSON object; its URLs are paths on this server, but for those of TensorFlow.js.
    """

    refusal: str = ""
    data: Mapping[str, Any]


def trial_of(
    summary: ModelSummary,
    tfjs: Tfjs,
    backends: Backends,
    *,
    generations: Sequence[KeptGeneration],
    own_layers: Sequence[str],
) -> Trial:
    """Return how a model is tried that can be loaded.

    Parameters
    ----------
    generations
        The versions of the model whose files are there, newest first.
    own_layers
        The layer classes that a page has to have, because no server can.
    """
    scripts = scripts_json(tfjs, backends)
    refusal = (
        f"This model needs layers that only pages of your own have: {', '.join(own_layers)}. So it "
        "cannot be tried here."
    )
    return Trial(
        refusal=refusal if own_layers else "", data=_data(summary, scripts, generations[1:2])
    )


def _data(
    summary: ModelSummary, tfjs: Mapping[str, Any], before: Sequence[KeptGeneration]
) -> dict[str, Any]:
    facts = summary.status.facts
    beside = {neighbour.name for neighbour in summary.entry.neighbours}
    return {
        "exactName": summary.entry.exact_name,
        "loader": summary.loader,
        "needsLayers": bool(summary.layers_url),
        "variant": summary.variant.value,
        "variants": _variants(summary),
        "before": [_earlier(summary, one) for one in before],
        "weightBytes": dict(facts.weight_bytes) if facts else {},
        "labels": list(facts.labels) if facts else [],
        "notes": [note for note in summary.status.notes if _OF_BACKENDS in note],
        "dtypes": {one.name: one.dtype for one in facts.inputs} if facts else {},
        "vocabularyUrl": f"{summary.page_url}{_VOCABULARY}" if _VOCABULARY in beside else None,
        "tfjs": tfjs,
    }


def _variants(summary: ModelSummary) -> dict[str, str]:
    """Return the URLs of those that differ in their predictions, by name."""
    urls = {
        variant.value: url
        for variant, url in summary.variant_urls.items()
        if variant is not Variant.TRAIN
    }
    return urls or {summary.variant.value: summary.url}


def _earlier(summary: ModelSummary, one: KeptGeneration) -> dict[str, Any]:
    """Return where a generation is, and when it was made, in milliseconds as JavaScript has it."""
    url = f"{summary.page_url}{generation_name(one.artifact.key)}"
    return {"url": url, "time": int(one.recorded_at * 1000)}
