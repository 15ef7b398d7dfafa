"""Each version of Keras that writes archives has other paths for the variables of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.stored.archive_paths import object_paths

OLD = "_layer_checkpoint_dependencies"


def layer(
    class_name: str, name: str, *children: KerasLayer, generation: int = 2, **config: object
) -> KerasLayer:
    return KerasLayer(
        class_name=class_name,
        name=name,
        path=name,
        config=config,
        dtype="float32",
        generation=generation,
        children=children,
    )


def paths(model: KerasLayer, saved: Sequence[str]) -> dict[str, str]:
    """Return the paths of all Dense layers by name; the other layers have no weights."""
    variables: Mapping[str, Sequence[int]] = {
        path: [0] if "dense" in path.rpartition("/")[2] else [] for path in saved
    }

    def has_weights(tested: KerasLayer) -> bool:
        return any(inner.class_name == "Dense" for inner in tested.walk())

    found = object_paths(model, variables, has_weights)
    return {inner.name: path for inner, path in found if inner.class_name == "Dense"}


def stack(generation: int = 2) -> KerasLayer:
    names = {"a": "Dense", "r": "ReLU", "b": "Dense", "s": "ReLU", "c": "Dense"}
    layers = [layer(kind, name, generation=generation) for name, kind in names.items()]
    return layer("Sequential", "m", *layers, generation=generation)


@pytest.mark.parametrize(
    ("attribute", "numbers"),
    [("layers", ("", "_1", "_2")), (OLD, ("", "_1", "_2")), (OLD, ("", "_2", "_4"))],
    ids=["2.15", "2.14", "2.13"],
)
def test_numbers_of_layers_of_one_class(attribute: str, numbers: Sequence[str]) -> None:
    dense = [f"{attribute}/dense{number}" for number in numbers]
    saved = [*dense, f"{attribute}/re_lu", f"{attribute}/re_lu_1"]
    assert paths(stack(), saved) == dict(zip("abc", dense, strict=True))


def shared_by_two(generation: int) -> KerasLayer:
    shared = layer("Dense", "shared", generation=generation, units=4)
    first = layer("Sequential", "first", shared, generation=generation)
    last = layer("Dense", "last", generation=generation, units=5)
    second = layer("Sequential", "second", shared, last, generation=generation)
    return layer("Functional", "m", first, second, generation=generation)


@pytest.mark.parametrize(
    ("generation", "attribute", "second", "expected"),
    [
        (3, "layers", "sequential_1", "dense_1"),
        (2, "layers", "sequential_1", "dense"),
        (2, OLD, "sequential_1", "dense"),
        (2, OLD, "sequential_2", "dense_2"),
    ],
    ids=["3", "2.15", "2.14", "2.13"],
)
def test_a_layer_that_was_met_before_counts_or_does_not(
    generation: int, attribute: str, second: str, expected: str
) -> None:
    first = f"{attribute}/sequential/{attribute}/dense"
    last = f"{attribute}/{second}/{attribute}/{expected}"
    found = paths(shared_by_two(generation), [first, last])
    assert found["last"] == last


def test_a_layer_that_only_looks_like_another_counts() -> None:
    twins = [
        layer("Sequential", name, layer("Dense", "a", units=4), layer("Dense", "b", units=4))
        for name in ("first", "second")
    ]
    model = layer("Functional", "m", *twins)
    saved = [
        f"layers/{outer}/layers/{inner}"
        for outer in ("sequential", "sequential_1")
        for inner in ("dense", "dense_1")
    ]
    assert [
        path
        for inner, path in object_paths(model, {group: [0] for group in saved})
        if path in saved
    ] == saved


def test_cells_are_counted_once_in_every_version() -> None:
    cells = [layer("Dense", name) for name in "abc"]
    stacked = layer("StackedRNNCells", "cells", *cells)
    model = layer("Sequential", "m", layer("RNN", "rnn", stacked))
    names = [f"{OLD}/rnn/cell/cells/{name}" for name in ("dense", "dense_1", "dense_2")]
    assert list(paths(model, names).values()) == names
