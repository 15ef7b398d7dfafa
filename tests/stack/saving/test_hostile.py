"""What a page sends may be anything: it costs nothing but its own save.

Here everything is as in the server: the confined process reads what was sent, and writes the file.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.saving.dense import dense_model, kernel_of
from tests.stack.saving.asking import (
    PAGE,
    TOKEN,
    Parts,
    assert_refused,
    contents,
    is_whole,
    names_in,
    save,
)
from tests.stack.whole import Folder, Stack, running
from tfjs_serve.settings import ServerSettings


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    return replace(settings, save_token=TOKEN, cors_origins=frozenset({PAGE}))


@pytest.fixture
async def stack(settings: ServerSettings) -> AsyncIterator[Stack]:
    async with running(settings) as started:
        yield started


@pytest.mark.parametrize("name", ["new.h5", "new.hdf5", "new.keras"])
async def test_what_is_sound_is_saved_and_served(stack: Stack, name: str) -> None:
    parts = dense_model()
    answer = await save(stack, f"/{name}", parts)
    assert (answer.status, answer.json()["file"]) == (201, name)
    _, shards = await stack.load("/new")
    assert kernel_of(parts).tobytes() in b"".join(shards.values())


Edit = Callable[[dict[str, Any]], object]


def edited(edit: Edit) -> Parts:
    parts = dense_model()
    document = json.loads(parts["model.json"])
    edit(document)
    return {**parts, "model.json": json.dumps(document).encode()}


def specs(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["weightsManifest"][0]["weights"]
    return found


def layer(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["modelTopology"]["config"]["layers"][0]
    return found


def paths(*names: str) -> Edit:
    return lambda document: document["weightsManifest"][0].update(paths=list(names))


NESTED = json.loads("[" * 150 + "]" * 150)
EDITS: dict[str, Edit] = {
    "no topology": lambda document: document.pop("modelTopology"),
    "no manifest": lambda document: document.pop("weightsManifest"),
    "null topology": lambda document: document.update(modelTopology=None),
    "a graph model": lambda document: document.update(format="graph-model"),
    "topology of a text": lambda document: document.update(modelTopology="x"),
    "a path out": paths("../../model.weights.bin"),
    "an absolute path": paths("/etc/passwd"),
    "a path of Windows": paths("C:\\Windows\\win.ini"),
    "a path that is missing": paths("other.bin"),
    "the document as weights": paths("model.json"),
    "the weights twice": paths("model.weights.bin", "model.weights.bin"),
    "no path": paths(),
    "a larger shape": lambda document: specs(document)[0].update(shape=[4, 4]),
    "a smaller shape": lambda document: specs(document)[0].update(shape=[4, 2]),
    "a huge shape": lambda document: specs(document)[0].update(shape=[2**31, 2**31]),
    "a negative shape": lambda document: specs(document)[0].update(shape=[-4, -3]),
    "a shape of texts": lambda document: specs(document)[0].update(shape=["4", "3"]),
    "an unknown dtype": lambda document: specs(document)[0].update(dtype="float128"),
    "quantization of nonsense": lambda document: specs(document)[0].update(quantization={"a": 1}),
    "a weight without a layer": lambda document: specs(document)[0].update(name="other/kernel"),
    "the same name twice": lambda document: specs(document)[0].update(name="dense/bias"),
    "an unknown layer": lambda document: layer(document).update(class_name="Mine"),
    "code of Python": lambda document: layer(document).update(
        class_name="Lambda", config={"function": ["4wEAAAA=", None, None]}
    ),
    "another size of the layer": lambda document: layer(document)["config"].update(units=5),
    "an absurd size": lambda document: layer(document)["config"].update(units=2**40),
    "a size that is none": lambda document: layer(document)["config"].update(units="many"),
    "an unknown activation": lambda document: layer(document)["config"].update(activation="mine"),
    "a name that deceives": lambda document: layer(document)["config"].update(name="a\u202eb"),
    "nested without end": lambda document: layer(document)["config"].update(mine=NESTED),
    "an unknown training": lambda document: document.update(trainingConfig={"loss": NESTED}),
    "metadata that is none": lambda document: document.update(userDefinedMetadata="x"),
}


@pytest.mark.parametrize("what", EDITS)
async def test_a_document_that_lies_replaces_nothing(
    stack: Stack, folder: Folder, what: str
) -> None:
    folder.save("iris.h5")
    before = contents(folder)
    answer = await save(stack, "/iris", edited(EDITS[what]))
    if answer.status == 200:  # it means a model all the same
        assert is_whole(folder.path / "iris.h5")
        assert (await stack.load("/iris"))[0].status == 200
    else:
        assert answer.status == 422, answer.body
        assert contents(folder) == before
    assert stack.stored("staging") == 0


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("model.json", b""),
        ("model.json", b"{"),
        ("model.json", b"[]"),
        ("model.json", b"null"),
        ("model.json", b"\xff\xfe"),
        ("model.json", b"[" * 100_000),
        ("model.json", b'{"format": "layers-model"}'),
        ("model.weights.bin", b""),
        ("model.weights.bin", b"1234"),
        ("model.weights.bin", bytes(4 * 15 + 1)),
    ],
)
@pytest.mark.parametrize("name", ["iris", "new.keras"])
async def test_a_part_that_is_damaged_is_told(
    stack: Stack, folder: Folder, part: str, data: bytes, name: str
) -> None:
    folder.save("iris.h5")
    before = contents(folder)
    told = assert_refused(
        await save(stack, f"/{name}", {**dense_model(), part: data}), 422, "bad-tfjs-folder"
    )
    assert told["detail"]
    assert "the folder" not in told["detail"]  # it is none that a page knows
    assert contents(folder) == before


async def test_models_that_are_damaged_at_random(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    rng = random.Random(20261130)
    statuses = []
    for _ in range(40):
        parts = copy.copy(dense_model(rng.randrange(5)))
        part = rng.choice(["model.json"] * 4 + ["model.weights.bin"])
        data = bytearray(parts[part])
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(data))
            data[place : place + rng.randint(0, 4)] = rng.randbytes(rng.randint(0, 4))
        before = contents(folder)
        answer = await save(stack, "/iris", {**parts, part: bytes(data)})
        statuses.append(answer.status)
        assert answer.status in (200, 422), answer.body
        if answer.status != 200:
            assert contents(folder) == before
        assert is_whole(folder.path / "iris.h5")
    assert {200, 422} <= set(statuses)
    assert stack.stored("staging") == 0
    assert all(name.startswith("iris.h5") for name in names_in(folder))
