"""What the client finds out of two generations: which weights have changed, and where they lie."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conversion.declared import needs_node

SOURCE = Path(__file__).parents[3] / "tfjs_serve/browser/pages/scripts/client"
SCRIPT = """
import { readFileSync } from "node:fs";
const weights = await import(process.argv[1] + "/weights.js");
const { addressOf, isAbout, isAboutVariant } = await import(process.argv[1] + "/addresses.js");
const { call, given } = JSON.parse(readFileSync(0, "utf8"));
const calls = {
  places: ({ document, sizes }) => weights.placesOf(document, new Map(Object.entries(sizes))),
  structures: (documents) => documents.map(weights.structureOf),
  bytes: ({ document, sizes, name }) => {
    const bytes = Object.entries(sizes).map(([path, size], at) =>
      [path, new Uint8Array(size).map((_, index) => 16 * at + index)]);
    const places = weights.placesOf(document, new Map(Object.entries(sizes)));
    const place = places.find(({ spec }) => spec.name === name);
    return [...new Uint8Array(weights.bytesAt(place, new Map(bytes)))];
  },
  about: ({ url, root, events }) => events.map((event) => {
    const address = addressOf(url, root);
    return [isAbout(address, event), isAboutVariant(address, event)];
  }),
};
process.stdout.write(JSON.stringify(calls[call](given)));
"""

pytestmark = needs_node


def node(call: str, given: object) -> Any:
    command = ["node", "--input-type=module", "-e", SCRIPT, str(SOURCE)]
    asked = json.dumps({"call": call, "given": given})
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    return json.loads(done.stdout)


def spec(name: str, *shape: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "dtype": "float32", **more}


def document(*groups: tuple[list[str], list[dict[str, Any]]], **more: Any) -> dict[str, Any]:
    manifest = [{"paths": paths, "weights": specs} for paths, specs in groups]
    return {"modelTopology": {"a": 1}, "weightsManifest": manifest, **more}


MODEL = document((["s1", "s2"], [spec("a", 2), spec("b", 3), spec("c")]), (["s3"], [spec("d", 1)]))
SIZES = {"s1": 12, "s2": 12, "s3": 4}


def test_weights_lie_one_after_the_other_and_may_cross_shards() -> None:
    found = {
        place["spec"]["name"]: place["pieces"]
        for place in node("places", {"document": MODEL, "sizes": SIZES})
    }
    assert found == {
        "a": [{"path": "s1", "from": 0, "to": 8}],
        "b": [{"path": "s1", "from": 8, "to": 12}, {"path": "s2", "from": 0, "to": 8}],
        "c": [{"path": "s2", "from": 8, "to": 12}],
        "d": [{"path": "s3", "from": 0, "to": 4}],
    }
    given = {"document": MODEL, "sizes": SIZES, "name": "b"}
    assert node("bytes", given) == [8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23]


def test_files_of_another_size_than_their_weights_are_noticed() -> None:
    with pytest.raises(ValueError, match="the weights have 24 bytes, and their files 25"):
        node("places", {"document": MODEL, "sizes": {**SIZES, "s2": 13}})


def marks(given: dict[str, Any], sizes: dict[str, int]) -> dict[str, str]:
    places = node("places", {"document": given, "sizes": sizes})
    return {place["spec"]["name"]: place["mark"] for place in places}


def test_a_weight_is_the_same_at_the_same_place_of_the_same_shard() -> None:
    other = json.loads(json.dumps(MODEL).replace("s2", "n2"))
    before, after = marks(MODEL, SIZES), marks(other, {"s1": 12, "n2": 12, "s3": 4})
    assert {name for name in before if before[name] != after[name]} == {"b", "c"}


def test_equal_bytes_that_mean_other_numbers_are_a_change() -> None:
    def quantized(scale: float) -> dict[str, Any]:
        how = {"dtype": "uint8", "min": 0, "scale": scale, "original_dtype": "float32"}
        return document((["s"], [spec("a", 8, quantization=how), spec("b", 1)]))

    before, after = marks(quantized(1), {"s": 12}), marks(quantized(2), {"s": 12})
    assert before["a"] != after["a"]
    assert before["b"] == after["b"]
    same, also = node("structures", [quantized(1), quantized(2)])
    assert same == also


@pytest.mark.parametrize(
    "change",
    [
        {"modelTopology": {"a": 2}},
        {"trainingConfig": {"loss": "mse"}},
        {"weightsManifest": [{"paths": ["s"], "weights": [spec("a", 3)]}]},
        {"weightsManifest": [{"paths": ["s"], "weights": [spec("b", 2)]}]},
        {"weightsManifest": [{"paths": ["s"], "weights": [spec("a", 2, dtype="int32")]}]},
    ],
)
def test_what_else_differs_makes_another_model(change: dict[str, Any]) -> None:
    model = document((["s"], [spec("a", 2)]))
    same, other = node("structures", [model, {**model, **change}])
    assert same != other
    same, other = node("structures", [model, {**model, "userDefinedMetadata": {"x": 1}}])
    assert same == other


ROOT = "http://localhost/proxy/8000/"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/iris/model.json?x", [[True, True], [True, False], [False, True]]),
        ("a/iris.h5/model.json", [[True, True], [True, False], [False, True]]),
        ("a/iris@uint8/model.json", [[True, False], [True, True], [False, True]]),
        ("a%2Firis/model.json", [[True, True], [True, False], [False, True]]),
        ("b/iris/model.json", [[False, True], [False, False], [False, True]]),
    ],
)
def test_events_are_about_the_model_at_a_url(path: str, expected: list[list[bool]]) -> None:
    about = {"name": "a/iris", "exactName": "a/iris.h5"}
    events = [
        {**about, "variant": "full", "isDefault": True},
        {**about, "variant": "uint8", "isDefault": False},
        {"name": "a/iris2", "exactName": "a/iris2.h5"},
    ]
    assert node("about", {"url": ROOT + path, "root": ROOT, "events": events}) == expected
