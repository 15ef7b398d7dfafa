"""The lines of the official converter's users: what each flag makes loads, and has the values.

The lines are those of the guide of TensorFlow.js ("Importing a Keras model") and of the converter's
README, with the name of the command replaced.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from tests.samples import REFERENCES, SAMPLE_MODELS, arrays
from tfjs_serve import cli
from tfjs_serve.cli.group import command_line

from .folder_server import serving
from .harness import NodeTf, compare
from .test_forms import split

Convert = Callable[[str], Result]
Group = dict[str, Any]

RTOL = {"float32": 1e-5, "float16": 5e-3, "uint16": 5e-2, "uint8": 0.5}


@pytest.fixture
def convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Convert:
    """Convert in a folder with the samples, as somebody who is there."""
    shutil.copytree(SAMPLE_MODELS, tmp_path / "models")
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> Result:
        arguments = ["convert", *shlex.split(line), "--cache-dir", str(tmp_path / "cache")]
        return CliRunner().invoke(command_line, arguments)

    return run


def manifest(out: Path) -> list[Group]:
    groups: list[Group] = json.loads((out / "model.json").read_text())["weightsManifest"]
    for group in groups:
        assert all((out / path).is_file() for path in group["paths"])
    return groups


def stored(out: Path) -> dict[str, str]:
    """Return the dtype in which each weight is stored."""
    specs = [spec for group in manifest(out) for spec in group["weights"]]
    return {spec["name"]: spec.get("quantization", spec)["dtype"] for spec in specs}


def check(node_tf: NodeTf, out: Path, sample: str, dtype: str = "float32") -> None:
    """Load what was written into TensorFlow.js, and compare predictions with the trainer's."""
    reference = REFERENCES[sample]
    with serving(out) as url:
        prediction = node_tf.predict(f"{url}/model.json", arrays(reference["inputs"]))
    compare(arrays(reference["outputs"]), prediction.outputs, RTOL[dtype])


@pytest.mark.parametrize(
    ("line", "dtype"),
    [
        ("--input_format keras models/digits.h5 out", "float32"),
        ("--input_format=keras models/digits.h5 out", "float32"),
        ("--input_format=auto --output_format=tfjs_layers_model models/digits.h5 out", "float32"),
        ("--input-format=keras --output-format=tfjs-layers-model models/digits.h5 out", "float32"),
        ("--input_format=keras --quantize_uint8 models/digits.h5 out", "uint8"),
        ("--quantize_uint16 --input_format=keras models/digits.h5 out", "uint16"),
        ("--input_format=keras models/digits.h5 out --quantize_float16", "float16"),
        ("--input_format=keras --quantize_float16=* models/digits.h5 out", "float16"),
        ("--input_format=keras --quantization_bytes 1 models/digits.h5 out", "uint8"),
        ("--input_format=keras --skip_op_check --strip_debug_ops=True models/digits.h5 out", ""),
    ],
)
def test_a_keras_file_becomes_what_the_line_says(
    convert: Convert, node_tf: NodeTf, line: str, dtype: str
) -> None:
    assert convert(line).exit_code == 0
    assert set(stored(Path("out")).values()) == {dtype or "float32"}
    check(node_tf, Path("out"), "digits", dtype or "float32")


def test_weights_are_quantized_by_their_names(convert: Convert, node_tf: NodeTf) -> None:
    line = "--input_format=keras --quantize_uint8='*/kernel,none' --quantize_float16=*bias"
    result = convert(f"{line} models/digits.h5 out")
    assert result.exit_code == 0
    assert "No weight has a name like 'none'" in result.stdout
    found = stored(Path("out"))
    expected = {"kernel": "uint8", "bias": "float16"}
    for name, dtype in found.items():
        assert dtype == expected.get(name.rpartition("/")[2], "float32")
    check(node_tf, Path("out"), "digits", "uint8")
    with serving(Path()) as url:
        assert convert("models/digits.h5 plain").exit_code == 0
        exact = node_tf.weights(f"{url}/plain/model.json")
        decoded = node_tf.weights(f"{url}/out/model.json")
    assert list(decoded) == list(exact)
    for name, values in exact.items():
        step = np.ptp(values) / 255 if found[name] == "uint8" else np.abs(values).max() / 1024
        np.testing.assert_allclose(decoded[name], values, rtol=0, atol=step)


