"""A folder whose weights are cut and quantized anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfjs_serve.errors import ConversionError, TfjsFolderError
from tfjs_serve.layers_model.tfjs_anew import rewrite_tfjs_folder
from tfjs_serve.layers_model.tfjs_source import open_tfjs_folder
from tfjs_serve.layers_model.tfjs_weights import numeric_weights, tfjs_weights
from tfjs_serve.settings import ConversionOptions, Variant

from .tfjs_decoding import decode_model, file_names, read_manifest

NAME = "net/model.json"
RANDOM = np.random.default_rng(3)
KERNEL = RANDOM.normal(size=(40, 30)).astype("<f4")
BIAS = RANDOM.normal(size=30).astype("<f4")
STEPS = RANDOM.integers(0, 255, 500).astype(np.uint8)
HALF = RANDOM.normal(size=77).astype("<f2")
COUNT = np.array([-3, 7, 2**31 - 1], "<i4")
FLAGS = np.array([1, 0, 1], np.uint8)
SCALE = {"dtype": "uint8", "min": -1.0, "scale": 0.0123, "original_dtype": "float32"}


def spec(name: str, values: np.ndarray, dtype: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": list(values.shape), "dtype": dtype, **more}


GROUPS = [
    [
        (spec("flags", FLAGS, "bool"), FLAGS),
        (spec("dense/kernel", KERNEL, "float32"), KERNEL),
        (spec("dense/bias", BIAS, "float32"), BIAS),
    ],
    [
        (spec("small/kernel", STEPS, "float32", quantization=SCALE), STEPS),
        (spec("small/half", HALF, "float32", quantization={"dtype": "float16"}), HALF),
        (spec("count", COUNT, "int32"), COUNT),
        (spec("iter", BIAS, "float32", group="optimizer"), BIAS),
    ],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the official converter writes it, cut in the middle of numbers."""
    folder = tmp_path / "net"
    folder.mkdir()
    manifest = []
    for at, group in enumerate(GROUPS, start=1):
        data = b"".join(values.tobytes() for _, values in group)
        pieces = [data[start : start + 999] for start in range(0, len(data), 999)]
        paths = [f"group{at}-shard{n}of{len(pieces)}.bin" for n in range(1, len(pieces) + 1)]
        for path, piece in zip(paths, pieces, strict=True):
            (folder / path).write_bytes(piece)
        manifest.append({"paths": paths, "weights": [entry for entry, _ in group]})
    document = {
        "format": "layers-model",
        "modelTopology": {"model_config": {}},
        "weightsManifest": manifest,
        "userDefinedMetadata": {"kept": 1},
    }
    (folder / "model.json").write_text(json.dumps(document))
    return folder


@pytest.fixture
def output(tmp_path: Path) -> Path:
    path = tmp_path / "output"
    path.mkdir()
    return path


def run(folder: Path, output: Path, **options: Any) -> tuple[str, ...]:
    progress: list[tuple[int, int]] = []
    files, notes = rewrite_tfjs_folder(
        folder,
        NAME,
        output,
        ConversionOptions(anew=True, **options),
        lambda *done: progress.append(done),
    )
    assert sorted(file.name for file in files) == file_names(output)
    assert 0 < progress[-1][0] <= progress[-1][1]  # less if a weight turns out not to be quantized
    return notes


def dtypes(output: Path) -> dict[str, str]:
    weights = [weight for group in read_manifest(output) for weight in group["weights"]]
    return {one["name"]: one.get("quantization", one)["dtype"] for one in weights}


def test_weights_are_cut_anew_and_stay_as_they_are(folder: Path, output: Path) -> None:
    run(folder, output, shard_size_bytes=2000)
    before, after = decode_model(folder), decode_model(output)
    assert dtypes(output) == dtypes(folder)
    (group,) = read_manifest(output)
    assert [len((output / path).read_bytes()) for path in group["paths"]] == [3, 2000, 2000, 1706]
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)
    document = json.loads((output / "model.json").read_text())
    assert document["userDefinedMetadata"] == {"kept": 1}


def test_weights_are_quantized_anew_unless_they_are_so(folder: Path, output: Path) -> None:
    run(folder, output, variant=Variant.UINT8)
    before, after = decode_model(folder), decode_model(output)
    assert dtypes(output) == {
        "flags": "bool",
        "dense/kernel": "uint8",
        "dense/bias": "uint8",
        "small/kernel": "uint8",
        "small/half": "uint8",
        "count": "int32",
        "iter": "float32",
    }
    for name in ("flags", "small/kernel", "count", "iter"):
        np.testing.assert_array_equal(after[name], before[name])
    for name in ("dense/kernel", "dense/bias", "small/half"):
        step = np.ptp(before[name].astype(np.float64)) / 255
        np.testing.assert_allclose(after[name], before[name], rtol=0, atol=step * 0.51)


