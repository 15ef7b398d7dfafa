"""Names of layers in TensorFlow.js: accepted, all different, the user's own if they can be."""

from __future__ import annotations

import re
from contextlib import suppress

from hypothesis import given as drawn
from hypothesis import strategies as st

from tests.conversion.building import given, layer, saved, sequential
from tfjs_serve.conversion.model.bounds import Bounds
from tfjs_serve.conversion.translate import translate
from tfjs_serve.errors import UnsafeFileError

VALID = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._/]*")
"""``tensorNameRegex`` in ``tfjs-layers/src/common.ts``."""


def is_shown(name: str) -> bool:
    with suppress(UnsafeFileError):
        Bounds("m.h5").check_names(name, name)
        return True
    return False


names = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12
).filter(is_shown)


def translated_names(layer_names: list[str]) -> list[str]:
    layers = [given("x", (None, 3)), *(layer("ReLU", name) for name in layer_names)]
    config = translate(saved(sequential(layers))).topology["model_config"]["config"]
    return [entry["config"]["name"] for entry in config["layers"]]


@drawn(st.lists(names.filter(lambda name: name != "x"), unique=True, max_size=6))
def test_names_are_valid_and_all_different(layer_names: list[str]) -> None:
    found = translated_names(layer_names)
    assert all(VALID.fullmatch(name) for name in found)
    assert len(set(found)) == len(found)
    assert all(not hasattr(object, name) or name == "x" for name in found)


@drawn(st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), unique=True, max_size=6))
def test_names_that_tfjs_accepts_stay(layer_names: list[str]) -> None:
    layer_names = [name for name in layer_names if name not in ("x", "constructor")]
    assert translated_names(layer_names)[1:] == layer_names


def test_equal_names_in_two_nested_models_are_told_apart() -> None:
    """TF.js finds weights by the layer's name alone, whatever model it is in."""

    def nested(name: str) -> dict[str, object]:
        inner = [given("i", (None, 3)), layer("ReLU", "same")]
        return {**sequential(inner, name=name), "name": name}

    model = sequential([given("x", (None, 3)), nested("one"), nested("two")])
    translated = translate(saved(model))
    config = translated.topology["model_config"]["config"]
    inside = [entry["config"]["layers"][1]["config"]["name"] for entry in config["layers"][1:]]
    assert inside == ["same", "two_same"]
    assert any("two_same" in warning for warning in translated.warnings)


def test_a_member_of_every_javascript_object_is_no_name() -> None:
    assert translated_names(["constructor"])[1] != "constructor"