def test_two_dtypes_for_one_weight_and_for_all_are_refused(convert: Convert) -> None:
    result = convert("--quantize_uint8=*kernel --quantize_uint16=* models/digits.h5 out")
    assert result.exit_code == 1
    assert "uint8 and uint16 both match" in " ".join(result.stderr.split())
    result = convert("--quantize_uint8 --quantize_uint16 models/digits.h5 out")
    assert result.exit_code == 2
    assert "both for all weights" in result.stderr
    assert not Path("out").exists()


def test_weights_are_split_by_size_and_by_layer(convert: Convert, node_tf: NodeTf) -> None:
    by_size = convert("--input_format keras --weight_shard_size_bytes 10000 models/digits.h5 out")
    assert by_size.exit_code == 0
    (group,) = manifest(Path("out"))
    sizes = [(Path("out") / path).stat().st_size for path in group["paths"]]
    assert max(sizes) <= 10_000 < sum(sizes)
    check(node_tf, Path("out"), "digits")
    by_layer = convert("--input_format keras --split_weights_by_layer models/digits.h5 layers")
    assert by_layer.exit_code == 0
    layers = [
        {spec["name"].partition("/")[0] for spec in group["weights"]}
        for group in manifest(Path("layers"))
    ]
    assert all(len(names) == 1 for names in layers)
    assert len(layers) > 1
    check(node_tf, Path("layers"), "digits")


def test_official_names_are_those_that_scripts_look_for(convert: Convert, node_tf: NodeTf) -> None:
    line = "--input_format keras --weight_shard_size_bytes 30000 models/digits.h5 out"
    assert convert(f"{line} --shard-names official").exit_code == 0
    (group,) = manifest(Path("out"))
    count = len(group["paths"])
    names = [f"group1-shard{at}of{count}.bin" for at in range(1, count + 1)]
    assert count > 1
    assert group["paths"] == names
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(["model.json", *names])
    check(node_tf, Path("out"), "digits")
    line = "--input_format keras --split_weights_by_layer --shard-names=official"
    assert convert(f"{line} models/digits.h5 layers").exit_code == 0
    paths = [group["paths"] for group in manifest(Path("layers"))]
    assert paths[0] == ["group1-shard1of1.bin"]
    assert paths[1][0].startswith("group2-")
    check(node_tf, Path("layers"), "digits")


TFJS = "models/breast-cancer-tfjs/model.json"


@pytest.mark.parametrize(
    ("flags", "dtype"),
    [
        ("--weight_shard_size_bytes 100", "float32"),
        ("--quantize_uint16", "uint16"),
        ("--quantize_float16", "float16"),
    ],
)
def test_a_model_for_tensorflow_js_is_split_and_quantized_anew(
    convert: Convert, node_tf: NodeTf, flags: str, dtype: str
) -> None:
    formats = "--input_format tfjs_layers_model --output_format tfjs_layers_model"
    assert convert(f"{formats} {flags} {TFJS} out/").exit_code == 0
    assert set(stored(Path("out")).values()) == {dtype}
    (group,) = manifest(Path("out"))
    assert (len(group["paths"]) > 1) is ("shard" in flags)
    check(node_tf, Path("out"), "breast-cancer-tfjs", dtype)
    # What it became is split again, and is not rounded again.
    assert convert(f"{formats} --shard-names official out/model.json again").exit_code == 0
    assert stored(Path("again")) == stored(Path("out"))
    assert sorted(path.name for path in Path("again").iterdir()) == [
        "group1-shard1of1.bin",
        "model.json",
    ]
    check(node_tf, Path("again"), "breast-cancer-tfjs", dtype)


