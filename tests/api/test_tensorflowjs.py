"""The names of the ``tensorflowjs`` package: one line changes, and programs go on."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import tfjs_serve.tensorflowjs as tfjs
from tfjs_serve import TfjsServeError

from .conftest import SAMPLES


def test_a_model_is_saved_under_the_official_names(model: Any, tmp_path: Path) -> None:
    tfjs.converters.save_keras_model(model, str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "group1-shard1of1.bin"}


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (
            "save_keras_model",
            "model artifacts_dir quantization_dtype_map weight_shard_size_bytes metadata",
        ),
        (
            "load_keras_model",
            "config_json_path weights_path_prefix weights_data_buffers load_weights "
            "use_unique_name_scope",
        ),
        ("deserialize_keras_model", "config_json weight_data use_unique_name_scope"),
        ("convert", "arguments"),
    ],
)
def test_arguments_have_the_official_names_and_order(function: str, names: str) -> None:
    parameters = inspect.signature(getattr(tfjs.converters, function)).parameters.values()
    positional = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert positional == names.split()


@pytest.mark.parametrize(
    ("source", "told", "hint"),
    [
        ("saved_model", "is a SavedModel", r"save the Keras model as \.keras or \.h5"),
        ("model/keras_model.h5", "is no SavedModel but a Keras file", r"tfjs_serve\.convert"),
    ],
)
def test_a_saved_model_is_refused_with_what_to_do(source: str, told: str, hint: str) -> None:
    with pytest.raises(TfjsServeError, match=told) as caught:
        tfjs.converters.convert_tf_saved_model(source, "out", signature_def="x")
    assert hint.replace("\\", "") in caught.value.hint


def test_a_function_of_jax_is_refused() -> None:
    with pytest.raises(TfjsServeError, match="JAX"):
        tfjs.converters.convert_jax(print, {}, input_signatures=[], model_dir="out")


def test_a_command_line_is_run(tmp_path: Path) -> None:
    source, out = SAMPLES / "iris.h5", tmp_path / "out"
    tfjs.converters.convert([str(source), str(out)])
    assert json.loads((out / "model.json").read_text())["format"] == "layers-model"
    assert {path.name for path in out.iterdir()} == {"model.json", "group1-shard1of1.bin"}
    tfjs.converters.convert(["--input_format=keras", str(source), str(out)])
    tfjs.converters.convert([str(source), str(out), "--shard-names=digest"])
    assert len(list(out.glob("weights.*.bin"))) == 1
    with pytest.raises(TfjsServeError, match="nothing"):
        tfjs.converters.convert([str(tmp_path / "nothing.h5"), str(out)])


def test_dtypes_and_the_version_are_there() -> None:
    assert tfjs.quantization.QUANTIZATION_DTYPE_UINT8 == "uint8"
    assert tfjs.__version__ == tfjs.version.version
