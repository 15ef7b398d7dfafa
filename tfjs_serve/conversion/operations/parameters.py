"""Names of the parameters that operations are called with, in order (``keras/src/ops``)."""

from __future__ import annotations

from collections.abc import Mapping

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "add": ("x1", "x2"),
    "any": ("x",),
    "not_equal": ("x1", "x2"),
}
