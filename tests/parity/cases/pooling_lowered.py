"""Pooling, padding, cropping and upsampling that TF.js lacks, or gets wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .case import (
    KERAS2,
    KERAS3,
    Arguments,
    Case,
    Keras,
    each,
    grid,
    layer,
    layer_cases,
    padded_sequences,
)
from .convolutional_lowered import FIRST, channels_first, free
from .whole_numbers import wide

KINDS = ("Max", "Average")
SHAPES: dict[int, tuple[int | None, ...]] = {1: (7, 2), 2: (6, 7, 2), 3: (4, 5, 6, 2)}


def everywhere(
    class_name: str,
    shape: Sequence[int | None],
    variants: Sequence[Arguments],
    *,
    dialects: tuple[str, ...] = (KERAS2, KERAS3),
    first: tuple[str, ...] = (KERAS2, KERAS3),
) -> list[Case]:
    """Return cases with channels last and first, and with sizes known, unknown and mixed."""
    partly = (None, *shape[1:])
    return [
        *layer_cases(class_name, tuple(shape), variants, label="lowered", dialects=dialects),
        *layer_cases(class_name, free(shape), variants, label="free", dialects=dialects),
        *layer_cases(class_name, partly, variants, label="partly", dialects=dialects),
        *layer_cases(
            class_name,
            channels_first(shape),
            variants,
            base=FIRST,
            label="first",
            dialects=first,
        ),
        *layer_cases(
            class_name,
            channels_first(free(shape)),
            variants,
            base=FIRST,
            label="first.free",
            dialects=first,
        ),
    ]


def pooling(kind: str, rank: int) -> list[Case]:
    name = f"{kind}Pooling{rank}D"
    uneven = {1: (3,), 2: (2, 3), 3: (1, 2, 3)}[rank]
    variants: list[Arguments] = [
        *grid(pool_size=[2], padding=["valid", "same"], strides=[None, 1, 3]),
        {"pool_size": uneven, "padding": "same"},
        {"pool_size": uneven, "strides": 2, "padding": "same"},
        {"pool_size": 1, "strides": 2, "padding": "same"},
    ]
    # TensorFlow's CPU kernels lack channels first.
    first = (KERAS2, KERAS3) if rank == 3 else (KERAS3,)
    return everywhere(name, SHAPES[rank], variants, first=first)


def global_pooling(kind: str, rank: int) -> list[Case]:
    return everywhere(
        f"Global{kind}Pooling{rank}D", SHAPES[rank], [{}, *each(keepdims=[True, False])]
    )


def adaptive_pooling(kind: str, rank: int) -> list[Case]:
    sizes: dict[int, list[Arguments]] = {
        1: each(output_size=[1, 3, 7, 9, 70]),
        2: each(output_size=[1, 3, (3, 7), (4, 9), (70, 1)]),
        3: each(output_size=[1, 2, (3, 5, 4), (2, 3, 8)]),
    }
    name = f"Adaptive{kind}Pooling{rank}D"
    return everywhere(name, SHAPES[rank], sizes[rank], dialects=(KERAS3,), first=(KERAS3,))


def zero_padding() -> list[Case]:
    pairs: dict[int, list[Arguments]] = {
        1: [{}, *each(padding=[2, (0, 3), (1, 0), 0])],
        2: [{}, *each(padding=[(1, 2), ((0, 1), (2, 3))])],
        3: [{}, *each(padding=[2, (0, 1, 2), ((0, 1), (2, 0), (1, 3)), 0])],
    }
    return [
        case
        for rank, variants in pairs.items()
        for case in everywhere(
            f"ZeroPadding{rank}D",
            SHAPES[rank],
            variants,
            first=(KERAS3,) if rank == 1 else (KERAS2, KERAS3),
        )
    ]


def cropping() -> list[Case]:
    one = [{}, *each(cropping=[2, (0, 3), (1, 0), 0])]
    two = [{}, *each(cropping=[1, (1, 2), ((0, 1), (2, 0)), ((2, 1), (1, 3)), 0])]
    three = [{}, *each(cropping=[(0, 1, 2), ((0, 1), (2, 0), (1, 2)), 0])]
    wide = [{"cropping": ((0, 0), (30, 20))}]
    images: list[Case] = [
        *everywhere("Cropping2D", SHAPES[2], two[1:]),
        *layer_cases("Cropping2D", (6, 7, 2), two[:1], label="lowered", dialects=(KERAS2,)),
        *layer_cases("Cropping2D", (None, 60, 2), wide, label="wide"),
        *layer_cases("Cropping2D", (None, 3, 2), [{"cropping": 1}], label="narrow"),
        *layer_cases("Cropping2D", (6, None, None), two[1:], label="channels"),
    ]
    series = [
        case
        for shape in ((7, 2), (None, 2))
        for case in layer_cases("Cropping1D", shape, one, label="free" if shape[0] is None else "")
    ]
    return [*series, *images, *everywhere("Cropping3D", SHAPES[3], three)]


def up_sampling() -> list[Case]:
    factors: dict[int, list[Arguments]] = {
        1: [{}, *each(size=[1, 3, 41])],
        3: [{}, *each(size=[1, 3, (1, 2, 3), (2, 1, 1)])],
    }
    sizes = [2, 3, 4, (1, 2), (3, 1), (2, 5), (41, 1)]
    methods = ["bilinear", "bicubic", "lanczos3", "lanczos5"]
    older = ["area", "gaussian", "mitchellcubic", "Bilinear"]
    shape = SHAPES[2]
    return [
        *[
            case
            for size in ((7, 2), (None, 2))
            for case in layer_cases(
                "UpSampling1D", size, factors[1], label="free" if size[0] is None else ""
            )
        ],
        *everywhere("UpSampling3D", SHAPES[3], factors[3]),
        *everywhere(
            "UpSampling2D",
            shape,
            grid(size=sizes, interpolation=["nearest", *methods]),
        ),
        *layer_cases(
            "UpSampling2D", (1, 1, 2), grid(size=[2, 3], interpolation=methods), label="pixel"
        ),
        *everywhere(
            "UpSampling2D",
            shape,
            grid(size=[2, 3], interpolation=older),
            dialects=(KERAS2,),
            first=(KERAS2,),
        ),
    ]


def masked() -> list[Case]:
    """Keras averages over the steps that are not masked."""

    def build(keras: Keras, **arguments: Any) -> Any:
        given = keras.Input((5, 3))
        found = layer(keras, "Masking")(given)
        return keras.Model(given, layer(keras, "GlobalAveragePooling1D", **arguments)(found))

    return [
        Case(
            id=f"GlobalAveragePooling1D.masked-keepdims_{keepdims}",
            build=lambda keras, keepdims=keepdims: build(keras, keepdims=keepdims),
            inputs=padded_sequences(),
        )
        for keepdims in (False, True)
    ]


def whole_numbers() -> list[Case]:
    """Layers that keep whole numbers, and those of Keras 2 that cut off fractions."""
    variants: list[tuple[str, tuple[int, ...], Arguments]] = [
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
    *(case for kind in KINDS for rank in SHAPES for case in pooling(kind, rank)),
    *(case for kind in KINDS for rank in SHAPES for case in global_pooling(kind, rank)),
    *(case for kind in KINDS for rank in SHAPES for case in adaptive_pooling(kind, rank)),
    *zero_padding(),
    *cropping(),
    *up_sampling(),
    *masked(),
    *whole_numbers(),
]
