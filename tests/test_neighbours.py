from __future__ import annotations

from pathlib import Path

import pytest

from tfjs_serve.layers_model.digests import shard_name
from tfjs_serve.neighbours import (
    NEIGHBOURS,
    OF_KERAS_MODELS,
    is_like_neighbour,
    original_name,
    path_with_name,
    shard_at,
)
from tfjs_serve.web.urls import ModelFile, parse_target

SHARD = shard_name("0123456789abcdef" * 4)
PATH = path_with_name(SHARD, "model.weights.bin")


def test_a_path_ends_with_the_name_and_means_the_shard() -> None:
    assert PATH.rpartition("/")[2] == "model.weights.bin"
    assert shard_at(PATH) == SHARD
    assert original_name(PATH) == "model.weights.bin"


@pytest.mark.parametrize("path", [SHARD, "a/b.bin", f"{SHARD}/b.bin", f"a/{PATH}", f"{PATH}.html"])
def test_any_other_path_means_itself(path: str) -> None:
    assert shard_at(path) == path


@pytest.mark.parametrize(
    ("target", "name"), [(f"/a/{PATH}", "a"), (f"/a/b@uint8/{PATH}?x=1", "a/b@uint8")]
)
def test_the_url_of_such_a_path_names_the_shard_of_the_model(target: str, name: str) -> None:
    found = parse_target(target)
    assert isinstance(found, ModelFile)
    assert (found.file_name, found.addresses[0].name) == (SHARD, name)
    assert found.page[0].name == f"{name}/{PATH}"


def test_without_a_model_it_is_a_model_of_that_name() -> None:
    found = parse_target(f"/{PATH}")
    assert isinstance(found, ModelFile)
    assert (found.file_name, found.addresses[0].name) == (
        "model.weights.bin",
        SHARD.removesuffix(".bin"),
    )


@pytest.mark.parametrize("name", [*NEIGHBOURS, *(f"cats.{name}" for name in OF_KERAS_MODELS)])
def test_events_about_neighbours_are_hints(name: str) -> None:
    assert is_like_neighbour(name)


@pytest.mark.parametrize("name", ["notes.txt", "labels.csv", "cats.dict.txt", "labels.txt.tmp"])
def test_nothing_else_is_like_one(name: str) -> None:
    assert not is_like_neighbour(name)


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_the_docs_list_all_of_them(name: str) -> None:
    page = Path(__file__).parents[1] / "docs/serving.md"
    assert f"`{name}`" in page.read_text(encoding="utf-8")
