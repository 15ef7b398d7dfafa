"""Reads compile settings as files have them, for a model with given outputs."""

from __future__ import annotations

from typing import Any

from tfjs_serve.conversion.training.model import CompileSettings, Output, Writer
from tfjs_serve.conversion.training.plain import PlainTraining, plain_training
from tfjs_serve.conversion.training.settings import read_settings
from tfjs_serve.keras_files import SavedTraining

KERAS3 = Writer(generation=3, version="3.15.1")
TF_KERAS = Writer(generation=2, version="2.21.0")
KERAS2 = Writer(generation=2, version="2.2.5")
KERAS1 = Writer(generation=1, version="1.2.2")
DIALECTS = {"keras3": KERAS3, "tf_keras": TF_KERAS, "keras2": KERAS2, "keras1": KERAS1}
SGD = {"class_name": "SGD", "config": {"learning_rate": 0.5}}


def output(name: str = "out", units: int = 3, *, keys: tuple[str, ...] = ()) -> Output:
    return Output(name=name, tfjs_name=f"tfjs_{name}", keys=keys, shape=(None, units))


def read(
    *outputs: Output, writer: Writer = KERAS3, optimizer: Any = SGD, **settings: Any
) -> CompileSettings:
    """Return settings of one output, unless others are given; ``mse`` is the loss if none is."""
    saved = {"loss": "mse", "optimizer_config": optimizer, **settings}
    return read_settings(SavedTraining(settings=saved), outputs or (output(),), writer)


def plain(*outputs: Output, writer: Writer = KERAS3, **settings: Any) -> PlainTraining:
    return plain_training(read(*outputs, writer=writer, **settings))
