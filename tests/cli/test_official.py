"""The command line of the official converter: which of its lines are taken, and what is said."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.keras_forms import architecture, write_json, write_weights
from tfjs_serve import __version__, cli
from tfjs_serve.catalog.model import CatalogEntry, EntryKind
from tfjs_serve.cli.formats import check_kind, keras_ending
from tfjs_serve.cli.options import split_metadata
from tfjs_serve.errors import SettingsError
from tfjs_serve.exporting.keras_file import ExportedKeras

from .conftest import SAMPLES, Invoke

IRIS, DIGITS = SAMPLES / "iris.h5", SAMPLES / "digits.h5"


@pytest.fixture
def convert(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Convert in an empty folder."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return lambda *arguments: invoke("convert", *arguments, "--cache-dir", tmp_path / "cache")


def names(folder: str | Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*")}


def shard_dtypes(out: str) -> set[str]:
    (group,) = json.loads(Path(out, "model.json").read_text())["weightsManifest"]
    return {spec.get("quantization", spec)["dtype"] for spec in group["weights"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input_format=tf_saved_model"], "only TensorFlow can read a SavedModel"),
        (["--input-format", "tf_frozen_model"], "a frozen graph of TensorFlow"),
        (["--input_format=tf_hub"], "a module of TF Hub"),
        (["--output_format=tfjs_graph_model"], "a graph model is made by TensorFlow"),
        (["--output-format=keras-saved-model"], "a SavedModel is written by TensorFlow"),
        (["--input_format=tfjs_layers_model"], "is a Keras model, not one for TensorFlow.js"),
        (["--output_format=keras"], "is not the name of a file of the format keras"),
        (["--signature_name=serving_default"], "is for graphs of TensorFlow"),
        (["--control_flow_v2=True"], "is for graphs of TensorFlow"),
        (["--input_format=onnx"], "'onnx' is not one of"),
        (["--weight_shard_size_bytes=0"], "less than one byte"),
        (["--quantize_uint8", "--quantize_float16"], "both for all weights"),
        (["--quantize", "uint8", "--quantize_uint16"], "both for all weights"),
        (["--quantization_bytes=1", "--quantize_uint8"], "not both"),
        (["--quantize_uint8=*bias", "--training"], "weights as they are"),
        (["--quantize_uint=*bias"], "No such option '--quantize-uint'"),
        (["--shard=1MiB"], "No such option '--shard'"),
    ],
)
def test_what_makes_no_sense_here_is_said_with_a_way_out(
    convert: Invoke, arguments: list[str], said: str
) -> None:
    result = convert(IRIS, "out", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert names(".") == set()


@pytest.mark.parametrize(
    ("paths", "url"),
    [
        (["https://tfhub.dev/a/b", "out"], "https://tfhub.dev/a/b"),
        (["--input_format=tf_hub", "https://tfhub.dev/a/b", "out"], "https://tfhub.dev/a/b"),
        ([str(IRIS), "gs://bucket/iris"], "gs://bucket/iris"),
    ],
)
def test_urls_are_called_so(convert: Invoke, paths: list[str], url: str) -> None:
    result = convert(*paths)
    assert result.exit_code == 2
    assert f"{url} is a URL" in " ".join(result.stderr.split())
    assert names(".") == set()


@pytest.mark.parametrize(
    ("arguments", "dtypes"),
    [
        (["--quantize_float"], {"float16"}),
        (["--quantize_f", "*kernel", "--input_f", "keras"], {"float16", "float32"}),
        (["--quantization=1", "--output_form", "tfjs_layers_model"], {"uint8"}),
        (["--weight=100", "--split", "--skip"], {"float32"}),
    ],
)
def test_flags_may_be_shortened(convert: Invoke, arguments: list[str], dtypes: set[str]) -> None:
    result = convert(*arguments, IRIS, "out")
    assert result.exit_code == 0, result.stderr
    groups = json.loads(Path("out", "model.json").read_text())["weightsManifest"]
    specs = [spec for group in groups for spec in group["weights"]]
    assert {spec.get("quantization", spec)["dtype"] for spec in specs} == dtypes
    assert len(groups) == (3 if "--split" in arguments else 1)  # one for each layer with weights


def test_shortened_flags_are_those_of_the_official_converter(convert: Invoke) -> None:
    """A folder that is not empty is overwritten, as by the whole flag."""
    Path("out").mkdir()
    Path("out", "model.json").write_text("{}")
    assert convert("--input_f=keras", IRIS, "out").exit_code == 0
    assert convert("--ver").stdout.startswith(f"\ntfjs-serve {__version__}\n")


def test_what_was_written_into_the_folder_itself_is_not_converted_again(convert: Invoke) -> None:
    Path("models").mkdir()
    shutil.copy(IRIS, "models")
    shutil.copy(DIGITS, "models")
    for _ in range(2):
        assert convert("--force", "models", "models/web").exit_code == 0
        found = {name for name in names("models/web") if name.endswith("model.json")}
        assert found == {"iris/model.json", "digits/model.json"}


def test_a_saved_model_is_called_by_its_name(convert: Invoke) -> None:
    folder = Path("saved")
    folder.mkdir()
    for name in ("saved_model.pb", "keras_metadata.pb"):
        (folder / name).write_bytes(b"")
    for name in ("auto", "keras_saved_model", "tf_saved_model", "keras"):
        result = convert("--input_format", name, folder, "out")
        assert result.exit_code == 1
        said = " ".join(result.stderr.split())
        assert "'saved/' is a TensorFlow SavedModel" in said
        assert "tf_keras.models.load_model('saved').save('saved.h5')" in said


def entry(kind: EntryKind) -> CatalogEntry:
    return CatalogEntry(name="m", exact_name="m", path=Path("m"), kind=kind, stamps=())


@pytest.mark.parametrize(
    ("name", "kind", "is_right"),
    [
        *((name, EntryKind.HDF5, True) for name in ("auto", "keras", "keras_keras")),
        ("keras_saved_model", EntryKind.KERAS_ZIP, True),
        ("keras", EntryKind.TFJS_LAYERS, False),
        ("tfjs_layers_model", EntryKind.TFJS_LAYERS, True),
        ("tfjs_layers_model", EntryKind.TFJS_GRAPH, False),
        ("tfjs_layers_model", EntryKind.KERAS_FOLDER, False),
        ("auto", EntryKind.TFJS_GRAPH, True),
    ],
)
def test_a_format_that_says_what_is_so_is_taken(name: str, kind: EntryKind, is_right: bool) -> None:
    if is_right:
        check_kind(name, entry(kind))
    else:
        with pytest.raises(SettingsError) as caught:
            check_kind(name, entry(kind))
        assert caught.value.hint == "leave out --input-format"


@pytest.mark.parametrize(
    ("output_format", "out", "several", "ending"),
    [
        (None, "out", False, ""),
        (None, "out/", True, ""),
        (None, "m.h5", False, ".h5"),
        (None, "m.KERAS", False, ".KERAS"),
        ("tfjs_layers_model", "m.h5", False, ""),
        ("keras", "m.hdf5", False, ".hdf5"),
        ("keras", "m.keras", False, ".keras"),
        ("keras_keras", "m.keras", False, ".keras"),
        ("keras", "out", True, ".h5"),
        ("keras_keras", "out", True, ".keras"),
        ("keras_keras", "m.h5", False, None),
        ("keras", "m", False, None),
        (None, "m.h5", True, None),
    ],
)
def test_what_is_written_follows_from_the_format_and_the_name(
    output_format: str | None, out: str, several: bool, ending: str | None
) -> None:
    if ending is None:
        with pytest.raises(SettingsError):
            keras_ending(output_format, Path(out), several=several)
    else:
        assert keras_ending(output_format, Path(out), several=several) == ending


def test_options_for_weights_are_refused_for_keras_files(convert: Invoke) -> None:
    for option in ("--quantize_uint8", "--weight_shard_size_bytes=100", "--shard-names=official"):
        result = convert(option, SAMPLES / "breast-cancer-tfjs", "m.h5")
        assert result.exit_code == 2
        assert "leave out the options for weights" in " ".join(result.stderr.split())


def test_versions_are_printed_without_paths(convert: Invoke) -> None:
    for option in ("--version", "-v"):
        result = convert(option)
        assert result.exit_code == 0
        assert result.stdout.startswith(f"\ntfjs-serve {__version__}\n\nDependency versions:\n")
        assert "\n  h5py " in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--quantize_uint8", IRIS, "out"],
        [IRIS, "--quantize_uint8", "out"],
        [IRIS, "out", "--quantize-uint8"],
    ],
)
def test_a_bare_flag_takes_no_path_for_a_pattern(convert: Invoke, arguments: list) -> None:
    Path("out").mkdir()
    assert convert(*arguments).exit_code == 0
    assert shard_dtypes("out") == {"uint8"}


@pytest.mark.parametrize("flag", [["--quantize_uint8="], ["--quantize_uint8", ""]])
def test_empty_patterns_match_nothing_and_are_no_path(convert: Invoke, flag: list[str]) -> None:
    """As a variable of the shell is that is not set."""
    result = convert(*flag, IRIS, "out")
    assert result.exit_code == 0, result.stderr
    assert "No weight has a name like ''" in " ".join(result.output.split())
    assert shard_dtypes("out") == {"float32"}


def test_what_a_flag_took_is_said_if_a_path_is_missing(convert: Invoke) -> None:
    result = convert(IRIS, "--quantize_uint8", "out")
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "Missing argument 'OUT'. --quantize-uint8 took 'out' for names of weights" in said
    assert "Missing argument 'OUT'." in convert(IRIS).stderr


def test_what_changes_nothing_is_said(convert: Invoke) -> None:
    result = convert("--skip_op_check", "--saved_model_tags=serve", IRIS, "out")
    assert result.exit_code == 0
    assert "note: --saved_model_tags, --skip_op_check: of no meaning" in result.stdout


def test_a_line_in_the_official_way_overwrites(convert: Invoke) -> None:
    out = Path("out")
    assert convert(DIGITS, out, "--shard-names", "official").exit_code == 0
    (out / "notes.txt").write_text("mine")
    before = (out / "group1-shard1of1.bin").read_bytes()
    assert convert(IRIS, out).exit_code == 2
    assert (out / "group1-shard1of1.bin").read_bytes() == before
    assert convert("--input_format=keras", IRIS, out, "--shard-names=official").exit_code == 0
    assert (out / "group1-shard1of1.bin").read_bytes() != before
    assert names(out) == {"model.json", "group1-shard1of1.bin", "notes.txt"}
    assert convert("-f", IRIS, out).exit_code == 0
    assert (out / "notes.txt").read_text() == "mine"


def test_a_model_that_cannot_be_converted_leaves_the_one_before(convert: Invoke) -> None:
    assert convert("--input_format", "keras", IRIS, "out").exit_code == 0
    before = {path: path.read_bytes() for path in Path("out").iterdir()}
    Path("bad.h5").write_bytes(b"nonsense")
    assert convert("--input_format", "keras", "bad.h5", "out").exit_code == 1
    assert {path: path.read_bytes() for path in Path("out").iterdir()} == before


@pytest.mark.skipif(sys.platform == "win32", reason="no such permissions")
def test_a_folder_is_filled_whose_parent_may_not_be_written_to(
    convert: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a volume in a container; what is staged lies on its disk."""
    from tfjs_serve.exporting import export

    volume = tmp_path / "volume"
    volume.mkdir()
    real, made = export.tempfile.mkdtemp, []
    monkeypatch.setattr(
        export.tempfile, "mkdtemp", lambda **given: made.append(given["dir"]) or real(**given)
    )
    assert convert(IRIS, volume).exit_code == 0
    assert made == [volume]
    assert not list(volume.glob(".*"))


