"""Layers of tfjs-layers' ``src/layers/noise.ts``: nothing but themselves when predicting."""

from __future__ import annotations

from .case import layer_cases

CASES = [
    *layer_cases("GaussianNoise", (3, 4), [{"stddev": 0.5}, {"stddev": 0.5, "seed": 1}]),
    *layer_cases("GaussianDropout", (3, 4), [{"rate": 0.5}, {"rate": 0.5, "seed": 1}]),
    *layer_cases("AlphaDropout", (3, 4), [{"rate": 0.5}, {"rate": 0.5, "noise_shape": (2, 1, 4)}]),
]
