"""Image augmentation: what it does at inference."""

from __future__ import annotations

import numpy as np

from tests.parity.cases.case import KERAS2, KERAS3, Case, each, grid, layer_cases
from tests.parity.cases.inputs import Array, bytes_, within

IMAGE = (6, 7, 3)
_FILLS = [{}, {"fill_mode": "constant", "fill_value": 2.0, "interpolation": "nearest"}]
_ZERO_TO_ONE = {"value_range": (0, 1)}

_BOTH: dict[str, list[dict[str, object]]] = {
    "RandomFlip": [{}, {"mode": "horizontal", "seed": 3}],
    "RandomRotation": [{"factor": 0.2, **fill} for fill in _FILLS],
    "RandomZoom": [{"height_factor": 0.2, "width_factor": (0.1, 0.2), **fill} for fill in _FILLS],
    "RandomTranslation": [{"height_factor": 0.2, "width_factor": 0.1, **fill} for fill in _FILLS],
    "RandomContrast": [{"factor": 0.2}, {"factor": (0.1, 0.4)}],
    "RandomBrightness": [{"factor": 0.2}, {"factor": 0.2, **_ZERO_TO_ONE}],
}
_KERAS3: dict[str, list[dict[str, object]]] = {
    "AugMix": [{}, {"all_ops": False, "num_chains": 2, **_ZERO_TO_ONE}],
    "CutMix": [{}, {"factor": 0.5}],
    "MaxNumBoundingBoxes": [{"max_number": 3, "bounding_box_format": "xyxy"}],
    "MixUp": [{}, {"alpha": 0.4, "seed": 1}],
    "RandAugment": [{}, {"num_ops": 1, "factor": 0.1, **_ZERO_TO_ONE}],
    "RandomColorDegeneration": [{"factor": 0.5}],
    "RandomColorJitter": [{}, {"brightness_factor": 0.2, "hue_factor": 0.1}],
    "RandomElasticTransform": [{}, {"fill_mode": "constant", "scale": (0.1, 0.4)}],
    "RandomErasing": [{}, {"fill_value": 1.0}],
    "RandomGaussianBlur": [{}, {"kernel_size": (3, 5), "sigma": 0.5}],
    "RandomGrayscale": [{}, {"factor": 1.0}],
    "RandomHue": [{"factor": 0.5}],
    "RandomInvert": [{}, {"factor": 0.2, **_ZERO_TO_ONE}],
    "RandomPerspective": [{}, {"scale": 0.4, "interpolation": "nearest"}],
    "RandomPosterization": [{"factor": 3}],
    "RandomSaturation": [{"factor": 0.5}],
    "RandomSharpness": [{"factor": 0.5}],
    "Solarization": [{}, {"addition_factor": 0.2, "threshold_factor": (0.2, 0.4)}],
    "RandomShear": [{"x_factor": 0.2}, {"y_factor": (0.1, 0.3), "fill_mode": "wrap"}],
}


def _table(variants: dict[str, list[dict[str, object]]], *dialects: str) -> list[Case]:
    return [
        case
        for class_name, arguments in variants.items()
        for case in layer_cases(class_name, IMAGE, arguments, inputs=bytes_, dialects=dialects)
    ]


CASES = [*_table(_BOTH, KERAS2, KERAS3), *_table(_KERAS3, KERAS3)]
CASES += [
    *layer_cases("RandomHeight", IMAGE, [{"factor": 0.2}], dialects=(KERAS2,)),
    *layer_cases("RandomWidth", IMAGE, [{"factor": (0.1, 0.2)}], dialects=(KERAS2,)),
    *layer_cases("RandomFlip", (None, None, 3), [{}], label="unknown"),
    *layer_cases(
        "RandomFlip", IMAGE, [{}], input_options={"dtype": "uint8"}, inputs=bytes_, label="bytes"
    ),
]


def even(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return images of one colour, among others."""
    images = random.integers(0, 256, shape).astype(dtype)
    images[0] = 7
    return images


CASES += [
    *layer_cases("AutoContrast", IMAGE, [{}], inputs=bytes_, dialects=(KERAS3,)),
    *layer_cases("AutoContrast", IMAGE, [{}], inputs=even, label="even", dialects=(KERAS3,)),
    *layer_cases(
        "AutoContrast", IMAGE, [_ZERO_TO_ONE], inputs=within(0, 1), label="unit", dialects=(KERAS3,)
    ),
]

_CLAHE = "ContrastLimitedAdaptiveHistogramEqualization"
CASES += [
    *layer_cases(
        _CLAHE,
        (13, 10, 3),
        [
            {},
            *each(clip_limit=[0.0, 1.0]),
            *grid(tile_grid_size=[(2, 3), (1, 1)], clip_limit=[2.0]),
        ],
        inputs=bytes_,
        dialects=(KERAS3,),
    ),
    *layer_cases(
        _CLAHE,
        (16, 16, 1),
        [{"tile_grid_size": (2, 2), **_ZERO_TO_ONE}],
        inputs=within(0, 1),
        label="unit",
        dialects=(KERAS3,),
    ),
    *layer_cases(
        _CLAHE,
        (3, 8, 8),
        [{"tile_grid_size": (2, 2), "data_format": "channels_first"}],
        inputs=bytes_,
        label="first",
        dialects=(KERAS3,),
    ),
    *layer_cases(
        _CLAHE,
        (8, 8, 1),
        [{"tile_grid_size": (2, 2)}],
        inputs=bytes_,
        input_options={"dtype": "int32"},
        label="integers",
        dialects=(KERAS3,),
    ),
]