def test_names_decide_also_here(folder: Path, output: Path) -> None:
    by_name = ((Variant.FLOAT16, ("small/*", "none")),)
    (note,) = run(folder, output, by_name=by_name, by_layer=True)
    assert "'none'" in note
    assert dtypes(output)["small/kernel"] == "float16"
    assert dtypes(output)["dense/kernel"] == "float32"
    groups = [[one["name"] for one in group["weights"]] for group in read_manifest(output)]
    assert groups == [
        ["flags"],
        ["dense/kernel", "dense/bias"],
        ["small/kernel", "small/half"],
        ["count"],
        ["iter"],
    ]
    # As TensorFlow.js computes it: in double precision, then rounded to float32.
    values = (STEPS * SCALE["scale"] + SCALE["min"]).astype(np.float32)
    np.testing.assert_array_equal(
        decode_model(output)["small/kernel"], values.astype(np.float16).astype(np.float32)
    )


def test_metadata_is_added(folder: Path, output: Path) -> None:
    run(folder, output, metadata=(("labels", '["a"]'),))
    document = json.loads((output / "model.json").read_text())
    assert document["userDefinedMetadata"] == {"kept": 1, "labels": ["a"]}


def change(folder: Path, **entry: Any) -> None:
    document = json.loads((folder / "model.json").read_text())
    document["weightsManifest"][1]["weights"][0] |= entry
    (folder / "model.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    "quantization",
    [
        {"dtype": "uint8"},
        {"dtype": "uint8", "min": "0", "scale": 1},
        {"dtype": "uint8", "min": 0, "scale": True},
        {"dtype": "bool", "min": 0, "scale": 1},
    ],
)
def test_an_unknown_quantization_is_refused(
    folder: Path, output: Path, quantization: object
) -> None:
    change(folder, quantization=quantization)
    with pytest.raises(TfjsFolderError, match="'small/kernel', with a quantization"):
        run(folder, output)
    assert file_names(output) == []


def test_texts_can_only_be_copied(folder: Path, output: Path) -> None:
    change(folder, dtype="string", quantization={"dtype": "string"})
    with pytest.raises(TfjsFolderError, match="can only be copied"):
        run(folder, output)


def test_complex_numbers_are_kept_and_are_no_numbers_of_keras(folder: Path, output: Path) -> None:
    change(folder, dtype="complex64", shape=[62], quantization={"dtype": "complex64"})
    document = json.loads((folder / "model.json").read_text())
    weight = document["weightsManifest"][1]["weights"][0]
    del weight["quantization"]
    (folder / "model.json").write_text(json.dumps(document))
    last = folder / document["weightsManifest"][1]["paths"][-1]
    last.write_bytes(last.read_bytes()[:-4])  # 62 complex numbers instead of 500 bytes
    run(folder, output, variant=Variant.UINT8)
    assert dtypes(output)["small/kernel"] == "complex64"
    with pytest.raises(TfjsFolderError, match="'small/kernel', of complex64"):
        numeric_weights(open_tfjs_folder(folder, NAME))


def test_two_ways_for_one_weight_are_refused(folder: Path, output: Path) -> None:
    by_name = ((Variant.UINT8, ("count",)), (Variant.FLOAT16, ("c*",)))
    with pytest.raises(ConversionError):
        run(folder, output, by_name=by_name)


def test_quantized_whole_numbers_are_rounded_as_javascript_does(folder: Path, output: Path) -> None:
    change(folder, dtype="int32", quantization={"dtype": "uint8", "min": -2, "scale": 0.5})
    weights = {one.name: one for one in tfjs_weights(open_tfjs_folder(folder, NAME))}
    values = np.concatenate(list(weights["small/kernel"].blocks(100)))
    assert values.dtype == np.int32
    assert values.tolist() == np.floor(STEPS * 0.5 - 2 + 0.5).tolist()


def test_of_two_weights_of_one_name_each_has_its_own_bytes(folder: Path, output: Path) -> None:
    document = json.loads((folder / "model.json").read_text())
    document["weightsManifest"][1]["weights"][2]["name"] = "dense/bias"
    (folder / "model.json").write_text(json.dumps(document))
    run(folder, output, variant=Variant.UINT8)
    (group,) = read_manifest(output)
    found = [one for one in group["weights"] if one["name"] == "dense/bias"]
    assert [(one["dtype"], one["shape"]) for one in found] == [("float32", [30]), ("int32", [3])]
    decode_model(output)


@pytest.mark.filterwarnings("error")
def test_a_scale_beyond_all_numbers_stays_as_it_is(folder: Path, output: Path) -> None:
    change(folder, quantization={"dtype": "uint8", "min": 0, "scale": 1e308})
    run(folder, output, by_name=((Variant.FLOAT16, ("small/kernel",)),))
    assert dtypes(output)["small/kernel"] == "uint8"
