"""Which weights are stored otherwise than the rest, because of their names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tfjs_serve.errors import ConversionError
from tfjs_serve.layers_model.by_name import notes_on_patterns
from tfjs_serve.layers_model.model import ArraySource, LayersModel, LayersWeight
from tfjs_serve.layers_model.writer import write_layers_model
from tfjs_serve.settings import ConversionOptions, Variant

from .tfjs_decoding import decode_model, read_manifest

U8, U16, F16, FULL = Variant.UINT8, Variant.UINT16, Variant.FLOAT16, Variant.FULL
NAMES = ("conv/kernel", "conv/bias", "dense/kernel", "dense/bias", "Dense/Kernel")


def model(*names: str, saved: dict[str, str] | None = None) -> LayersModel:
    values = np.linspace(-1, 2, 9, dtype=np.float32)
    return LayersModel(
        topology={"a": 1},
        weights=tuple(
            LayersWeight(
                name=name,
                source=ArraySource(values),
                saved_names=(saved[name],) if saved and name in saved else (),
            )
            for name in names
        ),
        generated_by="keras 3.0.0",
    )


def stored(tmp_path: Path, given: LayersModel, options: ConversionOptions) -> list[str]:
    """Return the dtypes in which weights are stored, having decoded them."""
    write_layers_model(given, tmp_path, options, lambda done, total: None)
    for values in decode_model(tmp_path).values():
        np.testing.assert_allclose(values, np.linspace(-1, 2, 9), atol=3 / 255)
    (group,) = read_manifest(tmp_path)
    return [one.get("quantization", one)["dtype"] for one in group["weights"]]


@pytest.mark.parametrize(
    ("rest", "by_name", "expected"),
    [
        (FULL, ((U8, ("*kernel",)),), "uint8 float32 uint8 float32 float32"),
        (FULL, ((U8, ("conv/*",)), (F16, ("dense/*",))), "uint8 uint8 float16 float16 float32"),
        (U16, ((U8, ("conv/*", "*/bias")),), "uint8 uint8 uint16 uint8 uint16"),
        (FULL, ((U8, ("conv/kernel", "*/bias")),), "uint8 uint8 float32 uint8 float32"),
        (U8, ((U8, ("conv/*",)),), "uint8 uint8 uint8 uint8 uint8"),
        (FULL, ((U8, ("?ense/[Kk]*",)),), "float32 float32 uint8 float32 uint8"),
    ],
)
def test_patterns_decide_before_the_rest(
    tmp_path: Path, rest: Variant, by_name: tuple, expected: str
) -> None:
    options = ConversionOptions(variant=rest, by_name=by_name)
    assert stored(tmp_path, model(*NAMES), options) == expected.split()


def test_a_pattern_may_be_of_the_name_in_the_file(tmp_path: Path) -> None:
    given = model("a/kernel", "a/bias", saved={"a/kernel": "lstm/lstm_cell/kernel"})
    options = ConversionOptions(by_name=((U8, ("lstm/lstm_cell/*",)),))
    assert stored(tmp_path, given, options) == ["uint8", "float32"]


def test_a_weight_that_is_to_be_stored_in_two_ways_is_a_problem(tmp_path: Path) -> None:
    options = ConversionOptions(by_name=((U8, ("conv/*",)), (F16, ("*/kernel",))))
    with pytest.raises(ConversionError) as caught:
        write_layers_model(model(*NAMES), tmp_path, options, lambda done, total: None)
    (problem,) = caught.value.problems
    assert (problem.code, problem.layer_path) == ("two-quantizations", "conv/kernel")
    assert "uint8 and float16" in problem.message
    assert list(tmp_path.iterdir()) == []


def test_whole_numbers_stay_whatever_their_name_is(tmp_path: Path) -> None:
    weights = (LayersWeight(name="count", source=ArraySource(np.arange(3, dtype=np.int32))),)
    given = LayersModel(topology={}, weights=weights, generated_by="")
    options = ConversionOptions(by_name=((F16, ("*",)),))
    write_layers_model(given, tmp_path, options, lambda done, total: None)
    assert decode_model(tmp_path)["count"].tolist() == [0, 1, 2]


def test_patterns_without_weights_are_noted() -> None:
    options = ConversionOptions(by_name=((U8, ("conv/*", "*weights")), (F16, ("dense",))))
    notes = notes_on_patterns(model(*NAMES).weights, options)
    assert [("'*weights'" in note, "'dense'" in note) for note in notes] == [
        (True, False),
        (False, True),
    ]
    assert "uint8" in notes[0]
    assert "conv/kernel" in notes[0]


def test_layers_have_shards_of_their_own(tmp_path: Path) -> None:
    layers = ("a", "a", "b", "c", "c")
    weights = tuple(
        LayersWeight(
            name=f"{layer}/{index}",
            source=ArraySource(np.full(100 * (index + 1), index, np.float32)),
            layer=layer,
        )
        for index, layer in enumerate(layers)
    )
    given = LayersModel(topology={}, weights=weights, generated_by="")
    options = ConversionOptions(by_layer=True, shard_size_bytes=1000)
    write_layers_model(given, tmp_path, options, lambda done, total: None)
    manifest = read_manifest(tmp_path)
    names = [[one["name"] for one in group["weights"]] for group in manifest]
    assert names == [["a/0", "a/1"], ["b/2"], ["c/3", "c/4"]]
    assert [len(group["paths"]) for group in manifest] == [2, 2, 4]
    for name, values in decode_model(tmp_path).items():
        assert set(values) == {int(name[2:])}


def test_too_many_shards_are_refused_before_any_is_written(tmp_path: Path) -> None:
    given = LayersModel(
        topology={},
        weights=(LayersWeight(name="w", source=ArraySource(np.zeros(10_000, np.float32))),),
        generated_by="",
    )
    options = ConversionOptions(shard_size_bytes=1)
    with pytest.raises(ConversionError) as caught:
        write_layers_model(given, tmp_path, options, lambda done, total: None)
    assert caught.value.problems[0].code == "too-many-shards"
    assert list(tmp_path.iterdir()) == []


def test_what_is_nothing_but_weights_has_no_topology(tmp_path: Path) -> None:
    given = LayersModel(topology={}, weights=model("a").weights, generated_by="")
    write_layers_model(given, tmp_path, ConversionOptions(), lambda done, total: None)
    document = json.loads((tmp_path / "model.json").read_text())
    assert document["modelTopology"] is None
    assert document["generatedBy"] is None
