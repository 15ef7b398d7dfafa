"""Convolutions that TF.js lacks, or gets wrong: small models of its layers, and companions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .case import KERAS2, KERAS3, Arguments, Case, each, grid, layer_cases, made

FIRST = {"data_format": "channels_first"}
SERIES, IMAGE, VOLUME = (9, 4), (9, 8, 4), (6, 7, 5, 4)
SHAPES: dict[int, tuple[int | None, ...]] = {1: SERIES, 2: IMAGE, 3: VOLUME}
WHOLE = ("relu", "softmax", "exponential")
"""Activations of TF.js's layer, of a whole axis, and of none of its layers."""


def channels_first(shape: Sequence[int | None]) -> tuple[int | None, ...]:
    return (shape[-1], *shape[:-1])


def free(shape: Sequence[int | None]) -> tuple[int | None, ...]:
    return (*[None] * (len(shape) - 1), shape[-1])


def everywhere(
    class_name: str, rank: int, variants: Sequence[Arguments], base: Arguments, label: str
) -> list[Case]:
    """Return cases with channels last and first, and with unknown sizes.

    TensorFlow's CPU kernels, and so Keras 2's references, lack channels first.
    """
    shape = SHAPES[rank]
    first = {"base": {**base, **FIRST}, "dialects": (KERAS3,)}
    return [
        *layer_cases(class_name, shape, variants, base=base, label=label),
        *layer_cases(class_name, channels_first(shape), variants, label=f"{label}.first", **first),
        *layer_cases(class_name, free(shape), variants, base=base, label=f"{label}.free"),
    ]


def causal() -> list[Case]:
    base = {"filters": 4, "kernel_size": 3, "padding": "causal"}
    variants = [
        {},
        *each(dilation_rate=[2], strides=[2], use_bias=[False], activation=WHOLE, groups=[2, 4]),
        {"kernel_constraint": made("constraints.MaxNorm", max_value=9.0, axis=[0, 1])},
        {"groups": 2, "dilation_rate": 2},
        {"groups": 4, "dilation_rate": 2},
        {"kernel_size": 1},
    ]
    return everywhere("Conv1D", 1, variants, base, "causal")


def plain() -> list[Case]:
    """What only the order of the axes, or the rank, keeps TF.js from."""
    base = {"filters": 3, "kernel_size": 2}
    variants = [
        {},
        *each(padding=["same"], strides=[2], dilation_rate=[2], use_bias=[False]),
        *each(activation=WHOLE),
        {"padding": "same", "strides": 2},
        {"padding": "same", "dilation_rate": 2},
    ]
    far = [
        {"kernel_size": 1, "strides": 2, "padding": "same"},
        {"kernel_size": 2, "strides": 3, "padding": "same"},
        {"kernel_size": (1, 2, 3), "strides": (2, 3, 2), "padding": "same", "activation": "relu"},
    ]
    return [
        case
        for rank in (1, 2, 3)
        for case in everywhere(f"Conv{rank}D", rank, variants if rank < 3 else far, base, "turned")
    ]


def grouped() -> list[Case]:
    base = {"filters": 4, "kernel_size": 3, "groups": 2}
    variants = [
        {},
        *each(padding=["same"], strides=[2], dilation_rate=[2], use_bias=[False], activation=WHOLE),
        *each(filters=[8], groups=[4]),
        {"filters": 8, "groups": 4, "dilation_rate": 2},
        {"groups": 4, "padding": "same", "strides": 2},
        {"kernel_regularizer": "l2", "bias_regularizer": "l1", "kernel_constraint": "non_neg"},
        {"trainable": False},
    ]
    cases = [
        case
        for rank in (1, 2, 3)
        for case in everywhere(f"Conv{rank}D", rank, variants, base, "groups")
    ]
    uneven = [{"kernel_size": (3, 2), "strides": (1, 2), "padding": "same"}]
    return [*cases, *layer_cases("Conv2D", IMAGE, uneven, base=base, label="groups.uneven")]


