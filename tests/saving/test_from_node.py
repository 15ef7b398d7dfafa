"""TensorFlow.js saves with its own ``model.save``, to the server as it is started."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.parity.conftest import KERAS_WARNINGS
from tests.parity.harness import NodeTf, NodeTfError, ServedModels, compare
from tests.samples import REFERENCES, SAMPLE_MODELS, arrays
from tests.saving.terminal import token_of, told

pytestmark = [pytest.mark.filterwarnings(warning) for warning in KERAS_WARNINGS]

IRIS = arrays(REFERENCES["iris"]["inputs"])


def serve(workspace: Path, *options: str) -> ServedModels:
    models = workspace / "models"
    models.mkdir(parents=True, exist_ok=True)
    if not any(models.iterdir()):
        shutil.copy(SAMPLE_MODELS / "iris.h5", models)
    return ServedModels(workspace, options=options)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServedModels]:
    started = serve(tmp_path, "--allow-save")
    yield started
    started.close()


def test_a_line_with_the_url_saves_a_model_that_is_served(
    server: ServedModels, node_tf: NodeTf
) -> None:
    former = (server.folder / "iris.h5").read_bytes()
    url = server.url("iris")
    saved = node_tf.save_to(url, IRIS, f"{server.base_url}/iris?token={token_of(server)}")
    assert (saved.status, saved.answer["file"]) == (200, "iris.h5")
    assert (server.folder / saved.answer["backup"]).read_bytes() == former
    compare(saved.outputs, node_tf.predict(url, IRIS).outputs)
    assert saved.etag == server.get(url, {"Accept-Encoding": "identity"}).headers["ETag"]
    told(server, "iris.h5 was saved by a program; the former file is iris.h5.~1~")
    assert token_of(server) not in server.log().rpartition("iris.h5 was saved")[2]
    assert "model.json  " not in server.log(), "tells of a model that is not in the folder"


@pytest.mark.parametrize("name", ["mine", "mine.keras", "mine.hdf5"])
def test_new_names_and_other_endings(server: ServedModels, node_tf: NodeTf, name: str) -> None:
    saved = node_tf.save_to(
        server.url("iris"),
        IRIS,
        f"{server.base_url}/{name}",
        {"Authorization": f"Bearer {token_of(server)}"},
    )
    assert (saved.status, saved.answer["url"]) == (201, "/mine/model.json")
    compare(saved.outputs, node_tf.predict(server.url("mine"), IRIS).outputs)


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")  # none was sent
@pytest.mark.parametrize("name", ["iris.h5", "new.h5", "new.keras"])
def test_keras_loads_what_was_saved(server: ServedModels, node_tf: NodeTf, name: str) -> None:
    import keras

    to = f"{server.base_url}/{name}?token={token_of(server)}"
    saved = node_tf.save_to(server.url("iris"), IRIS, to)
    loaded = keras.models.load_model(server.folder / name)
    compare(saved.outputs, [np.asarray(loaded(IRIS[0], training=False))])


def test_keras_goes_on_with_the_optimizer_of_the_page(
    server: ServedModels, node_tf: NodeTf
) -> None:
    import keras

    to = f"{server.base_url}/new.keras?token={token_of(server)}"
    saved = node_tf.save_to(server.url("iris"), IRIS, to, steps=3)
    loaded = keras.models.load_model(server.folder / "new.keras")
    compare(saved.outputs, [np.asarray(loaded(IRIS[0], training=False))])
    assert type(loaded.optimizer) is keras.optimizers.Adam
    assert int(loaded.optimizer.iterations) == 3
    slots = [np.asarray(slot) for slot in loaded.optimizer.variables[2:]]
    assert slots
    assert all(np.abs(slot).max() > 0 for slot in slots)


@pytest.mark.parametrize("name", [name for name in REFERENCES if name != "breast-cancer-tfjs"])
def test_each_sample_comes_back_from_a_page(tmp_path: Path, node_tf: NodeTf, name: str) -> None:
    shutil.copytree(SAMPLE_MODELS, tmp_path / "models")
    server = serve(tmp_path, "--allow-save")
    try:
        inputs = arrays(REFERENCES[name]["inputs"])
        to = f"{server.base_url}/{name}?token={token_of(server)}"
        saved = node_tf.save_to(server.url(name), inputs, to)
        assert saved.status == 200
        compare(saved.outputs, node_tf.predict(server.url(name), inputs).outputs)
    finally:
        server.close()


def test_what_a_page_is_told_is_the_status(server: ServedModels, node_tf: NodeTf) -> None:
    token = token_of(server)
    before = (server.folder / "iris.h5").read_bytes()
    bearer = {"Authorization": f"Bearer {token}"}
    for path, headers, status in (
        ("iris?token=wrong", None, 401),
        ("iris", {"Authorization": "Bearer wrong"}, 401),
        ("iris", {**bearer, "Origin": "http://localhost:1"}, 403),
        ("iris", {**bearer, "If-Match": '"another"'}, 412),
        ("none/iris", bearer, 409),
        ("iris@uint8", bearer, 409),
    ):
        with pytest.raises(NodeTfError, match=rf"failed due to HTTP response status {status}\."):
            node_tf.save_to(server.url("iris"), IRIS, f"{server.base_url}/{path}", headers)
    assert (server.folder / "iris.h5").read_bytes() == before
    assert [path.name for path in server.folder.iterdir()] == ["iris.h5"]


def test_without_the_option_the_terminal_names_it(tmp_path: Path, node_tf: NodeTf) -> None:
    server = serve(tmp_path)
    try:
        with pytest.raises(NodeTfError, match="status 403"):
            node_tf.save_to(server.url("iris"), IRIS, f"{server.base_url}/iris")
        told(server, "/iris  403: pages may not save models; to let them, start with --allow-save")
        assert server.log().count("--allow-save") == 1
    finally:
        server.close()


def is_whole(path: Path) -> bool:
    with h5py.File(path, "r", locking=False) as file:
        return "model_config" in file.attrs and "model_weights" in file


@pytest.mark.parametrize("seconds", [0.0, 0.15, 0.3, 0.5, 0.8, 1.2])
def test_kill_9_in_the_middle_of_a_save(tmp_path: Path, node_tf: NodeTf, seconds: float) -> None:
    server = serve(tmp_path, "--allow-save")
    to = f"{server.base_url}/iris?token={token_of(server)}"
    node_tf.predict(server.url("iris"), IRIS)
    killing = threading.Timer(seconds, server.kill)
    killing.start()
    with suppress(NodeTfError):
        node_tf.save_to(server.url("iris"), IRIS, to)
    killing.join()
    server.close()
    assert is_whole(server.folder / "iris.h5")
    again = serve(tmp_path, "--allow-save")
    try:
        assert token_of(again) in to
        to = f"{again.base_url}/iris?token={token_of(again)}"
        assert node_tf.save_to(again.url("iris"), IRIS, to).status == 200
        assert is_whole(again.folder / "iris.h5")
    finally:
        again.close()
