"""Which layers the page registers itself (``--layers``)."""

from __future__ import annotations

from collections.abc import Collection

from tfjs_serve.conversion.model.layers import KerasLayer


def page_class(layer: KerasLayer, classes: Collection[str]) -> str | None:
    """Return which of `classes`, which the page registers, is a layer's class; ``None`` if none is.

    Packages (as in ``my>Scale``) are not compared: an HDF5 file has the package in the class name,
    an archive has it elsewhere.
    """
    wanted = layer.class_name.rpartition(">")[2]
    return next((name for name in classes if name.rpartition(">")[2] == wanted), None)
