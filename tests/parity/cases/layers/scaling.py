"""Normalizations that TF.js has no layer for, and layers that scale."""

from __future__ import annotations

import importlib
from typing import Any

from tests.parity.cases.case import (
    KERAS3,
    Case,
    Keras,
    case_id,
    dense,
    each,
    grid,
    layer,
    layer_cases,
)

Shape = tuple[int | None, ...]
CLOSE: dict[str, Any] = {
    "tolerance": 1e-4,
    "reason": "numbers that lie close together lose digits when they are normalized",
}
PARTS = grid(center=[True, False], scale=[True, False])
SHAPES: dict[str, Shape] = {
    "rank2": (6,),
    "rank3": (4, 6),
    "rank4": (3, 4, 6),
    "rank5": (2, 3, 2, 6),
}


def group_normalization() -> list[Case]:
    name = "GroupNormalization"
    by_rank = [
        case
        for label, shape in SHAPES.items()
        for case in layer_cases(
            name,
            shape,
            each(groups=[1, 2, 3, 6, -1] if label != "rank2" else [1, 2, 3]),
            label=label,
            **CLOSE,
        )
    ]
    return [
        *by_rank,
        *layer_cases(name, (4, 6), PARTS, base={"groups": 3}, label="parts", **CLOSE),
        *layer_cases(
            name,
            (4, 6),
            each(
                epsilon=[0.1],
                beta_initializer=["ones"],
                gamma_regularizer=["l2"],
                gamma_constraint=["non_neg"],
            ),
            base={"groups": 3},
            label="single",
            **CLOSE,
        ),
        *layer_cases(
            name, (4, 6), each(axis=[1, 2, -2]), base={"groups": 2}, label="axis", **CLOSE
        ),
        *layer_cases(
            name, (4, 3, 6), each(axis=[1, -3, 3]), base={"groups": 2}, label="axis4", **CLOSE
        ),
        *layer_cases(name, (32, 2), [{"axis": 1}], label="default", **CLOSE),
        *layer_cases(name, (None, 6), each(groups=[2, 6]), label="free", **CLOSE),
        *layer_cases(name, (None, None, 6), each(groups=[1, 2, -1]), label="free-image", **CLOSE),
        *layer_cases(
            name, (6, None, None), each(groups=[2]), base={"axis": 1}, label="free-first", **CLOSE
        ),
    ]


def rms_normalization() -> list[Case]:
    name = "RMSNormalization"
    options: dict[str, Any] = {"dialects": (KERAS3,), **CLOSE}
    return [
        *(
            case
            for label, shape in SHAPES.items()
            for case in layer_cases(name, shape, [{}, {"epsilon": 0.1}], label=label, **options)
        ),
        *layer_cases(name, (3, 4), each(axis=[2, (1, 2), [-1]]), label="axis", **options),
        *layer_cases(name, (2, 3, 4), each(axis=[(2, 3), (1, 2, 3)]), label="axis4", **options),
        *layer_cases(name, (4, 4), each(axis=[1]), label="across", **options),
        *layer_cases(name, (1, 4), each(axis=[1]), label="one", **options),
        *layer_cases(name, (None, 4), [{}], label="free", **options),
        *layer_cases(name, (None, None, 4), [{}], label="freer", **options),
    ]


def unit_normalization() -> list[Case]:
    name = "UnitNormalization"
    return [
        *(
            case
            for label, shape in SHAPES.items()
            for case in layer_cases(name, shape, [{}], label=label, **CLOSE)
        ),
        *layer_cases(name, (3, 4), each(axis=[1, (1, 2), [-1]]), label="axis", **CLOSE),
        *layer_cases(name, (2, 3, 4), each(axis=[1, (1, 3), (2, 3)]), label="axis4", **CLOSE),
        *layer_cases(name, (None, 4), [{}, {"axis": 2}], label="free", **CLOSE),
        *layer_cases(name, (None, None, 4), [{}], label="freer", **CLOSE),
    ]


def spectral(class_name: str, shape: Shape, **arguments: Any) -> Case:
    def build(keras: Keras) -> Any:
        inner = layer(keras, class_name, **arguments)
        wrapped = layer(keras, "SpectralNormalization", layer=inner, power_iterations=2)
        return keras.Sequential([keras.Input(shape), wrapped])

    name = case_id(f"SpectralNormalization-{class_name}", arguments)
    return Case(id=name, build=build, dialects=(KERAS3,))


def spectral_in_a_graph(keras: Keras) -> Any:
    """Other layers with weights around the wrapper, frozen or not."""
    given = keras.Input((6,))
    wrapped = layer(
        keras, "SpectralNormalization", layer=dense(keras, 3), trainable=False, name="wrapped"
    )
    return keras.Model(given, dense(keras, 2)(wrapped(dense(keras, 4)(given))))


def of_applications(keras: Keras) -> Any:
    """The layers that ConvNeXt and InceptionResNetV2 bring along."""
    home = "tf_keras.src" if keras.__name__.startswith("tf_keras") else "keras.src"
    convnext = importlib.import_module(f"{home}.applications.convnext")
    inception = importlib.import_module(f"{home}.applications.inception_resnet_v2")
    given = keras.Input((5, 4))
    scaled = convnext.LayerScale(0.5, 4)(dense(keras, 4)(given))
    dropped = convnext.StochasticDepth(0.3)(scaled)
    return keras.Model(given, inception.CustomScaleLayer(0.3)([given, dropped]))


CASES = [
    *group_normalization(),
    *rms_normalization(),
    *unit_normalization(),
    spectral("Dense", (4,), units=3),
    spectral("Dense", (4,), units=3, use_bias=False, activation="exponential"),
    spectral("Conv2D", (5, 5, 2), filters=3, kernel_size=2),
    Case(id="SpectralNormalization-in-a-graph", build=spectral_in_a_graph, dialects=(KERAS3,)),
    Case(id="layers-of-applications", build=of_applications),
]
