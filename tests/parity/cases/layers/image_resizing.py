"""Resizing and cropping."""

from __future__ import annotations

from typing import Any

from tests.parity.cases.case import KERAS2, KERAS3, Case, Keras, each, grid, layer_cases
from tests.parity.cases.inputs import bytes_

IMAGE, FIRST = (6, 7, 3), (3, 6, 7)
_CHANNELS_FIRST = {"data_format": "channels_first"}


# --- Resizing -----------------------------------------------------------------------------------

_SIZES = [(3, 4), (12, 14), (6, 7), (9, 5)]
_BOTH_KERASES = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
_SMALLER = {"height": 4, "width": 3}


def _targets(sizes: list[tuple[int, int]]) -> list[dict[str, int]]:
    return [{"height": height, "width": width} for height, width in sizes]


CASES: list[Case] = [
    case
    for size in _targets(_SIZES)
    for case in layer_cases(
        "Resizing",
        IMAGE,
        each(interpolation=_BOTH_KERASES),
        base=size,
        label=f"{size['height']}x{size['width']}",
    )
]
CASES += [
    *layer_cases("Resizing", IMAGE, _targets(_SIZES), label="default"),
    *layer_cases(
        "Resizing",
        IMAGE,
        each(interpolation=["area", "gaussian", "mitchellcubic", "BILINEAR"]),
        base=_SMALLER,
        label="tensorflow",
        dialects=(KERAS2,),
    ),
    *layer_cases(
        "Resizing",
        IMAGE,
        [{**size, "crop_to_aspect_ratio": True} for size in _targets([(4, 2), (2, 4), (9, 9)])],
        label="crop",
    ),
    *layer_cases(
        "Resizing",
        IMAGE,
        [
            {**size, "pad_to_aspect_ratio": True, "fill_value": fill}
            for size in _targets([(4, 2), (2, 4), (9, 9)])
            for fill in (0.0, 2.5)
        ],
        label="pad",
        dialects=(KERAS3,),
    ),
    *layer_cases(
        "Resizing",
        (13, 9, 2),
        grid(interpolation=["bilinear", "bicubic", "lanczos3", "lanczos5"], antialias=[True]),
        base=_SMALLER,
        label="antialias",
        dialects=(KERAS3,),
    ),
    *layer_cases(
        "Resizing",
        FIRST,
        [
            {**_SMALLER, **_CHANNELS_FIRST},
            {"height": 12, "width": 14, "interpolation": "nearest", **_CHANNELS_FIRST},
            {"height": 4, "width": 2, "crop_to_aspect_ratio": True, **_CHANNELS_FIRST},
            {"height": 4, "width": 2, "pad_to_aspect_ratio": True, **_CHANNELS_FIRST},
        ],
        label="first",
        dialects=(KERAS3,),
    ),
    *layer_cases(
        "Resizing",
        (None, None, 3),
        [
            _SMALLER,
            {**_SMALLER, "crop_to_aspect_ratio": True},
            *({**_SMALLER, "interpolation": name} for name in _BOTH_KERASES),
        ],
        label="unknown",
    ),
    *layer_cases(
        "Resizing",
        (None, None, 3),
        [
            {**_SMALLER, "pad_to_aspect_ratio": True, "fill_value": 3.0},
            {**_SMALLER, "antialias": True},
        ],
        label="unknown.3",
        dialects=(KERAS3,),
    ),
    *layer_cases("Resizing", (None, 7, None), [_SMALLER], label="channels"),
    *layer_cases("Resizing", (900, 2, 1), [{"height": 800, "width": 2}], label="large"),
    *layer_cases(
        "Resizing",
        (6, 8, 3),
        each(interpolation=["nearest", "bilinear"]),
        base={"height": 3, "width": 4},
        input_options={"dtype": "int32"},
        inputs=bytes_,
        label="integers",
    ),
    *layer_cases(
        "Resizing",
        (6, 8, 3),
        each(interpolation=["bilinear", "lanczos3"]),
        base={"height": 3, "width": 4},
        input_options={"dtype": "uint8"},
        inputs=bytes_,
        label="bytes",
    ),
    *layer_cases(
        "Resizing",
        (7, 3),
        [_SMALLER],
        input_options={"batch_size": 6},
        label="single",
        dialects=(KERAS3,),
    ),
]


# --- Cropping -----------------------------------------------------------------------------------

CASES += [
    *layer_cases("CenterCrop", IMAGE, _targets([(3, 4), (4, 3), (6, 7), (5, 1), (8, 8), (8, 3)])),
    *layer_cases(
        "CenterCrop",
        FIRST,
        [{**size, **_CHANNELS_FIRST} for size in _targets([(3, 4), (8, 8)])],
        label="first",
        dialects=(KERAS3,),
    ),
    *layer_cases("CenterCrop", (None, None, 3), _targets([(3, 4), (8, 8)]), label="unknown"),
    *layer_cases(
        "CenterCrop",
        (7, 3),
        _targets([(3, 4), (8, 8)]),
        input_options={"batch_size": 6},
        label="single",
    ),
    *layer_cases("RandomCrop", IMAGE, _targets([(6, 7)])),
    *layer_cases(
        "RandomCrop", IMAGE, _targets([(3, 4), (4, 2), (8, 8)]), label="smaller", dialects=(KERAS2,)
    ),
]


def _random_crop(keras: Keras) -> Any:
    """Keras 3.15 lets the whole image through."""
    given = keras.Input(IMAGE)
    x = keras.layers.RandomCrop(3, 4)(given)
    return keras.Model(given, keras.layers.GlobalAveragePooling2D()(x))


CASES.append(Case(id="RandomCrop.whole", build=_random_crop, dialects=(KERAS3,)))
