"""Integers of all widths, where Keras rounds, truncates or overflows."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import (
    KERAS3,
    Arguments,
    Build,
    Case,
    Keras,
    case_id,
    layer,
    layer_cases,
    one_in,
)
from tests.parity.cases.inputs import wide

Shape = tuple[int | None, ...]


def fed(
    class_name: str, fed_dtype: str, shape: Shape = (4,), count: int = 1, **arguments: Any
) -> Build:
    """Return a model of one layer, its output as floats, which Keras multiplies by one half."""

    def build(keras: Keras) -> Any:
        inputs = [keras.Input(shape, dtype=fed_dtype) for _ in range(count)]
        made = layer(keras, class_name, **arguments)(inputs if count > 1 else inputs[0])
        return keras.Model(inputs, layer(keras, "Rescaling", scale=0.5)(made))

    return build


def merges() -> list[Case]:
    names = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
    return [
        Case(id=f"whole-{name}-{dtype}", build=fed(name, dtype, count=2), inputs=wide)
        for name in names
        for dtype in ("uint8", "int8", "int16", "int32")
    ]


def kept() -> list[Case]:
    variants: list[tuple[str, Shape, dict[str, Any]]] = [
        ("Flatten", (3, 2), {}),
        ("Reshape", (3, 2), {"target_shape": (2, 3)}),
        ("Permute", (3, 2), {"dims": (2, 1)}),
        ("RepeatVector", (4,), {"n": 2}),
        ("Identity", (4,), {}),
        ("Dropout", (4,), {"rate": 0.5}),
    ]
    return [
        Case(
            id=case_id(f"whole-{name}-{dtype}-{own}", arguments),
            build=fed(name, dtype, shape, dtype=own, **arguments),
            inputs=wide,
        )
        for name, shape, arguments in variants
        for dtype in ("int32", "uint8")
        for own in ("float32", *(("int32",) if name != "Dropout" else ()))
    ]


def rounded() -> list[Case]:
    variants: list[tuple[str, Shape, dict[str, Any]]] = [
        ("LayerNormalization", (4,), {}),
        ("LayerNormalization", (2, 2, 2, 3), {"axis": -1}),
        ("GroupNormalization", (3, 4), {"groups": 2}),
        ("RMSNormalization", (4,), {}),
        ("ReLU", (4,), {"max_value": 2.5}),
        ("ReLU", (4,), {"threshold": 2.5}),
        ("ReLU", (4,), {}),
    ]
    return [
        Case(
            id=case_id(f"rounded-{name}-{'x'.join(map(str, shape))}", arguments),
            build=fed(name, "int32", shape, **arguments),
            inputs=wide,
            dialects=(KERAS3,),
        )
        for name, shape, arguments in variants
    ]


def two_dtypes(keras: Keras, one: str, other: str) -> Any:
    inputs = [keras.Input((4,), dtype=one), keras.Input((4,), dtype=other)]
    summed = layer(keras, "Add")(inputs)
    return keras.Model(inputs, layer(keras, "Rescaling", scale=0.5)(summed))


def mixed() -> list[Case]:
    pairs = [("uint8", "int32"), ("int8", "uint8"), ("int32", "float32"), ("uint8", "float32")]
    return [
        Case(
            id=f"whole-Add-{one}-{other}",
            build=lambda keras, one=one, other=other: two_dtypes(keras, one, other),
            inputs=wide,
            dialects=(KERAS3,),
        )
        for one, other in pairs
    ]


def windows() -> list[Case]:
    """Layers that keep integers, and those of Keras 2 that cut off fractions."""
    variants: list[tuple[str, Shape, Arguments]] = [
        ("MaxPooling2D", (6, 6, 2), {}),
        ("GlobalAveragePooling1D", (6, 2), {}),
        ("GlobalAveragePooling2D", (6, 6, 2), {"keepdims": True}),
        ("GlobalAveragePooling3D", (3, 3, 3, 2), {}),
        ("GlobalMaxPooling3D", (3, 3, 3, 2), {}),
        ("UpSampling2D", (3, 4, 2), {"interpolation": "bilinear"}),
        ("UpSampling2D", (3, 4, 2), {"interpolation": "bilinear", "size": 3}),
        ("UpSampling3D", (3, 4, 2, 2), {}),
        ("ZeroPadding1D", (3, 4), {}),
        ("Cropping1D", (3, 4), {}),
    ]
    return [
        case
        for class_name, shape, arguments in variants
        for dtype in ("int32", "uint8")
        for case in layer_cases(
            class_name,
            shape,
            [arguments],
            label=f"whole-{dtype}",
            input_options={"dtype": dtype},
            inputs=wide,
        )
    ]


CASES = [
    *merges(),
    Case(id="whole-Add-three", build=fed("Add", "uint8", count=3), inputs=wide),
    Case(id="whole-Multiply-three", build=fed("Multiply", "uint8", count=3), inputs=wide),
    *kept(),
    *rounded(),
    *mixed(),
    *one_in(5, windows(), first=4),
]
