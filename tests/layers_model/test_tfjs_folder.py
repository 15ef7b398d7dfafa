from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfjs_serve.errors import TfjsFolderError
from tfjs_serve.layers_model import tfjs_source
from tfjs_serve.layers_model.model import WrittenFile
from tfjs_serve.layers_model.tfjs_folder import import_tfjs_folder

from .tfjs_decoding import decode_model, file_names, joined_shards, read_manifest

WEIGHTS = [
    {"name": "a/kernel", "shape": [3, 2], "dtype": "float32"},
    {"name": "a/bias", "shape": [2], "dtype": "int32"},
    {"name": "a/mask", "shape": [3], "dtype": "bool"},
    {
        "name": "b/kernel",
        "shape": [5],
        "dtype": "float32",
        "quantization": {"dtype": "uint8", "min": -1.0, "scale": 0.5, "original_dtype": "float32"},
    },
]
DATA = np.arange(6, dtype="<f4").tobytes() + np.array([1, 2], "<i4").tobytes() + b"\1\0\1abcde"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "converted"
    path.mkdir()
    return path


NAME = "nets/net/model.json"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    path = tmp_path / "output"
    path.mkdir()
    return path


def manifest(*paths: str, weights: Any = WEIGHTS) -> list[dict[str, Any]]:
    return [{"paths": list(paths), "weights": weights}]


def save(folder: Path, weights_manifest: Any, files: dict[str, bytes], **parts: Any) -> None:
    document = {"format": "layers-model", "modelTopology": {"a": [1.5, "ü"]}, **parts}
    document["weightsManifest"] = weights_manifest
    (folder / "model.json").write_text(json.dumps(document))
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)


def run(folder: Path, output: Path) -> tuple[WrittenFile, ...]:
    written = import_tfjs_folder(folder, NAME, output, lambda done, total: None)
    assert sorted(file.name for file in written) == file_names(output)
    return written


def refused(folder: Path, output: Path) -> TfjsFolderError:
    with pytest.raises(TfjsFolderError) as caught:
        run(folder, output)
    assert NAME.removesuffix("model.json") in caught.value.message
    assert str(folder) not in caught.value.message
    assert caught.value.hint
    assert not (output / "model.json").exists()
    return caught.value


def test_shards_get_digest_names_and_nothing_else_changes(folder: Path, output: Path) -> None:
    files = {"group1-shard1of2.bin": DATA[:20], "group1-shard2of2.bin": DATA[20:]}
    extra = {"userDefinedMetadata": {"x": None}, "signature": {}, "unknown": [1e-7, 2**60]}
    save(folder, manifest(*files), files, **extra)
    run(folder, output)
    before = json.loads((folder / "model.json").read_text())
    after = json.loads((output / "model.json").read_text())
    names = after["weightsManifest"][0].pop("paths")
    before["weightsManifest"][0].pop("paths")
    assert after == before
    assert list(after) == list(before)
    assert all(name.startswith("weights.") and len(name) == 8 + 32 + 4 for name in names)
    assert [(output / name).read_bytes() for name in names] == [DATA[:20], DATA[20:]]
    assert decode_model(output)["b/kernel"].tolist() == [47.5, 48.0, 48.5, 49.0, 49.5]


def originals(written: tuple[WrittenFile, ...]) -> dict[str, str]:
    return {name: file.name for file in written for name in file.originals}


def test_weights_in_one_file_keep_its_name_at_the_end_of_their_path(
    folder: Path, output: Path
) -> None:
    save(folder, manifest("./model.weights.bin"), {"model.weights.bin": DATA})
    written = run(folder, output)
    (path,) = read_manifest(output)[0]["paths"]
    shard = path.removesuffix("/model.weights.bin") + ".bin"
    assert originals(written) == {"model.weights.bin": shard}
    assert (output / shard).read_bytes() == DATA


def test_weights_that_were_exported_so_keep_their_name_again(folder: Path, output: Path) -> None:
    path = f"weights.{'0' * 32}/weights.bin"
    save(folder, manifest(path), {path: DATA})
    assert list(originals(run(folder, output))) == ["weights.bin"]
    assert read_manifest(output)[0]["paths"][0].endswith("/weights.bin")


def test_weights_in_several_files_have_names_too_unless_two_have_the_same(
    folder: Path, output: Path
) -> None:
    weights = [{"name": "w", "shape": [6], "dtype": "float32"}]
    named = f"weights.{'0' * 32}/b.bin"
    files = {"a.bin": b"\0" * 8, "b.bin": b"\1" * 8, named: b"\0" * 8}
    save(folder, manifest(*files, weights=weights), files)
    written = run(folder, output)
    first, _, third = read_manifest(output)[0]["paths"]
    assert first == third
    assert originals(written) == {"a.bin": first}
    assert joined_shards(output) == b"".join(files.values())


