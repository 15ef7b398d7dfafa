"""Which layers the page registers itself (``--layers``)."""

from __future__ import annotations

from collections.abc import Collection

from tfjs_serve.conversion.model.layers import KerasLayer


def page_class(layer: KerasLayer, classes: Collection[str]) -> str | None:
    """Return which of the page's `classes` a layer is of.

    Packages (``my>Scale``) need not agree: HDF5 files name them, archives do so elsewhere.
    """
    wanted = layer.class_name.rpartition(">")[2]
    return next((name for name in classes if name.rpartition(">")[2] == wanted), None)
