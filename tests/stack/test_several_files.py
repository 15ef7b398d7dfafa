"""Models in several files, while other programs write these one after another."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.keras_forms import architecture, write_json, write_weights
from tests.stack.whole import LONG_AGO_NS, Folder, Stack
from tests.web.asking import ask, assert_problem


def age(folder: Path) -> None:
    """Let all files in a folder have been written long ago."""
    for path in folder.iterdir():
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))


@pytest.fixture
def net(folder: Folder) -> Path:
    """Return a folder that Keras wrote long ago."""
    path = folder.path / "net"
    path.mkdir()
    write_json(path / "metadata.json", {"keras_version": "3.15.1", "date_saved": "2026-11-30"})
    write_json(path / "config.json", architecture())
    write_weights(path / "model.weights.h5", 1.0)
    age(path)
    return path


async def activation(stack: Stack, base: str) -> tuple[str, bytes]:
    """Load a model; return the activation of its last layer, and its weights."""
    answer, shards = await stack.load(base)
    layers = answer.json()["modelTopology"]["model_config"]["config"]["layers"]
    return layers[-1]["config"]["activation"], b"".join(shards.values())


def ones(value: float = 1.0) -> bytes:
    return np.array([value] * 6 + [0.0] * 3, np.float32).tobytes()


async def test_a_folder_of_keras_is_a_model(stack: Stack, net: Path) -> None:
    assert await activation(stack, "/net") == ("linear", ones())
    assert (await stack.listed("net/config.json"))["state"] == "ready"
    listed = (await ask(stack, "/-/models.json")).json()["models"]
    assert [one["name"] for one in listed] == ["net"]
    assert (await ask(stack, "/net/config.json/model.json")).status == 200


async def test_an_overwritten_folder_is_a_new_generation_as_a_whole(
    stack: Stack, net: Path
) -> None:
    old, _ = await stack.load("/net")
    write_json(net / "metadata.json", {"keras_version": "3.15.1", "date_saved": "2026-12-01"})
    write_json(net / "config.json", architecture("relu"))
    loading = asyncio.create_task(activation(stack, "/net"))
    await asyncio.sleep(0.6)  # longer than a file needs to count as at rest
    write_weights(net / "model.weights.h5", 2.0)
    assert await loading == ("relu", ones(2.0))
    assert (await stack.load("/net"))[0].headers["ETag"] != old.headers["ETag"]


async def test_the_parts_of_a_folder_are_waited_for(stack: Stack, folder: Folder) -> None:
    path = folder.path / "net"
    path.mkdir()
    write_json(path / "metadata.json", {"keras_version": "3.15.1"})
    write_json(path / "config.json", architecture())
    loading = asyncio.create_task(activation(stack, "/net"))
    await asyncio.sleep(0.6)
    assert not loading.done()
    write_weights(path / "model.weights.h5", 1.0)
    assert await loading == ("linear", ones())


async def test_a_folder_that_stays_without_weights_says_so(stack: Stack, net: Path) -> None:
    (net / "model.weights.h5").unlink()
    age(net)
    answer = await ask(stack, "/net/model.json")
    assert_problem(answer, 422, "unreadable-file")
    assert "net/config.json has an architecture, but no model.weights.h5" in answer.body.decode()


async def test_labels_in_the_assets_of_a_folder_are_served(stack: Stack, net: Path) -> None:
    (net / "assets").mkdir()
    (net / "assets" / "labels.txt").write_text("cat\ndog\n")
    await stack.load("/net")
    assert (await ask(stack, "/net/labels.txt")).body == b"cat\ndog\n"
    (net / "assets" / "labels.txt").write_text("cat\n")
    await stack.load("/net")
    assert (await ask(stack, "/net/labels.txt")).body == b"cat\n"


async def test_labels_beside_weights_are_served(stack: Stack, folder: Folder) -> None:
    write_json(folder.path / "model.json", architecture())
    write_weights(folder.path / "digits.h5", 1.0)
    (folder.path / "digits.labels.txt").write_text("cat\n")
    age(folder.path)
    assert await activation(stack, "/digits") == ("linear", ones())
    assert (await ask(stack, "/digits/labels.txt")).body == b"cat\n"


async def test_torn_weights_in_a_folder_are_not_served(stack: Stack, net: Path) -> None:
    old = await activation(stack, "/net")
    os.truncate(net / "model.weights.h5", 100)
    assert await activation(stack, "/net") == old
    assert (await stack.listed("net/config.json"))["state"] == "stale"


@pytest.mark.parametrize("weights", ["digits.h5", "digits.weights.h5"])
async def test_either_of_two_files_makes_a_new_generation(
    stack: Stack, folder: Folder, weights: str
) -> None:
    name = weights.removesuffix(".h5")
    write_json(folder.path / "model.json", architecture())
    write_weights(folder.path / weights, 1.0)
    age(folder.path)
    assert await activation(stack, f"/{name}") == ("linear", ones())
    write_json(folder.path / "model.json", architecture("relu"))
    assert await activation(stack, f"/{name}") == ("relu", ones())
    write_weights(folder.path / weights, 2.0)
    assert await activation(stack, f"/{name}") == ("relu", ones(2.0))


async def test_architectures_that_do_not_fit_are_named_with_the_reason(
    stack: Stack, folder: Folder
) -> None:
    write_json(folder.path / "a.json", architecture(units=4))
    write_json(folder.path / "b.json", {"class_name": "Sequential", "config": []})
    write_weights(folder.path / "w.h5", 1.0)
    age(folder.path)
    told = (await ask(stack, "/w/model.json")).json()
    assert told["code"] == "weights-only-file"
    assert "a.json (sequential/dense has units=4, but its saved kernel" in told["detail"]
    assert "b.json (" in told["detail"]
    assert "--topology" in told["hint"]


async def test_several_architectures_that_fit_are_not_guessed_among(
    stack: Stack, folder: Folder
) -> None:
    write_json(folder.path / "a.json", architecture())
    write_json(folder.path / "b.json", architecture("relu"))
    write_weights(folder.path / "w.h5", 1.0)
    age(folder.path)
    told = (await ask(stack, "/w/model.json")).json()
    assert "several architectures beside it fit: a.json, b.json" in told["detail"]
    (folder.path / "b.json").rename(folder.path / "w.json")
    assert await activation(stack, "/w") == ("relu", ones())
    (note,) = (await stack.listed("w.h5"))["notes"]
    assert "a.json would fit as well" in note


async def test_a_whole_model_does_not_mind_what_lies_beside_it(
    stack: Stack, folder: Folder
) -> None:
    write_json(folder.path / "a.json", architecture())
    write_json(folder.path / "b.json", architecture("relu"))
    folder.save("iris.h5")
    assert (await stack.load("/iris"))[0].status == 200


async def test_listed_weights_are_one_set(stack: Stack, folder: Folder) -> None:
    for number, key in enumerate(("0", "1")):
        with h5py.File(folder.path / f"net_{number:05}.weights.h5", "w") as file:
            shape = (2, 3) if key == "0" else (3,)
            file.create_group("layers/dense/vars")[key] = np.ones(shape, np.float32)
    files = [path.name for path in sorted(folder.path.iterdir())]
    document = {"metadata": {"total_size": 36}, "weight_map": {"/layers/dense/vars": files}}
    write_json(folder.path / "net.weights.json", document)
    write_json(folder.path / "model.json", architecture())
    age(folder.path)
    assert await activation(stack, "/net.weights") == ("linear", np.ones(9, np.float32).tobytes())
    listed = (await ask(stack, "/-/models.json")).json()["models"]
    assert [one["exactName"] for one in listed] == ["net.weights.json"]
    (folder.path / files[1]).unlink()
    assert (await ask(stack, "/net.weights/model.json")).headers["Tfjs-Serve-Stale"]
    listed = (await ask(stack, "/-/models.json")).json()["models"]
    assert [one["exactName"] for one in listed] == ["net.weights.json"]


async def test_groups_with_backslashes_are_those_of_windows(stack: Stack, net: Path) -> None:
    write_weights(net / "model.weights.h5", 3.0, group="layers\\dense")
    age(net)
    assert await activation(stack, "/net") == ("linear", ones(3.0))
