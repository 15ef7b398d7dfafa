"""Scaling, resizing and cropping: what plain TensorFlow.js has to be taught."""

from __future__ import annotations

from typing import Any

import numpy as np

from .case import KERAS2, KERAS3, Array, Case, Keras, each, grid, layer_cases

IMAGE, FIRST = (6, 7, 3), (3, 6, 7)
_CHANNELS_FIRST = {"data_format": "channels_first"}


def bytes_(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return the values of pixels, of whatever dtype the model wants."""
    return random.integers(0, 256, shape).astype(dtype)


def positive(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers between 0 and 1."""
    return random.uniform(0, 1, shape).astype(dtype)


# --- Rescaling ----------------------------------------------------------------------------------

CASES: list[Case] = [
    *layer_cases(
        "Rescaling",
        (3, 4),
        [
            {"scale": [1.0, 2.0, 3.0, 4.0]},
            {"scale": 2.0, "offset": [1.0, 2.0, 3.0, 4.0]},
            {"scale": [1.0, 2.0, 3.0, 4.0], "offset": [4.0, 3.0, 2.0, 1.0]},
            {"scale": [2.0], "offset": -1.0},
            {"scale": [[1.0], [2.0], [3.0]]},
            {"scale": [[1.0] * 4, [2.0] * 4, [3.0] * 4], "offset": [1.0, 2.0, 3.0, 4.0]},
        ],
        label="several",
    ),
    *layer_cases("Rescaling", (4,), [{"scale": [1.0, 2.0, 3.0, 4.0]}], label="row"),
    *layer_cases("Rescaling", (None, None, 3), [{"scale": [1.0, 2.0, 3.0]}], label="unknown"),
    *layer_cases("Rescaling", (None, None, 4, 3), [{"scale": [1.0, 2.0, 3.0]}], label="more"),
    *layer_cases("Rescaling", (3, 1), [{"scale": [1.0, 2.0, 3.0]}], label="wider"),
]

# --- Normalization ------------------------------------------------------------------------------

_ONE = [{"mean": 2.0, "variance": 3.0}, {"mean": 2.0, "variance": 3.0, "invert": True}]
_FOUR = {"mean": [1.0, -2.0, 3.0, 1000.0], "variance": [1.0, 4.0, 0.0, 0.01]}
CASES += [
    *layer_cases("Normalization", (4,), [{}, {"axis": None}, {"invert": True}, {"axis": 1}]),
    *layer_cases("Normalization", (4,), [*_ONE, _FOUR, {**_FOUR, "invert": True}], label="given"),
    *layer_cases(
        "Normalization",
        (3, 4),
        grid(axis=[1, (1, 2), (2,), None, (2, 1)], invert=[False, True]),
        label="series",
    ),
    *layer_cases("Normalization", (None, 4), each(axis=[-1, None]), label="steps"),
    *layer_cases("Normalization", (None, None, 4), each(axis=[-1, None]), label="image"),
    *layer_cases("Normalization", (None, 3, None, 4), each(axis=[-1, (2, 4)]), label="unknown"),
    *layer_cases("Normalization", (2, 3, 4), each(axis=[1, 2, (1, 3), (1, 2, 3)]), label="map"),
    *layer_cases(
        "Normalization",
        (3, 4),
        [{"axis": (1, 2), **_FOUR}, {"axis": (1, 2), "mean": 1.0, "variance": 2.0}],
        label="broadcast",
    ),
    *layer_cases("Normalization", (4,), input_options={"dtype": "int32"}, label="integers"),
    *layer_cases(
        "Normalization", (4,), [{"axis": 0}], input_options={"batch_size": 2}, label="batch"
    ),
]


def _masked(keras: Keras, *layers: Any) -> Any:
    given = keras.Input((4, 3))
    x = keras.layers.Masking()(given)
    for item in layers:
        x = item(x)
    return keras.Model(given, keras.layers.LSTM(2)(x))


def _padded(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    sequences = random.normal(0, 1, shape).astype(dtype)
    sequences[:, 2:] = 0
    return sequences


CASES += [
    Case(
        id="Rescaling.masked",
        build=lambda keras: _masked(keras, keras.layers.Rescaling(2.0, 1.0)),
        inputs=_padded,
        dialects=(KERAS3,),
    ),
    Case(
        id="Normalization.masked",
        build=lambda keras: _masked(keras, keras.layers.Normalization()),
        inputs=_padded,
        dialects=(KERAS3,),
    ),
]

# --- Resizing -----------------------------------------------------------------------------------

_SIZES = [(3, 4), (12, 14), (6, 7), (9, 5)]
_BOTH_KERASES = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
_SMALLER = {"height": 4, "width": 3}


def _targets(sizes: list[tuple[int, int]]) -> list[dict[str, int]]:
    return [{"height": height, "width": width} for height, width in sizes]


CASES += [
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

# --- Pipeline -----------------------------------------------------------------------------------


def _pipeline(keras: Keras) -> Any:
    layers = keras.layers
    steps = [
        layers.RandomFlip(),
        layers.Normalization(name="same"),
        layers.Resizing(4, 5),
        layers.Normalization(axis=None, name="same_too"),
        layers.CenterCrop(3, 3),
    ]
    given = keras.Input(IMAGE)
    x = layers.Normalization()(given)
    return keras.Model(given, layers.Conv2D(2, 2)(layers.Pipeline(steps, name="it")(x)))


def _pipelines(keras: Keras) -> Any:
    layers = keras.layers
    inner = layers.Pipeline([layers.Rescaling(2.0), layers.Normalization()])
    given = keras.Input(IMAGE)
    return keras.Model(given, layers.Pipeline([inner, layers.Rescaling(0.5, 1.0)])(given))


CASES += [
    Case(id="Pipeline", build=_pipeline, dialects=(KERAS3,)),
    Case(id="Pipeline.nested", build=_pipelines, dialects=(KERAS3,)),
]
