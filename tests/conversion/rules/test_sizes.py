"""Absurd sizes in a file: no tensor, weight or loop of such a size is made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.conversion.building import Json, given, layer, saved, sequential
from tests.conversion.model.test_bounds import refused, relus
from tfjs_serve.conversion.all_rules import rules
from tfjs_serve.conversion.model.sources import computed_source, constant, reshaped_source
from tfjs_serve.conversion.operations.specs.joining import section_lengths
from tfjs_serve.conversion.rules.context import LayerContext, TfjsLayer, Translate
from tfjs_serve.conversion.small_models import small_model
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError

SIZES: dict[str, Json] = {
    "an input": sequential([given("x", (None, 1 << 20, 1 << 20)), layer("ReLU", "r")]),
    "what a layer adds": sequential(
        [given("x", (None, 4)), layer("RepeatVector", "r", n=10**9), layer("ReLU", "s")]
    ),
    "a flag": sequential([given("x", (None, True)), layer("ReLU", "r")]),
    "a text": sequential([given("x", (None, "4")), layer("ReLU", "r")]),
    "a fraction": sequential([given("x", (None, 4.5)), layer("ReLU", "r")]),
    "a batch of less than nothing": sequential([given("x", (-2, 4)), layer("ReLU", "r")]),
    "less than nothing": sequential(
        [given("x", (None, 9, 9, 3)), layer("ZeroPadding2D", "r", padding=-9)]
    ),
}


@pytest.mark.parametrize("what", SIZES)
def test_tensors_that_no_page_can_hold_are_refused(what: str) -> None:
    error = refused(SIZES[what])
    assert isinstance(error, ConversionError)
    found = {(problem.code, problem.layer_path) for problem in error.problems}
    assert found & {("impossible-shape", "m/x"), ("impossible-shape", "m/r")}


def let_all_rules(do: Translate, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {name: replace(rule, translate=do) for name, rule in rules().items()}
    monkeypatch.setattr("tfjs_serve.conversion.translate.rules", lambda: changed)


def test_rules_do_not_try_what_no_page_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def translate_any(context: LayerContext) -> TfjsLayer:
        tried.append(context.layer.path)
        return TfjsLayer(class_name="ReLU", config={})

    let_all_rules(translate_any, monkeypatch)
    refused(SIZES["what a layer adds"])
    assert tried == ["m/x", "m/s"]


def test_no_vocabulary_is_made_of_its_indices_for_unknown_tokens() -> None:
    lookup = layer("StringLookup", "v", vocabulary=["a", "b"], num_oov_indices=10**18)
    assert translate(saved(sequential([given("x", (None, 1)), lookup])))


@pytest.mark.parametrize("sections", [0, -1, 10_001, 10**18])
def test_no_tensor_is_split_into_too_many_parts(sections: int) -> None:
    for size in (None, 10):
        with pytest.raises(ValueError, match=f"{sections} parts"):
            section_lengths(size, sections)


def test_sizes_may_be_written_as_fractions() -> None:
    assert translate(saved(sequential([given("x", (None, 4.0)), layer("ReLU", "r")])))


def test_a_layer_that_would_become_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_model, "MAXIMUM_LAYERS", 1)
    pooling = layer("GlobalAveragePooling2D", "p", keepdims=True)
    error = refused(sequential([given("x", (None, 9, 9, 6)), pooling]))
    assert isinstance(error, ConversionError)
    (problem,) = error.problems
    assert (problem.layer_path, problem.code) == ("m/p", "bad-config")
    assert "more than 1 layers" in problem.message


def test_a_layer_that_asks_for_too_much_memory_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_context: LayerContext) -> TfjsLayer:
        raise MemoryError

    let_all_rules(fail, monkeypatch)
    error = refused(sequential(relus(1)))
    assert isinstance(error, ConversionError)
    assert {problem.layer_path for problem in error.problems} == {"m/x", "m/r0"}


@pytest.mark.parametrize("shape", [(-1, -6), (1 << 20, 1 << 20)])
def test_weights_of_absurd_shapes_are_not_computed(shape: tuple[int, ...]) -> None:
    source = constant(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="shape"):
        computed_source(lambda values: values, source, shape=shape)
    with pytest.raises(ValueError, match="cannot become"):
        reshaped_source(source, shape)
