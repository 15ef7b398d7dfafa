"""Small files that describe huge models are refused before they cost time or memory."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import pytest

from tests.conversion.building import Json, call, functional, given, layer, saved, sequential
from tfjs_serve.conversion.model import bounds
from tfjs_serve.conversion.model.report import Report
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError, KerasFileError, TfjsServeError, UnsafeFileError

SHAPE = (None, 4)


def refused(config: Json, generation: int = 3) -> TfjsServeError:
    with pytest.raises((KerasFileError, ConversionError)) as raised:
        translate(saved(config, generation=generation))
    assert raised.value.message.startswith("model.h5")
    assert raised.value.hint
    return raised.value


def relus(count: int) -> list[Json]:
    return [given("x", SHAPE), *(layer("ReLU", f"r{index}") for index in range(count))]


def called_twice(inner: Json | None, depth: int) -> Json:
    """Return a model that calls a nested model twice, which does the same: 2**depth calls."""
    inner = inner or layer("ReLU", "inner")
    inner = {**inner, "name": inner["config"]["name"]}
    inner["inbound_nodes"] = [call(("x", 0, 0)), call((inner["name"], 0, 0))]
    layers = [given("x", SHAPE), inner]
    model = functional(
        layers,
        [("x", 0, 0)],
        [(inner["name"], 1 + (inner["class_name"] == "Functional"), 0)],
        name=f"m{depth}",
    )
    return called_twice(model, depth - 1) if depth else model


def wrapped(class_name: str, depth: int, **config: Any) -> Json:
    inner = layer("LSTM", "inner", units=2, return_sequences=True)
    for index in range(depth):
        inner = layer(class_name, f"w{index}", layer=inner, **config)
    return inner


def per_step(depth: int) -> Json:
    """Return models that are applied to each step of each step ..."""
    inner = sequential([layer("ReLU", "r")], name="s")
    for index in range(depth):
        step = layer("TimeDistributed", f"t{index}", layer=inner)
        inner = sequential([step], name=f"s{index}")
    inner["config"]["layers"].insert(0, given("x", (None, *(1,) * depth, 4)))
    return inner


BOMBS: dict[str, tuple[Json, str]] = {
    "models called twice": (called_twice(None, 30), "runs its layers more than 100000 times"),
    "layers run twice for each step": (per_step(15), "runs its layers more than 100000 times"),
    "both directions of both directions": (
        sequential([given("x", (None, 2, 3)), wrapped("Bidirectional", 28)]),
        "more than 10000 layers",
    ),
    "layers": (sequential(relus(10_000)), "more than 10000 layers"),
    "layers in layers": (
        sequential([given("x", SHAPE), wrapped("TimeDistributed", 40)]),
        "nests layers deeper than 32 levels",
    ),
    "calls": (
        functional(
            [given("x", SHAPE), layer("ReLU", "r", [call(("x", 0, 0))] * 20_001)],
            [("x", 0, 0)],
            [("r", 0, 0)],
        ),
        "calls its layers more than 20000 times",
    ),
    "inputs of a call": (
        functional(
            [given("x", SHAPE), layer("Add", "sum", [call(*[("x", 0, 0)] * 50_001)])],
            [("x", 0, 0)],
            [("sum", 0, 0)],
        ),
        "more than 50000 inputs",
    ),
    "outputs": (
        functional([given("x", SHAPE)], [("x", 0, 0)], [("x", 0, 0)] * 1_000),
        "more than 1000 inputs and outputs",
    ),
    "outputs that depend on much": (
        functional(
            [given("x", SHAPE), layer("Add", "sum", [call(*[("x", 0, 0)] * 10_000)])],
            [("x", 0, 0)],
            [("sum", 0, 0)] * 501,
        ),
        "too many outputs for so many calls",
    ),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_model_that_is_too_large_is_refused(what: str) -> None:
    config, said = BOMBS[what]
    error = refused(config, generation=2 if "directions" in what else 3)
    assert isinstance(error, UnsafeFileError)
    assert said in error.message


def chain(count: int, turned: bool) -> Json:
    """Return a chain of layers, listed from the last to the first if `turned`."""
    names = ["x", *(f"r{index}" for index in range(count))]
    layers = [
        layer("ReLU", name, [call((before, 0, 0))]) for before, name in itertools.pairwise(names)
    ]
    layers = layers[::-1] if turned else layers
    return functional([given("x", SHAPE), *layers], [("x", 0, 0)], [(names[-1], 0, 0)])


def test_layers_in_an_order_that_tfjs_loads_too_slowly_are_refused() -> None:
    error = refused(chain(1_100, turned=True))
    assert isinstance(error, ConversionError)
    assert "takes too long" in error.problems[0].message


@pytest.mark.parametrize("turned", [False, True])
def test_long_chains_are_translated(turned: bool) -> None:
    """No part of the translation recurses along the graph."""
    topology = translate(saved(chain(900, turned))).topology
    assert len(topology["model_config"]["config"]["layers"]) == 901


def test_a_cycle_is_refused() -> None:
    layers = [
        given("x", SHAPE),
        layer("Add", "a", [call(("x", 0, 0), ("b", 0, 0))]),
        layer("ReLU", "b", [call(("a", 0, 0))]),
    ]
    error = refused(functional(layers, [("x", 0, 0)], [("b", 0, 0)]))
    assert isinstance(error, ConversionError)
    assert {problem.layer_path for problem in error.problems} == {"m/a", "m/b"}
    assert "part of a cycle" in error.problems[0].message


def test_models_whose_shapes_nothing_tells_are_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0

    def counted(*arguments: Any) -> Any:
        nonlocal looks
        looks += 1
        return infer(*arguments)

    module = sys.modules["tfjs_serve.conversion.stored.missing_shapes"]
    infer = module.infer
    monkeypatch.setattr(module, "infer", counted)
    inner = [sequential([layer("ReLU", f"r{index}")], name=f"s{index}") for index in range(50)]
    error = refused(sequential([layer("NoSuchLayer", "first"), *inner]))
    assert isinstance(error, ConversionError)
    assert looks < 5


def test_two_layers_of_one_name_are_refused() -> None:
    error = refused(sequential([given("x", SHAPE), *[layer("ReLU", "r")] * 3]))
    assert isinstance(error, ConversionError)
    assert "Two of its layers are called 'r'" in error.problems[0].message


NAMES = {
    "a\nGET /": "cannot be shown",
    "a\x1b[2J": "cannot be shown",
    "a\x00": "cannot be shown",
    "a\ud800": "cannot be shown",
    "a\u2028b": "cannot be shown",
    "a\u202egnp.exe": "cannot be shown",
    "../../etc/passwd": "a path that leads elsewhere",
    "a/../b": "a path that leads elsewhere",
    "..\\b": "a path that leads elsewhere",
    "x" * 1001: "has 1001 characters",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["layer", "model", "class"])
def test_names_that_deceive_are_refused(name: str, place: str) -> None:
    names = {"layer": "r", "model": "m", "class": "ReLU"} | {place: name}
    layers = [given("x", SHAPE), layer(names["class"], names["layer"])]
    error = refused(sequential(layers, name=names["model"]))
    assert isinstance(error, UnsafeFileError)
    assert NAMES[name] in error.message
    assert error.message.isprintable()
    assert len(error.message) < 200


@pytest.mark.parametrize("name", ["größe", "層_1", "block/conv", "a..b", "x:0", "🙂‍↕️", "_hidden"])
def test_unusual_names_are_taken(name: str) -> None:
    assert translate(saved(sequential([given("x", SHAPE), layer("ReLU", name)])))


def test_a_report_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [layer("NoSuchLayer", f"n{index}", odd="y" * 10_000) for index in range(1_500)]
    error = refused(sequential([given("x", SHAPE), *layers]))
    assert isinstance(error, ConversionError)
    assert "1500 problems" in error.message
    assert len(error.problems) == 1_000
    assert max(len(problem.message) for problem in error.problems) <= 2_000


def test_warnings_stay_few() -> None:
    report = Report("m.h5")
    config = sequential(relus(1_200))
    for index, _entry in enumerate(config["config"]["layers"]):
        report.warn(_layer(f"l{index}"), "is odd.")
    assert len(report.warnings) == 1_001
    assert report.warnings[-1] == "201 more warnings."


def _layer(name: str) -> Any:
    from tfjs_serve.conversion.spelling.normalize import normalize

    return normalize(sequential([], name=name), 3, Report("m.h5"))


@pytest.mark.parametrize("exception", [RecursionError(), MemoryError(), ZeroDivisionError()])
def test_what_python_raises_names_the_file(
    monkeypatch: pytest.MonkeyPatch, exception: Exception
) -> None:
    def fail(*_arguments: object) -> None:
        raise exception

    monkeypatch.setattr(sys.modules["tfjs_serve.conversion.translate"], "check_loadable", fail)
    assert "its architecture" in refused(sequential(relus(1))).message


def test_the_bounds_leave_room_for_real_models() -> None:
    """The largest of keras.applications, NASNetLarge, has 1,041 layers and 1,300 references."""
    assert bounds.MAXIMUM_LAYERS > 5 * 1_041
    assert bounds.MAXIMUM_REFERENCES > 5 * 1_300