def many_groups() -> list[Case]:
    base = {"filters": 20, "kernel_size": 3, "groups": 10}
    variants = [
        {},
        *each(padding=["same"], strides=[2], dilation_rate=[2], use_bias=[False]),
        *each(activation=WHOLE, filters=[40]),
    ]
    return [
        *layer_cases("Conv2D", (7, 6, 20), variants, base=base, label="many-groups"),
        *layer_cases("Conv2D", (None, None, 20), variants, base=base, label="many-groups.free"),
        *layer_cases("Conv2D", (None, 6, 20), variants[:1], base=base, label="many-groups.high"),
        *layer_cases("Conv1D", (7, 20), variants, base=base, label="many-groups"),
        *layer_cases("Conv1D", (None, 20), variants, base=base, label="many-groups.free"),
        *layer_cases(
            "Conv2D",
            (20, None, None),
            variants[:3],
            base={**base, **FIRST},
            label="many-groups.first",
            dialects=(KERAS3,),
        ),
    ]


def more_axes() -> list[Case]:
    """Keras 2 takes any number of axes before those of a picture for the batch."""
    base = {"filters": 3, "kernel_size": 2}
    variants = [{}, *each(padding=["same"], strides=[2], activation=["relu"])]
    shapes: list[tuple[int, tuple[int | None, ...]]] = [
        (1, (2, 6, 4)),
        (1, (2, 3, 6, 4)),
        (1, (None, 6, 4)),
        (2, (3, 5, 6, 4)),
        (2, (3, None, None, 4)),
        (2, (2, 3, 5, 6, 4)),
        (3, (2, 3, 4, 5, 4)),
    ]
    return [
        case
        for index, (rank, shape) in enumerate(shapes)
        for case in layer_cases(
            f"Conv{rank}D",
            shape,
            variants,
            base=base,
            label=f"more-axes{index}",
            dialects=(KERAS2,),
        )
    ]


def transposed() -> list[Case]:
    base = {"filters": 3, "kernel_size": 3}
    variants = [
        {},
        *grid(padding=["valid", "same"], strides=[1, 2, 4], output_padding=[None, 0]),
        *grid(padding=["valid", "same"], strides=[2], output_padding=[1], kernel_size=[2, 3, 4]),
        {"strides": 4, "output_padding": 2, "kernel_size": 2, "activation": "relu"},
        {"strides": 4, "output_padding": 3, "padding": "same", "use_bias": False},
        *grid(padding=["valid", "same"], dilation_rate=[2], kernel_size=[2, 3]),
        {"dilation_rate": 3, "kernel_size": 2, "activation": "softmax"},
        *each(use_bias=[False], activation=WHOLE),
    ]
    return [
        case
        for rank in (1, 2, 3)
        for case in everywhere(f"Conv{rank}DTranspose", rank, variants, base, "lowered")
    ]


def uneven_transposed() -> list[Case]:
    base = {"filters": 2, "kernel_size": (3, 2), "padding": "same"}
    variants: list[Arguments] = [
        {"strides": (1, 3), "output_padding": (0, 1)},
        {"strides": (2, 3), "output_padding": (1, 0)},
        {"padding": "valid", "strides": (4, 1), "output_padding": (2, 0)},
        {"dilation_rate": (2, 2)},
    ]
    apart: list[Arguments] = [{"dilation_rate": (1, 2)}, {"dilation_rate": (3, 2)}]
    volume: dict[str, Any] = {"filters": 2, "kernel_size": (1, 2, 3), "padding": "same"}
    strides = [{"strides": (2, 1, 2)}, {"strides": (1, 3, 2)}, {"strides": (3, 3, 2)}]
    return [
        *layer_cases("Conv2DTranspose", (3, 4, 2), variants, base=base, label="uneven"),
        *layer_cases(
            "Conv2DTranspose", (3, 4, 2), apart, base=base, label="apart", dialects=(KERAS3,)
        ),
        *layer_cases("Conv3DTranspose", (3, 2, 2, 2), strides, base=volume, label="uneven"),
        *layer_cases(
            "Conv3DTranspose", (None, None, None, 2), strides, base=volume, label="uneven.free"
        ),
    ]


CASES = [
    *causal(),
    *plain(),
    *grouped(),
    *many_groups(),
    *more_axes(),
    *transposed(),
    *uneven_transposed(),
]
