"""Layers that change images at random in training (``keras/src/layers/preprocessing``).

At inference most of them change nothing, and then cost nothing in the page.
"""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.conversion.layers.shared.unchanged import unchanged
from tfjs_serve.conversion.model.layers import Json
from tfjs_serve.conversion.model.shapes import Shape, ShapeRule, of_each, same
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer
from tfjs_serve.conversion.rules.registry import Outcome, Support, rule

_COMMON = ("seed", "data_format", "bounding_box_format")
_FILLING = ("fill_mode", "fill_value", "interpolation")
_TRAINING = "changes nothing in training either"

_INACTIVE: Mapping[str, tuple[str, ...]] = {
    "AugMix": (
        *("value_range", "num_chains", "chain_depth", "factor", "alpha"),
        *("all_ops", "interpolation"),
    ),
    "CutMix": ("factor",),
    "Equalization": ("value_range", "bins", "factor"),
    "MaxNumBoundingBoxes": ("max_number", "fill_value", "factor"),
    "MixUp": ("alpha", "factor"),
    "RandAugment": ("value_range", "num_ops", "factor", "interpolation"),
    "RandomBrightness": ("factor", "value_range"),
    "RandomColorDegeneration": ("factor", "value_range"),
    "RandomColorJitter": (
        *("value_range", "brightness_factor", "contrast_factor"),
        *("saturation_factor", "hue_factor", "factor"),
    ),
    "RandomContrast": ("factor", "value_range"),
    "RandomElasticTransform": ("factor", "scale", "value_range", *_FILLING),
    "RandomErasing": ("factor", "scale", "fill_value", "value_range"),
    "RandomFlip": ("mode", "factor"),
    "RandomGaussianBlur": ("factor", "kernel_size", "sigma", "value_range"),
    "RandomGrayscale": ("factor",),
    "RandomHue": ("factor", "value_range"),
    "RandomInvert": ("factor", "value_range"),
    "RandomPerspective": ("factor", "scale", *_FILLING),
    "RandomPosterization": ("factor", "value_range"),
    # Up to Keras 3.5, it has the value_range of its base class.
    "RandomRotation": ("factor", "value_range", *_FILLING),
    "RandomSaturation": ("factor", "value_range"),
    "RandomSharpness": ("factor", "value_range"),
    "RandomShear": ("x_factor", "y_factor", "factor", *_FILLING),
    "RandomTranslation": ("height_factor", "width_factor", "factor", *_FILLING),
    "RandomZoom": ("height_factor", "width_factor", "factor", *_FILLING),
    "Solarization": ("addition_factor", "threshold_factor", "value_range"),
}
"""Layers that do not change images at inference, and their arguments."""


def one_image(context: LayerContext) -> None:
    """Report calls with boxes, labels or masks besides images; ignore arguments about these."""
    context.read.ignore("bounding_box_format")
    if context.layer.generation >= 3:
        # Keras 3 writes the default of these layers, but the flag of the model counts.
        context.keywords.ignore("training")
    if any(len(call) > 1 for call in context.calls):
        context.problem(
            "unsupported-call",
            "It is called with more than images.",
            "Call the layer with the images only; it changes nothing else at inference.",
        )


def _inactive(class_name: str, arguments: tuple[str, ...], shape: ShapeRule = same) -> None:
    @rule(
        class_name,
        shape=shape,
        support=Support(notes=_TRAINING),
    )
    def translate(context: LayerContext) -> TfjsLayer:
        one_image(context)
        context.read.ignore(*_COMMON, *arguments)
        return unchanged(context)


for _name, _arguments in _INACTIVE.items():
    _inactive(_name, _arguments)


def _unknown_axis(axis: int) -> ShapeRule:
    def forget(_config: Mapping[str, Json], shape: Shape) -> Shape:
        rank = len(shape)
        return tuple(None if index == rank + axis else size for index, size in enumerate(shape))

    return of_each(forget)


_inactive("RandomHeight", ("factor", "interpolation"), _unknown_axis(-3))
_inactive("RandomWidth", ("factor", "interpolation"), _unknown_axis(-2))


def _value_range(context: LayerContext) -> list[Json]:
    return sorted(context.read.take("value_range", [0, 255]))


@rule(
    "AutoContrast",
    outcome=Outcome.COMPANION,
    support=Support(companion="always", training="always"),
)
def auto_contrast(context: LayerContext) -> TfjsLayer:
    """Stretches the values of each image and channel to the whole range; in training too."""
    one_image(context)
    context.read.ignore("data_format")
    return context.companion("AutoContrast", {"range": _value_range(context)})


@rule(
    "ContrastLimitedAdaptiveHistogramEqualization",
    outcome=Outcome.COMPANION,
    support=Support(companion="always"),
)
def clahe(context: LayerContext) -> TfjsLayer:
    """Equalizes the histogram of each tile of an image; in training too."""
    one_image(context)
    read = context.read
    read.ignore("factor")
    arguments = {
        "range": list(read.take("value_range", [0, 255])),
        "clip_limit": read.number("clip_limit", 4.0),
        "tiles": read.integers("tile_grid_size", 2, 8),
        "channels_first": read.text("data_format", "channels_last") == "channels_first",
        "whole": any(fact.is_integer for call in context.calls for fact in call),
    }
    return context.companion("Clahe", arguments)
