"""From a Keras model to the page and back, as the tests of the way back take it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from tfjs_serve.settings import ConversionOptions, KerasForm, Variant
from tfjs_serve.worker.protocol import ConversionReport

from .cases import KERAS3, Case, cases_of
from .cases.case import outputs_of
from .converted import convert_into
from .harness import compare
from .node import Array

FORMS = tuple(KerasForm)


def one_of_each_layer() -> list[Case]:
    """Return the first case of each layer in the tables."""
    first: dict[str, Case] = {}
    for case in cases_of(KERAS3):
        head = case.id.partition("-")[0].partition(".")[0]
        if head[:1].isupper():
            first.setdefault(head, case)
    return list(first.values())


def to_page(source: Path, folder: Path, variant: Variant = Variant.FULL) -> Path:
    """Convert a Keras file into a new folder, which is returned."""
    folder.mkdir()
    convert_into(folder, source, options=ConversionOptions(variant=variant))
    return folder


def back(folder: Path, out: Path, form: KerasForm) -> tuple[Path, ConversionReport]:
    """Convert a page's model into a file for Keras in a new folder."""
    out.mkdir()
    report = convert_into(out, folder, options=ConversionOptions(keras_form=form))
    return out / f"model.{form.value}", report


def loaded(path: Path) -> Any:
    """Load a file with Keras 3, counting the names of layers from the beginning."""
    keras.backend.clear_session(free_memory=False)
    with np.errstate(all="ignore"):
        return keras.models.load_model(path)


def assert_predicts(
    path: Path, inputs: Sequence[Array], expected: Sequence[Array], rtol: float = 1e-5
) -> Any:
    """Load a file, compare what it predicts, and return the model."""
    model = loaded(path)
    compare(expected, [np.asarray(one) for one in outputs_of(model, list(inputs))], rtol)
    return model


def saved_settings(path: Path) -> dict[str, Any]:
    """Return the compile settings in a file, with the optimizer under one name."""
    if path.suffix == ".keras":
        config = json.loads(zipfile.ZipFile(path).read("config.json"))["compile_config"]
        return {**config, "optimizer": config["optimizer"]}
    with h5py.File(path, "r") as file:
        settings = json.loads(file.attrs["training_config"])
    return {**settings, "optimizer": settings.pop("optimizer_config")}
