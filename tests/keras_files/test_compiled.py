"""Compile settings and the variables of optimizers are read as untrusted as the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tfjs_serve.errors import KerasFileError, UnsafeFileError
from tfjs_serve.keras_files import open_model
from tfjs_serve.keras_files.compiled import training_of_archive
from tfjs_serve.keras_files.limits import Budget

from .handmade import set_attribute, write_hdf5

SETTINGS: dict[str, Any] = {"loss": "mse", "optimizer_config": {"class_name": "SGD", "config": {}}}
_GROUP = "optimizer_weights"


def _with_settings(path: Path, text: str | None = None) -> Path:
    write_hdf5(path)
    with h5py.File(path, "a") as file:
        set_attribute(file, "training_config", text or json.dumps(SETTINGS), None)
        group = file.create_group(_GROUP)
        names = ["SGD/iter:0", "SGD/dense/m:0"]
        set_attribute(group, "weight_names", [name.encode() for name in names], None)
        group["SGD/iter:0"] = np.array(5, np.int64)
        group["SGD/dense/m:0"] = np.ones((2, 2), np.float32)
    return path


def test_settings_and_variables_are_read(tmp_path: Path) -> None:
    with open_model(_with_settings(tmp_path / "m.h5"), display_name="m.h5") as model:
        assert model.training is not None
        assert model.training.settings == SETTINGS
        found = [(ref.name, ref.shape, ref.dtype) for ref in model.training.read_optimizer()]
    assert found == [("SGD/iter:0", (), "int64"), ("SGD/dense/m:0", (2, 2), "float32")]


def test_a_file_without_settings_has_no_training(tmp_path: Path) -> None:
    with open_model(write_hdf5(tmp_path / "m.h5"), display_name="m.h5") as model:
        assert model.training is None


@pytest.mark.parametrize("settings", [None, {}])
def test_an_archive_that_was_never_compiled_has_no_training(settings: Any) -> None:
    budget = Budget(1, "m.keras")
    assert training_of_archive(settings, [], budget) is None


@pytest.mark.parametrize("text", ["{", "[]", "3", "[" * 10_000, "NaN"])
def test_settings_that_are_none_do_not_keep_a_model_from_being_read(
    tmp_path: Path, text: str
) -> None:
    with open_model(_with_settings(tmp_path / "m.h5", text), display_name="m.h5") as model:
        assert model.training is not None
        assert model.training.problem
        assert model.training.settings == {}


def test_damage_of_the_variables_is_met_only_by_who_reads_them(tmp_path: Path) -> None:
    path = _with_settings(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        del file[_GROUP]["SGD/dense/m:0"]
    with open_model(path, display_name="m.h5") as model:
        assert model.training is not None
        with pytest.raises(KerasFileError):
            model.training.read_optimizer()


def test_variables_in_other_files_are_not_followed(tmp_path: Path) -> None:
    path = _with_settings(tmp_path / "m.h5")
    with h5py.File(path, "a") as file:
        del file[_GROUP]
        file[_GROUP] = h5py.ExternalLink("other.h5", "/")
    with open_model(path, display_name="m.h5") as model:
        assert model.training is not None
        with pytest.raises(UnsafeFileError):
            model.training.read_optimizer()
