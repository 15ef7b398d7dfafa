"""What decides how the answers of a model are shown in its page."""

from __future__ import annotations

import pytest

from .modules import Modules

# --- Outputs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "views"),
    [
        ([10], ["bars", "numbers"]),
        ([1, 1, 1000], ["bars", "numbers"]),
        ([1], ["number"]),
        ([], ["number"]),
        ([28, 28, 1], ["image", "numbers"]),
        ([64, 48, 3], ["image", "numbers"]),
        ([16, 16], ["image", "numbers"]),
        ([7, 7, 512], ["numbers"]),
        ([24, 2], ["numbers"]),
    ],
)
def test_the_shape_decides_how_an_output_is_shown(
    modules: Modules, shape: list[int], views: list[str]
) -> None:
    assert modules.call("results/views.js", "m.viewsOf(a[0])", shape) == views


def test_of_many_bars_the_largest_are_shown(modules: Modules) -> None:
    values = [0.0] * 100
    values[42], values[7] = 0.75, 0.25
    found = modules.call("results/views.js", "m.barsOf(a[0], a[1])", values, ["zero"])
    assert found["more"] == 90
    assert found["bars"][:2] == [
        {"index": 42, "label": "42", "value": 0.75, "part": 0.75},
        {"index": 7, "label": "7", "value": 0.25, "part": 0.25},
    ]
    scores = modules.call("results/views.js", "m.barsOf(a[0], a[1])", [-4, 2], ["a", "b"])["bars"]
    assert [(bar["label"], bar["part"]) for bar in scores] == [("a", 1), ("b", 0.5)]


def test_nan_is_neither_the_best_nor_hidden(modules: Modules) -> None:
    assert modules.call("results/views.js", "m.largest([NaN, 1, 3, NaN])") == 2
    assert modules.call("results/views.js", "m.largest([NaN, NaN])") == -1
    assert modules.call("results/views.js", "m.inShort(NaN)") == "NaN"
    assert modules.call("results/differences.js", "m.differenceOf([NaN], [NaN]).largest") == 0
    call = "m.differenceOf([1, NaN], [1, 2]).largest === Infinity"
    assert modules.call("results/differences.js", call) is True


@pytest.mark.parametrize(
    ("values", "expected", "said"),
    [
        ([0, 0.5, 1], [0, 128, 255], "0 to 1"),
        ([-1, 0, 1], [0, 128, 255], "-1 to 1"),
        ([0, 51, 255], [0, 51, 255], "0 to 255"),
        ([-10, 0, 10], [0, 128, 255], "-10 to 10"),
    ],
)
def test_images_are_shown_from_the_range_that_they_have(
    modules: Modules, values: list[float], expected: list[int], said: str
) -> None:
    sides = {"height": 1, "width": 3, "channels": 1}
    found = modules.call("results/views.js", "m.pixelsOf(...a)", values, sides)
    assert found["data"][::4] == expected
    assert found["data"][3::4] == [255] * 3
    assert found["range"] == said


def test_differences(modules: Modules) -> None:
    found = modules.call("results/differences.js", "m.differenceOf(...a)", [1, -4, 2], [1.5, -3, 2])
    assert found == {"largest": 1, "mean": 0.5, "at": 1, "relative": 0.25}
    assert modules.call("results/differences.js", "m.sameClass([1, 2], [5, 4])") is False


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (0.98765432, "0.9877"),
        (1e-9, "1.00e-9"),
        (-0.00012, "-1.20e-4"),
        (123456.789, "123500"),
        (1e30, "1.00e+30"),
    ],
)
def test_a_number_in_short_is_never_zero_unless_it_is(
    modules: Modules, value: float, said: str
) -> None:
    assert modules.call("results/views.js", "m.inShort(a[0])", value) == said


# --- Costs ------------------------------------------------------------------------------------


def test_bytes_are_told_apart_by_where_they_came_from(modules: Modules) -> None:
    entries = [
        {"transferSize": 1300, "encodedBodySize": 1000},
        {"transferSize": 0, "encodedBodySize": 4000},
        {"transferSize": 300, "encodedBodySize": 5000},
    ]
    found = modules.call("measures.js", "m.bytesOf(a[0])", entries)
    assert found == {"network": 1600, "cache": 9000, "requests": 3}


def test_the_median_is_none_of_the_outliers(modules: Modules) -> None:
    assert modules.call("measures.js", "m.median([9, 1, 1000, 2])") == 5.5
    assert modules.call("measures.js", "m.median([3])") == 3
    assert modules.call("measures.js", "[m.readableBytes(1023), m.readableBytes(41700)]") == [
        "1023 bytes",
        "40.7 KiB",
    ]
