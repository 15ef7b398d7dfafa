"""What is built: one entry in one variant."""

from __future__ import annotations

from dataclasses import dataclass

from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.settings import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One entry in one variant, with the labels of its generations.

    Shards must be found by the model's short name as well as by its exact name, even after the
    model's file is gone or the short name has become ambiguous. So each generation has both labels.
    """

    entry: CatalogEntry
    variant: Variant
    exact_label: str
    name_label: str