@pytest.mark.parametrize("path", ["sub/w.bin", "w.html", ".w.bin", "w", "w.bin.", "ü.bin"])
def test_weights_under_other_names_cannot_be_asked_for_by_them(
    folder: Path, output: Path, path: str
) -> None:
    save(folder, manifest(path), {path: DATA})
    assert originals(run(folder, output)) == {}
    assert "/" not in read_manifest(output)[0]["paths"][0]


def test_metadata_is_added_to_what_the_folder_has(folder: Path, output: Path) -> None:
    save(folder, [], {}, userDefinedMetadata={"a": 1, "b": 2})
    import_tfjs_folder(folder, NAME, output, lambda done, total: None, {"b": [3]})
    document = json.loads((output / "model.json").read_text())
    assert document["userDefinedMetadata"] == {"a": 1, "b": [3]}


def test_metadata_cannot_be_added_to_what_is_no_object(folder: Path, output: Path) -> None:
    save(folder, [], {}, userDefinedMetadata=[1])
    with pytest.raises(TfjsFolderError, match="userDefinedMetadata"):
        import_tfjs_folder(folder, NAME, output, lambda done, total: None, {"b": [3]})


def test_a_graph_model_with_strings_is_accepted(folder: Path, output: Path) -> None:
    strings = b"".join(struct.pack("<I", len(text)) + text for text in (b"cat", b"", b"mouse"))
    weights = [{"name": "labels", "shape": [3], "dtype": "string"}]
    save(folder, manifest("g.bin", weights=weights), {"g.bin": strings}, format="graph-model")
    run(folder, output)
    assert joined_shards(output) == strings
    assert json.loads((output / "model.json").read_text())["format"] == "graph-model"


@pytest.mark.parametrize("path", ["./w.bin", "sub/w.bin", "sub//./w.bin", "ü w.bin"])
def test_paths_inside_the_folder_are_found(folder: Path, output: Path, path: str) -> None:
    save(folder, manifest(path), {path: DATA})
    run(folder, output)
    assert joined_shards(output) == DATA


def test_equal_shards_are_copied_once(folder: Path, output: Path) -> None:
    weights = [{"name": "w", "shape": [4], "dtype": "float32"}]
    save(folder, manifest("a", "b", weights=weights), {"a": b"\0" * 8, "b": b"\0" * 8})
    assert len(run(folder, output)) == 1 + 3
    assert joined_shards(output) == b"\0" * 16


@pytest.mark.parametrize("weights_manifest", [None, [], [{"paths": [], "weights": []}]])
def test_a_model_without_weights_is_accepted(
    folder: Path, output: Path, weights_manifest: Any
) -> None:
    save(folder, weights_manifest, {})
    run(folder, output)
    assert json.loads((output / "model.json").read_text())["weightsManifest"] == weights_manifest


def test_a_layout_that_tfjs_misreads_gets_an_empty_last_shard(folder: Path, output: Path) -> None:
    weights = [{"name": name, "shape": [2], "dtype": "float32"} for name in "ab"]
    groups = manifest("1", weights=[{"name": "s", "shape": [1], "dtype": "float32"}])
    groups += manifest("2", weights=weights)
    save(folder, groups, {"1": b"1234", "2": b"5" * 16})
    run(folder, output)
    paths = [path for group in read_manifest(output) for path in group["paths"]]
    assert [(output / path).stat().st_size for path in paths] == [4, 16, 0]
    assert joined_shards(output) == b"1234" + b"5" * 16


def test_progress_counts_bytes(folder: Path, output: Path) -> None:
    save(folder, manifest("1", "2"), {"1": DATA[:30], "2": DATA[30:]})
    calls: list[tuple[int, int]] = []
    import_tfjs_folder(folder, NAME, output, lambda *call: calls.append(call))
    assert calls == [(30, len(DATA)), (len(DATA), len(DATA))]


