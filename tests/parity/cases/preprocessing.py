"""Layers of tfjs-layers' ``src/layers/preprocessing``."""

from __future__ import annotations

from .case import layer_cases

CASES = [
    *layer_cases("Rescaling", (3, 4), [{"scale": 1 / 255}, {"scale": 1 / 127.5, "offset": -1.0}]),
    *layer_cases("Rescaling", (3, 4, 3), [{"scale": 2.0, "offset": 0.0}], label="rank4"),
    *layer_cases(
        "Rescaling", (3, 4), [{"scale": 0.5}], input_options={"dtype": "int32"}, label="integers"
    ),
]