def test_several_paths_become_folders_of_their_names(convert: Invoke) -> None:
    Path("nets").mkdir()
    shutil.copy(IRIS, "nets/flower.h5")
    result = convert(DIGITS, "nets", SAMPLES / "breast-cancer-tfjs", "out")
    assert result.exit_code == 0
    assert "out: 3 models" in result.stdout
    assert {path.parent.name for path in Path("out").rglob("model.json")} == {
        "digits",
        "flower",
        "breast-cancer-tfjs",
    }
    Path("bad.h5").write_bytes(b"nonsense")
    result = convert("-f", DIGITS, "bad.h5", "out")
    assert result.exit_code == 1
    assert "out: 1 model, 1 refused" in result.stdout


def test_two_models_of_one_name_are_refused(convert: Invoke) -> None:
    Path("other").mkdir()
    shutil.copy(IRIS, "other/digits.h5")
    result = convert(DIGITS, "other/digits.h5", "out")
    assert result.exit_code == 2
    assert "would both become" in result.stderr
    assert not Path("out").exists()


def test_weights_alone_are_no_model_in_a_folder_of_models(convert: Invoke) -> None:
    Path("nets").mkdir()
    write_weights(Path("nets/w.weights.h5"), 0.5)
    assert convert("nets", "out").exit_code == 1
    result = convert("nets/w.weights.h5", "alone")
    assert result.exit_code == 0
    assert "tf.io.loadWeights" in result.stdout
    document = json.loads(Path("alone/model.json").read_text())
    specs = document["weightsManifest"][0]["weights"]
    assert [spec["name"] for spec in specs] == ["layers/dense/vars/0", "layers/dense/vars/1"]
    write_json(Path("nets/a.json"), architecture())
    assert "tf.loadLayersModel" in convert("nets/w.weights.h5", "whole").stdout


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a:one.json", ["a:one.json"]),
        ("a:one.json,b:two.json", ["a:one.json", "b:two.json"]),
        ("a:C:\\x\\one.json,b:D:\\two.json", ["a:C:\\x\\one.json", "b:D:\\two.json"]),
        ("a:with,comma.json,b:two.json", ["a:with,comma.json", "b:two.json"]),
    ],
)
def test_several_metadata_may_be_in_one_text(text: str, parts: list[str]) -> None:
    assert split_metadata(text) == parts


