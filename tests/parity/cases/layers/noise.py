"""Layers that are random in training: nothing but themselves when predicting."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import Build, Case, Keras, case_id, each, layer, layer_cases

SPATIAL: dict[str, tuple[int, ...]] = {
    "SpatialDropout1D": (3, 4),
    "SpatialDropout2D": (3, 4, 2),
    "SpatialDropout3D": (2, 3, 4, 2),
}
"""Layers that drop whole channels, and shapes of their inputs."""
ALWAYS: list[tuple[str, dict[str, Any]]] = [
    ("Dropout", {"rate": 0.5}),
    ("Dropout", {"rate": 0.5, "noise_shape": (None, 1, 4)}),
    ("Dropout", {"rate": 0.0}),
    ("SpatialDropout1D", {"rate": 0.5}),
    ("GaussianDropout", {"rate": 0.5}),
    ("GaussianNoise", {"stddev": 0.5}),
    ("AlphaDropout", {"rate": 0.3}),
]
"""Layers that are random when they are called with ``training=True``."""


# --- What TensorFlow.js has --------------------------------------------------------------------


def dropouts() -> list[Case]:
    variants: list[dict[str, Any]] = [
        {"rate": 0.4},
        {"rate": 0.0},
        {"rate": 0.4, "seed": 3},
        {"rate": 0.4, "noise_shape": (None, 1, 4)},
    ]
    return [
        *layer_cases("Dropout", (3, 4), variants),
        *layer_cases("SpatialDropout1D", (3, 4), [{"rate": 0.4}]),
    ]


NOISE = [
    *layer_cases("GaussianNoise", (3, 4), [{"stddev": 0.5}, {"stddev": 0.5, "seed": 1}]),
    *layer_cases("GaussianDropout", (3, 4), [{"rate": 0.5}, {"rate": 0.5, "seed": 1}]),
    *layer_cases("AlphaDropout", (3, 4), [{"rate": 0.5}, {"rate": 0.5, "noise_shape": (2, 1, 4)}]),
]


# --- What it lacks, or gets wrong ---------------------------------------------------------------


def without_noise(class_name: str, arguments: dict[str, Any]) -> Build:
    """Return the builder of a model in which a layer is random, but counts for nothing."""

    def build(keras: Keras) -> Any:
        given = keras.Input((3, 4))
        noisy = layer(keras, class_name, **arguments)(given, training=True)
        return keras.Model(
            given, layer(keras, "Add")([given, layer(keras, "Rescaling", scale=0.0)(noisy)])
        )

    return build


CASES = [
    *dropouts(),
    *NOISE,
    *(
        case
        for class_name, shape in SPATIAL.items()
        for case in layer_cases(class_name, shape, [{"rate": 0.4}, {"rate": 0.0}], label="inactive")
    ),
    *(
        case
        for class_name in ("SpatialDropout2D", "SpatialDropout3D")
        for case in layer_cases(
            class_name,
            SPATIAL[class_name],
            each(data_format=["channels_first", "channels_last"]),
            base={"rate": 0.3},
        )
    ),
    *(
        Case(
            id=case_id(f"always-{class_name}", arguments),
            build=without_noise(class_name, arguments),
        )
        for class_name, arguments in ALWAYS
    ),
]
