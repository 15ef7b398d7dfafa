"""The variants of a model, as its page lists them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfjs_serve.facts.weight_error import WeightError
from tfjs_serve.settings import Variant
from tfjs_serve.web.listing import ModelSummary
from tfjs_serve.web.pages.wording import VARIANTS, readable_size


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantView:
    """A row of the table of variants.

    Attributes
    ----------
    error
        How far its weights are from those of the full model; empty if that is not known yet.
    """

    name: str
    path: str
    told: str
    size: str
    error: str


def variants_of(
    summary: ModelSummary, errors: Mapping[Variant, WeightError]
) -> Sequence[VariantView]:
    """Return what is told of the variants of a model.

    Parameters
    ----------
    errors
        What was measured while variants were written.
    """
    sizes = summary.status.facts.weight_bytes if summary.status.facts else {}
    return [
        VariantView(
            name=variant.value,
            path=path,
            told=_told(variant, summary.variant),
            size=readable_size(sizes[variant.value]) if variant.value in sizes else "",
            error=_error(errors.get(variant)) if variant.is_quantized else "none",
        )
        for variant, path in summary.variant_urls.items()
    ]


def _told(variant: Variant, default: Variant) -> str:
    return f"{VARIANTS[variant]}{', the default' if variant is default else ''}"


def _error(error: WeightError | None) -> str:
    if error is None:
        return ""
    if not error.largest:
        return "none"
    return f"at most {error.largest:.2g}, {error.mean:.2g} on average"
