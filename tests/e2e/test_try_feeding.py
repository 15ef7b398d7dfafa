"""What decides how a model is fed in its page."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Error

from .modules import Modules

# --- Inputs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "dtype", "tokens", "kinds"),
    [
        ([None, 8, 8, 1], "float32", 0, ["draw", "image", "camera", "numbers", "random"]),
        ([None, 28, 28], "float32", 0, ["draw", "image", "camera", "numbers", "random"]),
        ([None, 784], "float32", 0, ["draw", "image", "camera", "numbers", "random"]),
        ([None, 64], "float32", 0, ["numbers", "random", "draw", "image", "camera"]),
        ([None, 224, 224, 3], "float32", 0, ["image", "camera", "numbers", "random"]),
        ([None, None, None, 3], "float32", 0, ["image", "camera", "numbers", "random"]),
        ([None, 512, 512, 1], "float32", 0, ["image", "camera", "numbers", "random"]),
        ([None, 4], "float32", 0, ["numbers", "random"]),
        ([None, 24, 1], "float32", 0, ["numbers", "random"]),
        ([None, 16], "float32", 3, ["tokens", "numbers", "random"]),
        ([None, None], "int32", 0, ["tokens", "numbers", "random"]),
        ([None, 1], "int32", 0, ["numbers", "random"]),
        ([None, 1], "string", 0, ["text"]),
        (None, "float32", 0, ["numbers"]),
    ],
)
def test_the_shape_decides_how_an_input_is_fed(
    modules: Modules, shape: list[int | None] | None, dtype: str, tokens: int, kinds: list[str]
) -> None:
    given = {"shape": shape, "dtype": dtype}
    assert modules.call("feeding/kinds.js", "m.kindsOf(...a)", given, tokens) == kinds


def test_numbers_are_taken_from_json_and_from_words(modules: Modules) -> None:
    for text in ("1 2.5\n-3e2", "[[1, 2.5], [-300]]", "1;2.5,\t-300,"):
        assert modules.call("feeding/numbers.js", "m.numbersIn(...a)", text, 3) == [1, 2.5, -300]
    assert modules.call("feeding/numbers.js", "m.numbersIn(...a)", "true false", 2) == [1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2", "There are 2 numbers, and not 3."),
        ("1 two 3", "“two” is not a number."),
        ("[1, null, 3]", "“null” is not a number."),
        ("[1, 2, 3", "begins like JSON, but is not valid"),
        ("1 2 Infinity", "“Infinity” is not a number."),
    ],
)
def test_what_is_wrong_with_numbers_is_said(modules: Modules, text: str, message: str) -> None:
    with pytest.raises(Error, match=re.escape(message)):
        modules.call("feeding/numbers.js", "m.numbersIn(...a)", text, 3)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_rows_of_a_table_may_have_names(modules: Modules, separator: str) -> None:
    text = f'"length"{separator}width\r\n1{separator}2\r\n\r\n"3"{separator}4.5\r\n'
    expected = {"names": ["length", "width"], "rows": [[1, 2], [3, 4.5]]}
    assert modules.call("feeding/numbers.js", "m.rowsOfCsv(...a)", text, 2) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3", "Line 2 has 1 cells, and not 2."),
        ("a,b\n1,x", "Line 2: “x” is not a number."),
        ("a,b", "no row of numbers"),
        ("", "no rows yet"),
        ("1,2\n3,", "Line 2: “” is not a number."),
    ],
)
def test_the_line_that_is_wrong_is_named(modules: Modules, text: str, message: str) -> None:
    with pytest.raises(Error, match=re.escape(message)):
        modules.call("feeding/numbers.js", "m.rowsOfCsv(...a)", text, 2)


def test_random_numbers_can_be_made_again(modules: Modules) -> None:
    call = "m.randomNumbers(2000, {kind: a[0], low: a[1], high: a[2]}, a[3])"
    even = modules.call("feeding/random.js", call, "uniform", -1, 3, 7)
    assert even == modules.call("feeding/random.js", call, "uniform", -1, 3, 7)
    assert even != modules.call("feeding/random.js", call, "uniform", -1, 3, 8)
    assert -1 <= min(even) < -0.9
    assert 2.9 < max(even) < 3
    normal = np.array(modules.call("feeding/random.js", call, "normal", 0, 0, 7))
    assert abs(normal.mean()) < 0.1
    assert abs(normal.std() - 1) < 0.1
    assert set(modules.call("feeding/random.js", call, "integers", 2, 5, 7)) == {2, 3, 4}


@pytest.mark.parametrize(
    ("vocabulary", "text", "changes", "length", "values"),
    [
        (["", "[UNK]", "the", "cat"], "The CAT sat", {}, 5, [2, 3, 1, 0, 0]),
        (["", "[UNK]", "the", "cat"], "the cat", {"padding": "before"}, 4, [0, 0, 2, 3]),
        (["", "[UNK]", "the", "cat"], "the the cat", {"padding": "before"}, 2, [2, 3]),
        ({"the": 1, "cat": 2}, "the old cat", {"offset": 3}, 4, [4, 5, 0, 0]),
        ({"The": 1, "cat": 2}, "The cat the", {}, None, [1, 2]),
        (["", "(", ")"], "(())", {}, 6, [1, 1, 2, 2, 0, 0]),
        (["", "(", ")"], "", {}, None, [0]),
        ([["a", -1.5], ["b", -2.0]], "b a", {}, 2, [1, 0]),
    ],
)
def test_texts_become_numbers_by_the_vocabulary(
    modules: Modules,
    vocabulary: object,
    text: str,
    changes: dict[str, object],
    length: int | None,
    values: list[int],
) -> None:
    call = (
        "(() => { const v = m.vocabularyOf(a[0]);"
        "const settings = {...m.settingsFor(v), padding: 'after', ...a[2]};"
        "return m.numbersOfText(a[1], v, settings, a[3]); })()"
    )
    found = modules.call("feeding/text.js", call, vocabulary, text, changes, length)
    assert found["values"] == values


def test_files_of_vocabularies(modules: Modules) -> None:
    call = "[...m.vocabularyInFile(a[0])]"
    assert modules.call("feeding/text.js", call, "\na\nb\n") == [["", 0], ["a", 1], ["b", 2]]
    assert modules.call("feeding/text.js", call, '["x", "y"]') == [["x", 0], ["y", 1]]
    assert modules.call("feeding/text.js", call, '{"x": 3}') == [["x", 3]]
    assert modules.call("feeding/text.js", call, "[\n]\n") == [["[", 0], ["]", 1]]
    for text in ('{"x": "y"}', "one"):
        with pytest.raises(Error, match=r"neither a list|has no tokens"):
            modules.call("feeding/text.js", call, text)


# --- Pixels -----------------------------------------------------------------------------------


def picture(values: Any) -> dict[str, Any]:
    """Return the picture of a matrix of grey bytes."""
    grey = np.asarray(values)
    data = np.stack([grey, grey, grey, np.full_like(grey, 255)], -1)
    return {"width": grey.shape[1], "height": grey.shape[0], "data": data.ravel().tolist()}


def resized(modules: Modules, values: Any, width: int, height: int, fit: str) -> Any:
    pixels = modules.call(
        "feeding/pixels.js", "m.resized(...a)", picture(values), width, height, fit
    )
    return np.array(pixels).reshape(height, width, 4)[..., 0]


def test_smaller_pictures_are_means_of_areas(modules: Modules) -> None:
    values = np.random.default_rng(1).integers(0, 256, (32, 32))
    expected = values.reshape(8, 4, 8, 4).mean((1, 3))
    np.testing.assert_allclose(resized(modules, values, 8, 8, "stretch"), expected, atol=1e-4)
    thirds = resized(modules, [[0, 90, 180]], 2, 1, "stretch")
    np.testing.assert_allclose(thirds, [[30, 150]], atol=1e-4)


def test_larger_pictures_are_interpolated(modules: Modules) -> None:
    np.testing.assert_allclose(resized(modules, [[0, 100]], 4, 1, "stretch"), [[0, 25, 75, 100]])


def test_pictures_of_other_proportions_are_cut_or_get_borders(modules: Modules) -> None:
    wide = [[10, 20, 30, 40], [10, 20, 30, 40]]
    np.testing.assert_allclose(resized(modules, wide, 2, 2, "crop"), [[20, 30]] * 2)
    np.testing.assert_allclose(resized(modules, wide, 4, 4, "pad")[:, 0], [0, 10, 10, 0])
    np.testing.assert_allclose(resized(modules, wide, 2, 2, "stretch"), [[15, 35]] * 2)


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("m.SCALINGS['0 to 1']", [1, 0.2, 0]),
        ("m.SCALINGS['-1 to 1']", [1, -0.6, -1]),
        ("m.SCALINGS['0 to 255']", [255, 51, 0]),
        ("m.SCALINGS['ImageNet\\'s mean and deviation']", [2.2489083, -1.142857, -1.8044444]),
        ("m.SCALINGS['ImageNet\\'s mean, blue first']", [-103.939, -65.779, 131.32]),
        ("m.between(0, 16)", [16, 3.2, 0]),
        ("m.between(-2, 2)", [2, -1.2, -2]),
    ],
)
def test_colours_are_scaled_as_chosen(
    modules: Modules, scaling: str, expected: list[float]
) -> None:
    call = f"m.numbersOf(Float32Array.of(255, 51, 0, 255), 3, {scaling})"
    np.testing.assert_allclose(modules.call("feeding/pixels.js", call), expected, atol=1e-4)


def test_grey_is_luminance_and_dark_can_become_light(modules: Modules) -> None:
    pixels = "Float32Array.of(255, 0, 0, 255, 0, 255, 0, 255, 255, 255, 255, 255)"
    call = f"m.numbersOf({pixels}, 1, m.SCALINGS['0 to 1'], a[0])"
    grey = modules.call("feeding/pixels.js", call, False)
    np.testing.assert_allclose(grey, [0.299, 0.587, 1], atol=1e-5)
    inverted = modules.call("feeding/pixels.js", call, True)
    np.testing.assert_allclose(inverted, [0.701, 0.413, 0], atol=1e-5)
    alpha = "m.numbersOf(Float32Array.of(255, 0, 0, 51), 4, m.SCALINGS['0 to 1'], true)"
    np.testing.assert_allclose(modules.call("feeding/pixels.js", alpha), [0, 1, 1, 0.2], atol=1e-5)


# --- Batches ----------------------------------------------------------------------------------


def test_samples_fill_the_batch_of_the_model(modules: Modules) -> None:
    inputs = [{"name": "x", "shape": [2, 2], "dtype": "int32"}]
    samples = [{"x": {"shape": [2], "values": [n, n]}} for n in range(3)]
    made = modules.call("feeding/batching.js", "m.predictionsFor(...a)", inputs, samples)
    assert [one["x"]["values"] for one in made] == [[0, 0, 1, 1], [2, 2, 2, 2]]
    assert {tuple(one["x"]["shape"]) for one in made} == {(2, 2)}
    outcomes = [
        [{"name": "y", "shape": [2, 1], "dtype": "float32", "values": values}]
        for values in ([0, 1], [2, 2])
    ]
    joined = modules.call("feeding/batching.js", "m.outputsOf(...a)", outcomes, 3)
    assert joined == [{"name": "y", "dtype": "float32", "shape": [1], "rows": [[0], [1], [2]]}]


def test_many_rows_are_predicted_in_parts(modules: Modules) -> None:
    inputs = [{"name": "x", "shape": [None, 1], "dtype": "float32"}]
    samples = [{"x": {"shape": [1], "values": [n]}} for n in range(600)]
    made = modules.call("feeding/batching.js", "m.predictionsFor(...a)", inputs, samples)
    assert [one["x"]["shape"][0] for one in made] == [256, 256, 88]