@pytest.mark.parametrize(
    "path",
    [
        *("../w.bin", "sub/../../w.bin", "/etc/passwd", "//host/w.bin", "..\\w.bin", "C:w.bin"),
        *("https://example.com/w.bin", "w\0.bin", "\ud800.bin", "missing.bin", "sub", "", "."),
        "x" * 5000,
    ],
)
def test_paths_that_lead_nowhere_or_outside_are_refused(
    folder: Path, output: Path, path: str
) -> None:
    (folder.parent / "w.bin").write_bytes(DATA)
    (folder / "sub").mkdir()
    save(folder, manifest(path), {})
    refused(folder, output)
    assert file_names(output) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_out_of_the_folder_are_refused_and_others_followed(
    folder: Path, output: Path
) -> None:
    (folder.parent / "secret").write_bytes(DATA)
    save(folder, manifest("w.bin"), {"real.bin": DATA})
    (folder / "w.bin").symlink_to(folder.parent / "secret")
    assert "link out of its folder" in refused(folder, output).message
    (folder / "w.bin").unlink()
    (folder / "w.bin").symlink_to("real.bin")
    run(folder, output)
    assert joined_shards(output) == DATA
    assert not any(path.is_symlink() for path in output.iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_in_place_of_weights_does_not_block(folder: Path, output: Path) -> None:
    save(folder, manifest("w.bin"), {})
    os.mkfifo(folder / "w.bin")
    assert "is not a file" in refused(folder, output).message


def test_a_file_that_is_named_again_is_refused(folder: Path, output: Path) -> None:
    weights = [{"name": "w", "shape": [2], "dtype": "float32"}]
    save(folder, manifest("a", "./a", weights=weights), {"a": b"1234"})
    assert "names the weights file 'a' 2 times" in refused(folder, output).message
    assert file_names(output) == []


def test_files_without_number_are_refused(
    folder: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tfjs_source, "MOST_SHARDS", 1)
    save(folder, manifest("1", "2"), {"1": DATA[:30], "2": DATA[30:]})
    assert "names 2 weights files" in refused(folder, output).message


@pytest.mark.parametrize("data", [DATA[:-1], DATA + b"x", b""])
def test_weights_of_another_size_are_refused(folder: Path, output: Path, data: bytes) -> None:
    save(folder, manifest("w.bin"), {"w.bin": data})
    assert f"needs {len(DATA)} bytes" in refused(folder, output).message
    assert file_names(output) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not valid JSON"),
        ("<!doctype html>", "not valid JSON"),
        ('{"modelTopology": {"x": NaN}}', "holds NaN"),
        ('{"modelTopology": {"x": 1e999}}', "not valid JSON"),
        ("[" * 100_000, "nested deeper"),
        ('{"modelTopology": ' + "[" * 250 + "]" * 250 + "}", "nested deeper"),
        ('{"modelTopology": {"x": ' + "9" * 5000 + "}}", "an integer of 5000 digits"),
        ("[" + "0," * 4_000_000 + "0]", "more than 4000000 values"),
        ("\xff", "not valid JSON"),
        ("[]", "no modelTopology"),
        ('{"name": "a-package", "version": "1.0"}', "no modelTopology"),
        ('{"modelTopology": {}, "weightsManifest": {}}', "not a list"),
        ('{"modelTopology": {}, "weightsManifest": [1]}', "not an object"),
        ('{"modelTopology": {}, "weightsManifest": [{"weights": []}]}', "no list of paths"),
        ('{"modelTopology": {}, "weightsManifest": [{"paths": [1], "weights": []}]}', "paths"),
        ('{"modelTopology": {}, "weightsManifest": [{"paths": []}]}', "no list of weights"),
    ],
)
def test_a_model_json_that_is_none_is_refused(
    folder: Path, output: Path, text: str, reason: str
) -> None:
    (folder / "model.json").write_bytes(text.encode("latin-1"))
    assert reason in refused(folder, output).message


@pytest.mark.parametrize(
    "weight",
    [
        1,
        {"shape": [1], "dtype": "float32"},
        {"name": "w", "dtype": "float32"},
        {"name": "w", "shape": [-1], "dtype": "float32"},
        {"name": "w", "shape": [1.5], "dtype": "float32"},
        {"name": "w", "shape": [True], "dtype": "float32"},
        {"name": "w", "shape": [2**60] * 100_000, "dtype": "float32"},
        {"name": "w" * 100_000, "shape": [1], "dtype": "no"},
        {"name": "w", "shape": [1], "dtype": "float64"},
        {"name": "w", "shape": [1], "dtype": ["float32"]},
        {"name": "w", "shape": [1]},
        {"name": "w", "shape": [1], "dtype": "float32", "quantization": None},
        {"name": "w", "shape": [1], "dtype": "float32", "quantization": {"dtype": "int4"}},
    ],
)
def test_a_weight_that_tfjs_does_not_understand_is_refused(
    folder: Path, output: Path, weight: Any
) -> None:
    save(folder, manifest("w.bin", weights=[weight]), {"w.bin": b"1234"})
    error = refused(folder, output)
    assert "cannot be used" in error.message
    assert len(error.message) < 1000


def test_a_folder_without_model_json_is_refused(folder: Path, output: Path) -> None:
    assert "model.json" in refused(folder, output).message


def test_a_shard_that_shrinks_meanwhile_is_refused(
    folder: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(folder, manifest("1", "2"), {"1": DATA[:30], "2": DATA[30:]})

    def shrink(done: int, total: int) -> None:
        os.truncate(folder / "2", 3)

    with pytest.raises(TfjsFolderError, match="changed while it was read"):
        import_tfjs_folder(folder, NAME, output, shrink)
    assert not (output / "model.json").exists()
    assert not (output / "shard.partial").exists()
