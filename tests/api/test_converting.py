"""``convert`` from Python: the same as the command, wherever it is called."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tfjs_serve import TfjsServeError, convert

from .conftest import SAMPLES


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_file_becomes_a_folder(tmp_path: Path) -> None:
    made = convert(str(SAMPLES / "iris.h5"), str(tmp_path / "iris"), metadata={"from": "iris"})
    document = json.loads((tmp_path / "iris" / "model.json").read_text())
    assert made.folder == tmp_path / "iris"
    assert document["userDefinedMetadata"]["from"] == "iris"
    assert contents(made.folder).keys() == {
        "model.json",
        *document["weightsManifest"][0]["paths"],
    }


async def test_a_cell_of_a_notebook_may_call_it(tmp_path: Path) -> None:
    made = convert(SAMPLES / "iris.h5", tmp_path / "iris")
    assert (made.folder / "model.json").is_file()
    await asyncio.sleep(0)


def test_threads_may_call_it_at_once(tmp_path: Path) -> None:
    failures: list[Exception] = []

    def work(name: str) -> None:
        try:
            convert(SAMPLES / "iris.h5", tmp_path / name)
        except Exception as error:  # noqa: BLE001 -- told below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert contents(tmp_path / "a") == contents(tmp_path / "b") == contents(tmp_path / "c")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"quantization_dtype_map": {"uint8": "*"}}, '"uint8"'),
        ({"shard_names": "official"}, "group1-shard1of1.bin"),
        ({"weight_shard_size_bytes": 4096, "split_weights_by_layer": True}, '"paths":["weights.'),
    ],
)
@pytest.mark.parametrize("source", ["digits.h5", "breast-cancer-tfjs"])
def test_options_count_for_files_and_for_folders_of_tensorflow_js(
    source: str, options: dict[str, Any], told: str, tmp_path: Path
) -> None:
    convert(SAMPLES / source, tmp_path / "plain")
    convert(SAMPLES / source, tmp_path / "out", **options)
    text = (tmp_path / "out" / "model.json").read_text()
    assert told in text
    assert text != (tmp_path / "plain" / "model.json").read_text()


def test_what_is_no_model_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "model.h5").write_text("no model")
    with pytest.raises(TfjsServeError, match=r"model\.h5") as caught:
        convert(tmp_path / "model.h5", tmp_path / "out")
    assert caught.value.hint
    assert not (tmp_path / "out").exists()