def test_weights_alone_become_a_manifest_that_tensorflow_js_reads(
    convert: Convert, node_tf: NodeTf
) -> None:
    split(Path("models/digits.h5").read_bytes(), Path("w.h5"), Path("models/a.json"))
    result = convert("--input_format keras w.h5 out")
    assert result.exit_code == 0
    assert "It holds weights only" in " ".join(result.stdout.split())
    assert json.loads(Path("out/model.json").read_text())["modelTopology"] is None
    assert convert("models/digits.h5 whole").exit_code == 0
    with serving(Path()) as url:
        alone = node_tf.weights_of_manifest(f"{url}/out/model.json")
        whole = node_tf.weights(f"{url}/whole/model.json")
    # As they are called in the file, where the name of the model comes first.
    assert set(alone) == {f"digits/{name}" for name in whole}
    for name, values in whole.items():
        np.testing.assert_array_equal(alone[f"digits/{name}"], values)
    topology = convert("w.h5 model --topology models/a.json")
    assert topology.exit_code == 0
    check(node_tf, Path("model"), "digits")


@pytest.mark.parametrize("source", [TFJS, "page", "small"])
@pytest.mark.parametrize(
    ("flags", "file"),
    [
        ("--input_format tfjs_layers_model --output_format keras", "m.h5"),
        ("--input_format=tfjs_layers_model", "m.h5"),
        ("--input_format tfjs_layers_model --output_format keras_keras", "m.keras"),
        ("", "m.keras"),
    ],
)
def test_the_way_back_leads_to_a_file_that_predicts_the_same(
    convert: Convert, node_tf: NodeTf, flags: str, file: str, source: str
) -> None:
    sample, dtype = ("breast-cancer-tfjs" if source == TFJS else "digits"), "float32"
    if source != TFJS:
        assert convert("models/digits.h5 page").exit_code == 0
    if source == "small":
        dtype = "float16"
        assert convert("--quantize_float16 page small --shard-names official").exit_code == 0
    result = convert(f"{flags} {source} {file}")
    assert result.exit_code == 0, result.output
    assert convert(f"{file} again").exit_code == 0
    check(node_tf, Path("again"), sample, dtype)


DOCUMENTED = [
    ("--input_format keras models/digits.h5 out", "digits"),
    ("--input_format=keras models/digits.h5 out", "digits"),
    (
        "--input_format tfjs_layers_model --output_format tfjs_layers_model "
        f"--weight_shard_size_bytes 10000 {TFJS} out/",
        "breast-cancer-tfjs",
    ),
    (
        "--input_format tfjs_layers_model --output_format tfjs_layers_model --quantize_uint16 "
        f"{TFJS} out/",
        "breast-cancer-tfjs",
    ),
]


@pytest.mark.parametrize(("line", "sample"), DOCUMENTED)
@pytest.mark.usefixtures("convert")
def test_the_second_command_stands_in_for_the_official_one(
    node_tf: NodeTf, monkeypatch: pytest.MonkeyPatch, line: str, sample: str
) -> None:
    Path("out").mkdir()
    Path("out/model.json").write_text("of before")
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("cache").absolute()))
    monkeypatch.setattr(sys, "argv", ["tfjs-serve-converter", *shlex.split(line)])
    with pytest.raises(SystemExit) as caught:
        cli.converter()
    assert caught.value.code in (0, None)
    count = len(list(Path("out").glob("*.bin")))
    assert {path.name for path in Path("out").iterdir()} == {
        "model.json",
        *(f"group1-shard{at}of{count}.bin" for at in range(1, count + 1)),
    }
    check(node_tf, Path("out"), sample, "uint16" if "uint16" in line else "float32")
