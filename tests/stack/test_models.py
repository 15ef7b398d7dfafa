"""What is served under which name, and how often it is converted for that."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.stack.whole import Folder, Stack, running, shard_names
from tests.web.asking import ask, assert_problem
from tfjs_serve.settings import KIB, ServerSettings, Variant


async def test_a_hundred_requests_for_a_cold_model_are_one_conversion(
    stack: Stack, folder: Folder
) -> None:
    folder.save("iris.h5")
    folder.save("other.h5")
    answers = await asyncio.gather(*(ask(stack, "/iris/model.json") for _ in range(100)))
    assert {answer.status for answer in answers} == {200}
    assert len({(answer.headers["ETag"], answer.body) for answer in answers}) == 1
    assert stack.told() == ["started", "ready"]
    assert (stack.stored(), stack.stored("staging"), stack.stored("trash")) == (1, 0, 0)


async def test_looking_converts_nothing(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    for path in ("/", "/iris/", "/-/models.json", "/-/health", "/iris/w.bin"):
        await ask(stack, path)
    assert stack.told() == []
    assert stack.stored() == 0


async def test_variants_hold_the_same_weights_in_fewer_bytes(stack: Stack, folder: Folder) -> None:
    folder.save("digits.h5", sample="digits.h5")
    sizes, etags, kinds = {}, set(), {}
    for variant in Variant:
        document, shards = await stack.load(f"/digits@{variant.value}")
        sizes[variant] = sum(map(len, shards.values()))
        etags.add(document.headers["ETag"])
        weights = [w for group in document.json()["weightsManifest"] for w in group["weights"]]
        kinds[variant] = {w["quantization"]["dtype"] for w in weights if "quantization" in w}
    assert sizes[Variant.FULL] > 1.9 * sizes[Variant.FLOAT16] > 1.9 * 1.9 * sizes[Variant.UINT8]
    assert sizes[Variant.UINT16] == sizes[Variant.FLOAT16]
    assert len(etags) == len(Variant)
    assert kinds == {v: {v.value} if v.is_quantized else set() for v in Variant}
    assert sizes[Variant.TRAIN] > 2.9 * sizes[Variant.FULL]  # two moments for each weight
    assert (await stack.load("/digits"))[0].headers["ETag"] in etags
    assert stack.told() == ["started", "ready"] * len(Variant)
    assert_problem(await ask(stack, "/digits@int4/model.json"), 404, "no-such-variant")


@pytest.mark.parametrize("default", [Variant.FULL, Variant.UINT8])
async def test_a_tfjs_folder_is_served_as_it_is(
    settings: ServerSettings, folder: Folder, default: Variant
) -> None:
    source = folder.add_tfjs("old/cancer")
    async with running(replace(settings, default_variant=default)) as stack:
        before = await stack.listed("old/cancer/model.json")
        document, shards = await stack.load("/old/cancer")
        after = await stack.listed("old/cancer/model.json")
        refused = await ask(stack, "/old/cancer@uint8/model.json")
    names = [path for group in read_manifest(source) for path in group["paths"]]
    assert b"".join(shards.values()) == b"".join((source / name).read_bytes() for name in names)
    topology = json.loads((source / "model.json").read_bytes())["modelTopology"]
    assert document.json()["modelTopology"] == topology
    assert (before["state"], after["state"]) == ("found", "ready")
    assert (after["variant"], after["variants"]) == ("full", {})
    assert_problem(refused, 404, "no-such-variant")


def read_manifest(source: Path) -> list[dict[str, Any]]:
    manifest: list[dict[str, Any]] = json.loads((source / "model.json").read_bytes())[
        "weightsManifest"
    ]
    return manifest


async def test_what_is_wrong_with_a_tfjs_folder_is_told_without_its_place(
    stack: Stack, folder: Folder
) -> None:
    net = folder.add_tfjs("nets/net")
    document, _ = await stack.load("/nets/net")
    for shard in net.glob("*.bin"):
        shard.unlink()
    stale = await ask(stack, "/nets/net/model.json")
    assert stale.body == document.body
    assert stale.headers["Tfjs-Serve-Stale"].startswith("nets/net/")
    listed = await stack.listed("nets/net/model.json")
    assert listed["error"]["message"].startswith("nets/net/")
    page = await ask(stack, "/nets/net/")
    assert b"is part of the model, but cannot be found" in page.body


async def test_an_ambiguous_name_wants_the_exact_spelling(stack: Stack, folder: Folder) -> None:
    folder.save("iris.h5")
    shards_before = (await stack.load("/iris"))[1]
    folder.add_tfjs("iris")
    answer = await ask(stack, "/iris/model.json")
    assert_problem(answer, 409, "ambiguous-name")
    assert answer.json()["candidates"] == ["iris.h5", "iris/model.json"]
    from_file, from_folder = await stack.load("/iris.h5"), await stack.load("/iris/model.json")
    assert from_file[1] == shards_before
    assert from_folder[1] != shards_before
    for name in shards_before:
        assert (await ask(stack, f"/iris/{name}")).status == 200


async def test_small_shards_join_to_the_same_weights(
    settings: ServerSettings, folder: Folder
) -> None:
    folder.save("digits.h5", sample="digits.h5")
    async with running(settings) as stack:
        _, whole = await stack.load("/digits")
    async with running(replace(settings, shard_size_bytes=16 * KIB)) as stack:
        document, pieces = await stack.load("/digits")
    assert len(pieces) > 3
    assert max(map(len, pieces.values())) <= 16 * KIB
    joined = b"".join(pieces[name] for name in shard_names(document))
    assert joined == b"".join(whole.values())


async def test_two_servers_share_what_one_has_converted(
    settings: ServerSettings, folder: Folder
) -> None:
    folder.save("iris.h5")
    async with running(settings) as one, running(settings) as other:
        first, shards = await one.load("/iris")
        second, same_shards = await other.load("/iris")
        assert (second.headers["ETag"], same_shards) == (first.headers["ETag"], shards)
        assert (one.told(), other.told()) == (["started", "ready"], ["ready"])


@pytest.mark.parametrize(
    "path",
    [
        "/dl/net.json",
        "/dl/net.json/model.json",
        "/dl/net/model.json",
        "/dl/face.tflite",
        "/net.json",
    ],
)
async def test_who_asks_for_a_file_that_is_no_model_is_told_what_it_is(
    stack: Stack, folder: Folder, path: str
) -> None:
    (folder.path / "dl").mkdir()
    for name in ("dl/net.json", "dl/net.weights.bin", "dl/face.tflite", "net.json"):
        (folder.path / name).write_bytes(b"{}")
    (folder.path / "net.weights.bin").touch()
    await ask(stack, "/-/models.json")
    answer = await ask(stack, path)
    assert_problem(answer, 404, "no-such-model")
    assert "is no model: it is" in answer.json()["detail"]
    assert "face" in path or "as net/model.json" in answer.json()["hint"]
