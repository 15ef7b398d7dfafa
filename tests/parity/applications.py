"""The networks of ``keras.applications``, with random weights."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from .cases.case import Keras, generator
from .cases.inputs import Array

CLASSES = 10
SMALLEST_SIZE = 32
SIZES: Mapping[str, int] = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75}
"""Smallest inputs that the networks accept, where it is not `SMALLEST_SIZE`."""
BATCH = 2
CALIBRATION_BATCH = 8
LEAST_VARIANCE = 0.5
"""Of a channel, relative to the mean of all channels."""


def names(keras: Keras) -> list[str]:
    """Return the names of all networks."""
    exported = vars(keras.applications).items()
    return sorted(name for name, value in exported if inspect.isfunction(value))


def application(keras: Keras, name: str, *, include_top: bool) -> Any:
    """Return a network for the smallest input that it accepts; its weights are always the same."""
    keras.utils.set_random_seed(int(generator(f"kernels of {name}").integers(2**31)))
    size = SIZES.get(name, SMALLEST_SIZE)
    make = getattr(keras.applications, name)
    # Without a softmax at the end, which hides what is wrong as soon as it saturates.
    top = {"classes": CLASSES, "classifier_activation": None}
    options = top if include_top else {"pooling": "avg"}
    shape = (size, size, 3)
    return make(weights=None, include_top=include_top, input_shape=shape, **options)


def images(case_id: str, model: Any) -> list[Array]:
    """Return pictures of noise, from 0 to 255 where the network itself rescales them."""
    return [_pictures(case_id, model, BATCH)]


def _pictures(case_id: str, model: Any, count: int) -> Array:
    _, *shape = model.inputs[0].shape
    rescales = any(type(layer).__name__ == "Rescaling" for layer in model.layers)
    low, high = (0, 255) if rescales else (-1, 1)
    return generator(case_id).uniform(low, high, (count, *shape)).astype("float32")


def calibrate(case_id: str, model: Any) -> None:
    """Give a deep network weights with which its signals neither die out nor overflow.

    Batch normalizations get the statistics of pictures, a little off, as training leaves them;
    parameters that start as zeros or ones get other values.
    """
    random = generator(f"weights of {case_id}")
    for variable in model.weights:
        if len(variable.shape) == 1:
            _disturb(random, variable)
    layers = [one for one in _all_layers(model) if type(one).__name__ == "BatchNormalization"]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    model(_pictures(case_id, model, CALIBRATION_BATCH), training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
        variance = np.asarray(layer.moving_variance)
        # Dividing by what is next to nothing would make noise of rounding.
        variance = np.maximum(variance, LEAST_VARIANCE * variance.mean())
        layer.moving_variance.assign(variance * random.uniform(0.8, 1.25, variance.shape))


def _disturb(random: np.random.Generator, variable: Any) -> None:
    name = getattr(variable, "path", variable.name)
    if "moving" in name or ("normalization" in name.split("/")[0] and "gamma" not in name):
        return
    value = np.asarray(variable)
    if not np.issubdtype(value.dtype, np.floating):
        return
    # The gammas of layer scales start at a millionth, with which a block adds nothing.
    start = np.where(np.abs(value) < 1e-3, 0.1, value)
    variable.assign((start * random.uniform(0.7, 1.3, value.shape)).astype("float32"))


def _all_layers(model: Any) -> list[Any]:
    parts = getattr(model, "layers", [])
    return [leaf for part in parts for leaf in (part, *_all_layers(part))]
