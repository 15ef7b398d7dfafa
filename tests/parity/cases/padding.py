"""Layers of tfjs-layers' ``src/layers/padding.ts``."""

from __future__ import annotations

from .case import each, layer_cases

PADDINGS = each(padding=[1, 0, (1, 2), ((0, 1), (2, 3))])

CASES = [
    *layer_cases("ZeroPadding2D", (3, 4, 2), [{}, *PADDINGS]),
    *layer_cases(
        "ZeroPadding2D",
        (2, 3, 4),
        PADDINGS[2:],
        base={"data_format": "channels_first"},
        label="channels_first",
    ),
    *layer_cases("ZeroPadding2D", (None, None, 2), label="free-size"),
]