def test_metadata_of_several_files_is_written(convert: Invoke) -> None:
    Path("one.json").write_text('{"a": 1}')
    Path("two.json").write_text('["b"]')
    assert convert(IRIS, "out", "--metadata=one:one.json,two:two.json").exit_code == 0
    document = json.loads(Path("out/model.json").read_text())
    metadata = document["userDefinedMetadata"]
    assert metadata.pop("kerasModel")
    assert metadata == {"one": {"a": 1}, "two": ["b"]}


def test_the_second_command_is_the_official_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["tfjs-serve-converter", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.converter()
        return int(caught.value.code or 0)

    out, cache = tmp_path / "out", ("--cache-dir", tmp_path / "cache")
    assert run("--input_format", "keras", DIGITS, out, *cache) == 0
    assert run(IRIS, out, *cache) == 0
    assert names(out) == {"model.json", "group1-shard1of1.bin"}
    assert run("--shard-names", "digest", IRIS, tmp_path / "other", *cache) == 0
    assert "group1-shard1of1.bin" not in names(tmp_path / "other")
    capsys.readouterr()
    assert run("--version") == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "Usage: tfjs-serve-converter [OPTIONS] PATH... OUT"),
        (["gone.h5", "out"], 1, "No such file or directory\nhint: check the path"),
        (["", "out"], 2, "An argument is empty"),
        (["--input_format=tf_hub", "https://tfhub.dev/x", "out"], 2, "is a URL"),
    ],
)
def test_the_second_command_tells_errors_under_its_own_name(
    arguments: list[str],
    code: int,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tfjs-serve-converter", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.converter()
    assert caught.value.code == code
    assert told in capsys.readouterr().err


def test_the_help_lists_the_official_flags_apart(convert: Invoke) -> None:
    own, _, official = convert("--help").output.partition("Flags of tensorflowjs_converter:")
    assert "--shard-names" in own
    assert "PATH... OUT" not in own.partition("\nOptions:")[2]
    assert [line.split()[0] for line in official.splitlines() if "--" in line] == [
        "--input-format",
        "--output-format",
        "--quantize-float16",
        "--quantize-uint8",
        "--quantize-uint16",
        "--split-weights-by-layer",
    ]


@pytest.fixture
def keras_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which Keras files are to be written, instead of writing them."""
    written: list[str] = []

    async def export(builder: object, entry: CatalogEntry, out: Path, options: object) -> object:
        written.append(f"{entry.name} {out.name}")
        return ExportedKeras(path=out, size_bytes=7, notes=("a note",))

    monkeypatch.setattr("tfjs_serve.cli.convert.export_keras", export)
    return written


@pytest.mark.parametrize("official", [False, True])
def test_the_way_back_is_taken(
    convert: Invoke, keras_files: list[str], official: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SAMPLES / "breast-cancer-tfjs" / "model.json"
    flags = ["--input_format=tfjs_layers_model", "--output_format=keras"] * official
    result = convert(*flags, model, "m.h5")
    assert result.exit_code == 0
    assert "note: a note" in result.stdout
    assert "m.h5: 7 bytes" in result.stdout
    assert convert("--output-format=keras_keras", model.parent, IRIS, "out").exit_code == 0
    assert [one.split()[1] for one in keras_files] == [
        "m.h5",
        *("breast-cancer-tfjs.keras", "iris.keras"),
    ]
    with pytest.raises(SystemExit) as caught:
        monkeypatch.setattr(sys, "argv", ["tfjs-serve-converter", str(model), "n.keras"])
        cli.converter()
    assert caught.value.code in (0, None)
    assert keras_files[-1].split()[1] == "n.keras"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_a_folder_is_a_folder(convert: Invoke) -> None:
    Path("real").mkdir()
    Path("link").symlink_to("real")
    Path("gone").symlink_to("nowhere")
    assert convert(IRIS, "link", "--shard-names=official").exit_code == 0
    assert names("real") == {"model.json", "group1-shard1of1.bin"}
    assert "gone' is not a folder" in convert(IRIS, "gone").stderr
