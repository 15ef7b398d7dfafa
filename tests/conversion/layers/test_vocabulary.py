"""Vocabularies of lookup layers, wherever a file keeps them, and inputs that keep their digits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.conversion.building import call, functional, given, layer, saved, sequential, weight
from tfjs_serve.conversion.layers.categories import boundaries_of
from tfjs_serve.conversion.layers.shared.vocabulary import Vocabulary, column_weights, vocabulary_of
from tfjs_serve.conversion.model.layers import KerasLayer
from tfjs_serve.conversion.stored.file_arguments import with_file_arguments
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files import Container


def lookup(class_name: str = "StringLookup", **config: Any) -> KerasLayer:
    return KerasLayer(
        class_name=class_name,
        name="it",
        path="m/it",
        config=config,
        dtype="float32",
        generation=3,
    )


def known(class_name: str = "StringLookup", **config: Any) -> Vocabulary:
    vocabulary = vocabulary_of(lookup(class_name, **config))
    assert vocabulary is not None
    return vocabulary


@pytest.mark.parametrize(
    ("config", "first", "start"),
    [
        ({}, 0, 1),
        ({"mask_token": ""}, 1, 2),
        ({"mask_token": "", "output_mode": "count"}, 0, 1),
        ({"mask_token": "", "num_oov_indices": 3}, 1, 4),
        ({"num_oov_indices": 0}, 0, 0),
    ],
)
def test_masks_and_unknown_tokens_come_first(
    config: dict[str, Any], first: int, start: int
) -> None:
    vocabulary = known(vocabulary=["a", "b"], **config)
    assert (vocabulary.first, vocabulary.start, vocabulary.depth) == (first, start, start + 2)


def test_a_vocabulary_may_begin_with_special_tokens_or_not() -> None:
    config = {"mask_token": "", "num_oov_indices": 2}
    bare = known(vocabulary=["a", "b"], **config)
    assert known(vocabulary=["", "[UNK]", "[UNK]", "a", "b"], **config) == bare
    assert known(vocabulary=["", "[UNK]", "a"], **config).tokens == ["", "[UNK]", "a"]


@pytest.mark.parametrize("spelling", [{"value": "a"}, {"config": {"value": "a"}}])
def test_tokens_of_a_tensor_are_unwrapped(spelling: dict[str, Any]) -> None:
    assert known(vocabulary=[{"class_name": "__bytes__", **spelling}, "b"]).tokens == ["a", "b"]


def test_padding_widens_the_output() -> None:
    assert known(vocabulary=["a"], max_tokens=9).depth == 2
    assert known(vocabulary=["a"], max_tokens=9, pad_to_max_tokens=True).depth == 9


def test_large_numbers_and_many_unknown_ones_are_not_for_layers() -> None:
    assert known("IntegerLookup", vocabulary=[1, -2]).fits_layers
    assert not known("IntegerLookup", vocabulary=[1, 1 << 24]).fits_layers
    assert not known("IntegerLookup", vocabulary=[1], num_oov_indices=2).fits_layers


def test_unknown_tokens_weigh_what_tokens_weigh_on_average() -> None:
    config = {"vocabulary": ["a", "b"], "idf_weights": [1.0, 3.0], "output_mode": "tf_idf"}
    padded = {**config, "max_tokens": 5, "pad_to_max_tokens": True}
    for arguments, expected in ((config, [2, 1, 3]), (padded, [2, 1, 3, 0, 0])):
        vocabulary = known(**arguments)
        assert column_weights(lookup(**arguments), vocabulary, []) == expected
    assert column_weights(lookup(**config), known(**config), [7.0, 8.0, 9.0]) == [7, 8, 9]


def in_archive(text: str, generation: int, class_name: str = "StringLookup") -> list[Any]:
    """Return the vocabulary of a layer that has learned it."""
    path = {"StringLookup": "string_lookup", "IntegerLookup": "integer_lookup"}[class_name]
    file = saved(sequential([]), generation=generation, container=Container.KERAS_ZIP)
    child = replace(lookup(class_name, vocabulary=None), generation=generation)
    model = replace(child, class_name="Sequential", path="m", config={}, children=(child,))
    whole = with_file_arguments(model, replace(file, vocabularies={f"layers/{path}": text}))
    vocabulary: list[Any] = whole.children[0].config["vocabulary"]
    return vocabulary


def test_a_learned_vocabulary_lies_beside_the_configuration() -> None:
    assert in_archive("[UNK]\nred\nblue", 3) == ["[UNK]", "red", "blue"]
    assert in_archive("-1\n7\n3", 3, "IntegerLookup") == [-1, 7, 3]


def test_each_generation_reads_its_lines() -> None:
    assert in_archive("a\nb\u2028c\n", 3) == ["a", "b", "c"]
    assert in_archive("a\nb\u2028c\n", 2) == ["a", "b\u2028c", ""]


def test_a_vocabulary_that_is_nowhere_is_reported() -> None:
    for vocabulary, hint in ((None, "not in the file"), ("/data/words.txt", "words.txt")):
        word = layer("StringLookup", "it", vocabulary=vocabulary, vocabulary_size=3)
        model = saved(sequential([given("x", (None, 1)), word]))
        with pytest.raises(ConversionError) as raised:
            translate(model)
        (problem,) = raised.value.problems
        assert problem.code == "no-vocabulary"
        assert hint in problem.message
        assert ".keras" in problem.hint


def input_dtype(*takers: dict[str, Any], dtype: str = "int64") -> str:
    """Return the dtype of the input of a model in which some layers take it."""
    source = given("x", (None, 1))
    source["config"]["dtype"] = dtype
    layers = [
        {**taker, "name": f"taker_{index}", "inbound_nodes": [call(("x", 0, 0))]}
        for index, taker in enumerate(takers)
    ]
    for taker in layers:
        taker["config"] = {**taker["config"], "name": taker["name"]}
    outputs = [(taker["name"], 0, 0) for taker in layers]
    topology = translate(saved(functional([source, *layers], [("x", 0, 0)], outputs))).topology
    found: str = topology["model_config"]["config"]["layers"][0]["config"]["dtype"]
    return found


def test_hashed_numbers_keep_all_of_their_digits() -> None:
    hashing = layer("Hashing", "hash", num_bins=5)
    encoding = layer("CategoryEncoding", "code", num_tokens=5)
    small = layer("IntegerLookup", "look", vocabulary=[1, 2])
    large = layer("IntegerLookup", "look", vocabulary=[1, 1 << 30])
    assert input_dtype(hashing, large) == "int32"
    assert input_dtype(hashing, encoding) == "float32"
    assert input_dtype(small) == "float32"
    assert input_dtype(hashing, dtype="string") == "string"


def test_boundaries_learned_by_keras_2_split_the_weight_evenly() -> None:
    numbers = np.arange(100.0)
    boundaries = boundaries_of(weight(np.stack([numbers, np.ones(100)])), 4)
    assert boundaries == pytest.approx([24, 49, 74])
    assert boundaries_of(weight([[1.0, 2.0], [1.0, 1.0]]), 5) == [1.0]
