"""Labels, metadata and weights by their own names are served beside the model that has them."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.stack.whole import LONG_AGO_NS, Folder, Stack, running
from tests.web.asking import Answer, ask, assert_problem
from tests.web.fast import Hits, Kept, request, warm
from tfjs_serve.conversion.record.model import RECORD
from tfjs_serve.facts.model import MOST_LABELS
from tfjs_serve.neighbours import MAXIMUM_NEIGHBOUR_BYTES, NEIGHBOURS, OF_KERAS_MODELS
from tfjs_serve.settings import ServerSettings, Variant

FIXTURES = Path(__file__).parents[1] / "fixtures"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


def put(folder: Folder, name: str, content: object, age: int = 0) -> bytes:
    """Write a file, long ago; the higher the age, the later."""
    path = folder.path / name
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(data)
    os.utime(path, ns=(LONG_AGO_NS + age, LONG_AGO_NS + age))
    return data


def metadata(model: Answer) -> Any:
    """Return what labels and metadata became, without the record of the Keras model."""
    members = model.json().get("userDefinedMetadata") or {}
    return {name: value for name, value in members.items() if name != RECORD} or None


@pytest.mark.parametrize("name", NEIGHBOURS)
async def test_the_files_that_libraries_ask_for_are_served_beside_a_folder(
    stack: Stack, folder: Folder, name: str
) -> None:
    folder.add_tfjs("cells")
    content = put(folder, f"cells/{name}", {"labels": ["a", "ä"]})
    answer = await ask(stack, f"/cells/{name}?query=1", Origin="http://localhost:5173")
    assert (answer.status, answer.body) == (200, content)
    assert answer.headers["Content-Type"] == (TEXT if name.endswith(".txt") else JSON)
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:5173"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = await ask(stack, f"/cells/{name}", If_None_Match=answer.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


async def test_a_folder_is_served_as_it_is_without_its_labels_in_the_model(
    stack: Stack, folder: Folder
) -> None:
    folder.add_tfjs("cells")
    before, _ = await stack.load("/cells")
    put(folder, "cells/metadata.json", b"{not JSON")
    after, _ = await stack.load("/cells")
    assert after.body == before.body
    assert (await ask(stack, "/cells/metadata.json")).body == b"{not JSON"


async def test_the_weights_of_a_folder_have_their_own_names_too(
    stack: Stack, folder: Folder
) -> None:
    path = folder.add_tfjs("cells")
    document = json.loads((path / "model.json").read_bytes())
    (group,) = document["weightsManifest"]
    (name,) = group["paths"]
    document["weightsManifest"][0]["paths"] = ["./model.weights.bin"]
    (path / name).rename(path / "model.weights.bin")
    put(folder, "cells/model.json", document)
    first = await ask(stack, "/cells/model.weights.bin")  # without a model.json before
    assert (first.status, first.body) == (200, (path / "model.weights.bin").read_bytes())
    assert first.headers["Content-Type"] == "application/octet-stream"
    assert first.headers["Cache-Control"] == "no-cache"
    _, shards = await stack.load("/cells")
    assert list(shards.values()) == [first.body]
    changed = bytes(reversed(first.body))
    put(folder, "cells/model.weights.bin", changed, age=1)
    second = await ask(stack, "/cells/model.weights.bin", If_None_Match=first.headers["ETag"])
    assert (second.status, second.body) == (200, changed)
    part = await ask(stack, "/cells/model.weights.bin", Range="bytes=1-3")
    assert (part.status, part.body) == (206, changed[1:4])


@pytest.mark.parametrize(
    "name", ["notes.txt", "other.bin", "secret.json", "labels.csv", "layers.html", ".env"]
)
async def test_nothing_else_in_a_folder_is_served(stack: Stack, folder: Folder, name: str) -> None:
    folder.add_tfjs("cells")
    put(folder, f"cells/{name}", b"secret")
    assert_problem(await ask(stack, f"/cells/{name}"), 404, "no-such-file")


async def test_a_link_out_of_a_folder_is_not_served(
    stack: Stack, folder: Folder, tmp_path: Path
) -> None:
    path = folder.add_tfjs("cells")
    (folder.path / "elsewhere.json").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    try:
        (path / "metadata.json").symlink_to(folder.path / "elsewhere.json")
        (path / "labels.txt").symlink_to(tmp_path / "secret.txt")
        (path / "dict.txt").symlink_to("vocab.json")
    except OSError:
        pytest.skip("no symbolic links here")
    put(folder, "cells/vocab.json", b"[]")
    assert_problem(await ask(stack, "/cells/metadata.json"), 404, "no-such-file")
    assert_problem(await ask(stack, "/cells/labels.txt"), 404, "no-such-file")
    assert (await ask(stack, "/cells/dict.txt")).body == b"[]"
    await stack.load("/cells")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
async def test_a_pipe_or_a_folder_of_that_name_is_no_neighbour(
    stack: Stack, folder: Folder
) -> None:
    folder.save("iris.h5")
    os.mkfifo(folder.path / "iris.labels.txt")
    (folder.path / "iris.metadata.json").mkdir()
    model, _ = await stack.load("/iris")
    assert metadata(model) is None


async def test_what_is_too_large_is_left_out(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    with (folder.path / "iris.labels.txt").open("wb") as file:
        file.truncate(MAXIMUM_NEIGHBOUR_BYTES + 1)
    model, _ = await stack.load("/iris")
    assert metadata(model) is None
    answer = await ask(stack, "/iris/labels.txt")
    assert_problem(answer, 404, "no-such-file")


async def test_labels_are_beside_a_keras_model_and_in_it(stack: Stack, folder: Folder) -> None:
    (folder.path / "flowers").mkdir()
    folder.save("flowers/iris.h5")
    labels = put(folder, "flowers/iris.labels.txt", "setosa\r\nversicolor\r\n\r\nä\n".encode())
    put(folder, "flowers/labels.txt", b"of another model")
    model, _ = await stack.load("/flowers/iris")
    assert metadata(model) == {"labels": ["setosa", "versicolor", "", "ä"]}
    answer = await ask(stack, "/flowers/iris/labels.txt")
    assert (answer.status, answer.body) == (200, labels)
    assert answer.headers["Content-Type"] == TEXT
    small, _ = await stack.load("/flowers/iris@uint8")
    assert metadata(small) == metadata(model)
    assert (await ask(stack, "/flowers/iris@uint8/labels.txt")).body == labels
    assert (await ask(stack, "/flowers/iris.h5/labels.txt")).body == labels


async def test_labels_of_another_number_than_the_output_has_are_told(
    stack: Stack, folder: Folder
) -> None:
    folder.save("iris.h5")
    put(folder, "iris.labels.txt", b"setosa\nversicolor\n")
    await stack.load("/iris")
    (note,) = (await stack.listed("iris.h5"))["notes"]
    assert note.startswith("It has 2 labels, but 3 numbers on the last axis of its output")


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        (["cat", "dog"], ["cat", "dog"]),
        ({"labels": ["cat", "dog"]}, ["cat", "dog"]),
        ({"dog": 1, "cat": 0}, ["cat", "dog"]),
        ({"1": "dog", "0": "cat"}, ["cat", "dog"]),
        ({"0": ["n1", "cat"], "1": ["n2", "dog"]}, [["n1", "cat"], ["n2", "dog"]]),
        ({"labels": {"cat": 0}}, ["cat"]),
    ],
)
async def test_labels_may_be_json_in_any_of_its_usual_forms(
    stack: Stack, folder: Folder, content: object, labels: object
) -> None:
    folder.save("iris.h5")
    data = put(folder, "iris.labels.json", content)
    put(folder, "iris.labels.txt", b"less\nexact")
    put(folder, "iris.metadata.json", {"author": "me", "labels": "of others"})
    model, _ = await stack.load("/iris")
    assert metadata(model) == {"author": "me", "labels": labels}
    assert (await ask(stack, "/iris/labels.json")).body == data


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("labels.txt", b"\xff\xfe", "is not in UTF-8"),
        ("labels.txt", b" \n\n", "holds no labels"),
        ("labels.json", b"{", "is not valid JSON"),
        ("labels.json", b'"cat"', "holds no labels"),
        ("labels.json", b'{"cat": 0, "dog": 0}', "does not number its labels from 0 to 1"),
        ("labels.json", b'{"cat": true}', "does not number its labels"),
        ("metadata.json", b"[1]", "is not an object"),
        ("metadata.json", b'{"loss": NaN}', "holds NaN, which JSON does not have"),
        ("metadata.json", b'{"loss": 1e999}', "is not valid JSON"),
        ("metadata.json", b"[" * 1000, "is not valid JSON"),
    ],
)
async def test_a_model_whose_labels_cannot_be_used_loads_without_them_and_says_so(
    stack: Stack, folder: Folder, name: str, content: bytes, reason: str
) -> None:
    folder.save("iris.h5")
    put(folder, f"iris.{name}", content)
    model, _ = await stack.load("/iris")
    assert metadata(model) is None
    (note,) = (await stack.listed("iris.h5"))["notes"]
    assert note.startswith(f"iris.{name} is left out: it ")
    assert reason in note
    answer = await ask(stack, f"/iris/{name}")
    assert_problem(answer, 404, "no-such-file")
    assert f"iris.{name}" in answer.json()["hint"]


async def test_other_labels_are_another_model_json_with_the_same_weights(
    stack: Stack, folder: Folder
) -> None:
    folder.save("iris.h5")
    bare, shards = await stack.load("/iris")
    for age, labels in enumerate((["a", "b"], ["b", "a"])):
        put(folder, "iris.labels.json", labels, age)
        model, same_shards = await stack.load("/iris")
        assert metadata(model) == {"labels": labels}
        assert same_shards == shards
    (folder.path / "iris.labels.json").unlink()
    model, _ = await stack.load("/iris")
    assert model.body == bare.body
    assert (await ask(stack, "/iris/labels.json")).status == 404


async def test_labels_stay_those_of_the_version_that_is_served(
    stack: Stack, folder: Folder
) -> None:
    folder.save("iris.h5")
    put(folder, "iris.labels.txt", b"first")
    await stack.load("/iris")
    (folder.path / "iris.h5").write_bytes(b"broken")
    os.utime(folder.path / "iris.h5", ns=(LONG_AGO_NS, LONG_AGO_NS))
    put(folder, "iris.labels.txt", b"second", age=1)
    answer = await ask(stack, "/iris/labels.txt")
    assert (answer.status, answer.body) == (200, b"first")
    assert "Tfjs-Serve-Stale" in answer.headers
    assert metadata(await ask(stack, "/iris/model.json")) == {"labels": ["first"]}


@pytest.mark.parametrize("name", OF_KERAS_MODELS)
async def test_the_assets_of_an_archive_may_hold_them(
    stack: Stack, folder: Folder, name: str
) -> None:
    path = folder.path / "moons.keras"
    with zipfile.ZipFile(FIXTURES / "archives-keras-3.3.3.zip") as archive:
        path.write_bytes(archive.read("dense.keras"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"assets/{name}", '{"0": "in the archive"}')
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    await stack.load("/moons")
    assert (await ask(stack, f"/moons/{name}")).body == b'{"0": "in the archive"}'
    beside = put(folder, f"moons.{name}", {"0": "beside it"})
    model, _ = await stack.load("/moons")
    assert (await ask(stack, f"/moons/{name}")).body == beside
    assert "beside it" in json.dumps(metadata(model))


@pytest.mark.parametrize("name", ["labels.txt", "metadata.json", "weights.bin"])
async def test_the_fast_road_gives_them_again_until_they_change(
    stack: Stack, folder: Folder, hits: Hits, name: str
) -> None:
    folder.add_tfjs("cells")
    if name != "weights.bin":
        put(folder, f"cells/{name}", b"first")
    client = Kept(stack)
    try:
        first = await warm(client, hits, request(f"/cells/{name}"))
        length = (folder.path / "cells" / name).stat().st_size
        put(folder, f"cells/{name}", b"x" * length, age=1)
        second = await client.ask(request(f"/cells/{name}"))
        assert (hits.take(), second.partition(b"\r\n\r\n")[2]) == (0, b"x" * length)
        assert first != second
        (folder.path / "cells" / name).unlink()
        gone = await client.ask(request(f"/cells/{name}"))
        assert hits.take() == 0
        # Without its weights, the folder is no model, and the last good version is served.
        assert gone.startswith(b"HTTP/1.1 404") == (name != "weights.bin")
        assert (b"Tfjs-Serve-Stale" in gone) == (name == "weights.bin")
    finally:
        await client.close()


@pytest.mark.parametrize("place", ["iris.labels.txt", "moons.labels.txt", "moons/labels.txt"])
async def test_new_labels_are_seen_by_the_very_next_request_for_the_model(
    stack: Stack, folder: Folder, hits: Hits, place: str
) -> None:
    folder.save("iris.h5")
    keras_folder(folder, "moons")
    for parent in (folder.path / "moons", folder.path):
        os.utime(parent, ns=(LONG_AGO_NS, LONG_AGO_NS))
    model = f"/{place.partition('.')[0].partition('/')[0]}/model.json"
    client = Kept(stack)
    try:
        await warm(client, hits, request(model))
        put(folder, place, b"first")
        assert b'"labels":["first"]' in await client.ask(request(model))
        assert hits.take() == 0
    finally:
        await client.close()


async def test_weights_by_their_own_names_belong_to_the_full_model(
    settings: ServerSettings, folder: Folder
) -> None:
    folder.add_tfjs("cells")
    put(folder, "cells/metadata.json", {})
    folder.save("iris.h5")
    labels = put(folder, "iris.labels.txt", b"setosa")
    async with running(replace(settings, default_variant=Variant.UINT8)) as stack:
        for variant in ("", "@full"):
            for name in ("weights.bin", "metadata.json"):
                assert (await ask(stack, f"/cells{variant}/{name}")).status == 200
        for name in ("weights.bin", "metadata.json"):
            assert (await ask(stack, f"/cells@uint8/{name}")).status == 404
        for variant in ("", "@full", "@float16"):
            assert (await ask(stack, f"/iris{variant}/labels.txt")).body == labels
            assert (await ask(stack, f"/iris{variant}/weights.bin")).status == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", b"cat\ndog\n"),
        ("labels.json", ["cat", "dog"]),
        ("metadata.json", {"labels": ["cat", "dog"], "modelName": "pets"}),
    ],
)
@pytest.mark.parametrize("kind", ["Keras", "TensorFlow.js"])
async def test_the_list_tells_the_labels_of_a_model(
    stack: Stack, folder: Folder, kind: str, name: str, content: object
) -> None:
    """Pages read them there, whether they lie beside a file or in a folder."""
    if kind == "Keras":
        folder.save("pets.h5")
        put(folder, f"pets.{name}", content)
    else:
        folder.add_tfjs("pets")
        put(folder, f"pets/{name}", content)
    await stack.load("/pets")
    assert await listed_labels(stack) == ["cat", "dog"]


async def test_the_labels_in_the_document_of_a_folder_count(stack: Stack, folder: Folder) -> None:
    path = folder.add_tfjs("pets")
    document = json.loads((path / "model.json").read_bytes())
    put(folder, "pets/model.json", {**document, "userDefinedMetadata": {"labels": ["cat", "dog"]}})
    put(folder, "pets/labels.txt", b"other\n")
    await stack.load("/pets")
    assert await listed_labels(stack) == ["cat", "dog"]


async def test_more_labels_than_a_list_holds_are_not_told(stack: Stack, folder: Folder) -> None:
    folder.save("pets.h5")
    put(folder, "pets.labels.json", [str(number) for number in range(MOST_LABELS + 1)])
    model, _ = await stack.load("/pets")
    assert len(metadata(model)["labels"]) == MOST_LABELS + 1
    assert await listed_labels(stack) == []


async def listed_labels(stack: Stack) -> Any:
    (model,) = (await ask(stack, "/-/models.json")).json()["models"]
    return model["facts"]["labels"]


def keras_folder(folder: Folder, name: str) -> Path:
    """Write the folder that Keras would write for an archive."""
    path = folder.path / name
    with zipfile.ZipFile(FIXTURES / "archives-keras-3.3.3.zip") as archive:
        data = archive.read("dense.keras")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(path)
    for file in path.rglob("*"):
        os.utime(file, ns=(LONG_AGO_NS, LONG_AGO_NS))
    return path


@pytest.mark.parametrize("name", OF_KERAS_MODELS)
async def test_what_lies_beside_a_folder_that_keras_wrote_belongs_to_it(
    stack: Stack, folder: Folder, name: str
) -> None:
    keras_folder(folder, "deep/moons")
    answer = await ask(stack, f"/deep/moons/{name}")
    assert_problem(answer, 404, "no-such-file")
    assert f"put moons.{name} beside the model's folder" in answer.json()["hint"]
    bare, shards = await stack.load("/deep/moons")
    for age, text in enumerate(("first", "second")):
        content = put(folder, f"deep/moons.{name}", {"0": text}, age)
        model, same_shards = await stack.load("/deep/moons")
        assert text in json.dumps(metadata(model))
        assert (await ask(stack, f"/deep/moons/{name}")).body == content
        assert same_shards == shards
    (folder.path / f"deep/moons.{name}").unlink()
    model, _ = await stack.load("/deep/moons")
    assert model.body == bare.body


async def test_labels_in_a_folder_that_keras_wrote_belong_to_it(
    stack: Stack, folder: Folder
) -> None:
    path = keras_folder(folder, "moons")
    (path / "assets").mkdir(exist_ok=True)
    put(folder, "moons/assets/labels.json", ["in the assets"])
    put(folder, "moons.labels.json", ["beside it"])
    model, _ = await stack.load("/moons")
    assert metadata(model) == {"labels": ["beside it"]}
    put(folder, "moons/labels.json", ["in the folder"])
    model, _ = await stack.load("/moons")
    assert metadata(model) == {"labels": ["in the folder"]}
    assert_problem(await ask(stack, "/moons/metadata.json"), 404, "no-such-file")  # Keras's own


async def test_labels_beside_a_folder_of_tensorflowjs_belong_to_it_unless_it_has_its_own(
    stack: Stack, folder: Folder
) -> None:
    folder.add_tfjs("cells")
    beside = put(folder, "cells.labels.txt", b"beside it")
    assert (await ask(stack, "/cells/labels.txt")).body == beside
    inside = put(folder, "cells/labels.txt", b"in it")
    assert (await ask(stack, "/cells/labels.txt")).body == inside


async def test_the_folder_that_is_served_has_nothing_beside_it(tmp_path: Path) -> None:
    parent = Folder(tmp_path)
    path = keras_folder(parent, "moons")
    put(parent, "moons.labels.txt", b"of somebody else")
    settings = ServerSettings(models_dir=path, cache_dir=tmp_path / "cache", port=0)
    async with running(settings) as stack:
        assert metadata(await ask(stack, "/moons/model.json")) is None


@pytest.mark.parametrize("weights", ["net.weights.h5", "net_weights.h5", "net-weights.hdf5"])
async def test_weights_have_the_labels_of_their_model(
    stack: Stack, folder: Folder, weights: str
) -> None:
    folder.save(weights)
    name = weights.rpartition(".")[0]
    put(folder, "net.labels.txt", b"a")
    model, _ = await stack.load(f"/{name}")
    assert metadata(model) == {"labels": ["a"]}
    own = put(folder, f"{name}.labels.txt", b"b")
    model, _ = await stack.load(f"/{name}")
    assert metadata(model) == {"labels": ["b"]}
    assert (await ask(stack, f"/{name}/labels.txt")).body == own


async def test_the_labels_of_teachable_machine_are_those_of_its_model(
    stack: Stack, folder: Folder
) -> None:
    folder.save("keras_model.h5")
    labels = put(folder, "labels.txt", b"0 Cat\n1 Big dog\n")
    model, _ = await stack.load("/keras_model")
    assert metadata(model) == {"labels": ["Cat", "Big dog"]}
    assert (await ask(stack, "/keras_model/labels.txt")).body == labels
    folder.save("iris.h5")  # now nobody knows whose they are
    model, _ = await stack.load("/keras_model")
    assert metadata(model) is None
    model, _ = await stack.load("/iris")
    assert metadata(model) is None


@pytest.mark.parametrize("lines", [["1 a", "2 b"], ["0 a", "b"], ["0", "1"], ["0 ", "1 "]])
async def test_numbers_that_are_not_the_index_of_a_name_are_part_of_it(
    stack: Stack, folder: Folder, lines: list[str]
) -> None:
    folder.save("iris.h5")
    put(folder, "iris.labels.txt", "\n".join(lines).encode())
    model, _ = await stack.load("/iris")
    assert metadata(model) == {"labels": lines}


async def test_what_lies_beside_a_model_is_not_of_its_size(stack: Stack, folder: Folder) -> None:
    (folder.path / "empty.h5").touch()
    folder.save("iris.h5")
    put(folder, "fer.json", {"class_name": "Sequential", "config": []})
    put(folder, "iris.labels.txt", b"a")
    for name in ("empty.h5", "iris.h5"):
        size_bytes = (folder.path / name).stat().st_size
        assert (await stack.listed(name))["sizeBytes"] == size_bytes
