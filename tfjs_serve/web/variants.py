"""Which variant of a model a URL means. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tfjs_serve.catalog.model import CatalogEntry
from tfjs_serve.errors import VariantNotAvailableError
from tfjs_serve.settings import Variant


def effective_variant(entry: CatalogEntry, spelling: str | None, default: Variant) -> Variant:
    """Return the requested variant of `entry`; a tfjs folder is only served as it is.

    Parameters
    ----------
    spelling
        What follows the ``@`` of an address; ``None`` if it has none.
    default
        What is served if none is requested.

    Raises
    ------
    VariantNotAvailableError
        There is no such variant of `entry`.
    """
    is_tfjs = entry.kind.is_tfjs
    if spelling is None:
        return Variant.FULL if is_tfjs else default
    available = (Variant.FULL,) if is_tfjs else tuple(Variant)
    if spelling in [variant.value for variant in available]:
        return Variant(spelling)
    raise _no_such_variant(entry, spelling)


def possible_variants(spelling: str | None, default: Variant) -> Iterable[Variant]:
    """Return the variants that a file may belong to, even if its model no longer exists.

    If the URL names no variant, these are the default one and the full one, which is the only one
    that a tfjs folder has.
    """
    if spelling is not None:
        return [variant for variant in Variant if variant.value == spelling]
    return dict.fromkeys((default, Variant.FULL))


def _no_such_variant(entry: CatalogEntry, spelling: str) -> VariantNotAvailableError:
    if entry.kind.is_tfjs:
        hint = "it was converted before, and is served as it is: load it without @variant"
    else:
        hint = f"its variants are {', '.join(variant.value for variant in Variant)}"
    return VariantNotAvailableError(
        f"the model {entry.name!r} has no variant {spelling!r}", hint=hint
    )
