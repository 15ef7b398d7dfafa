from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from tfjs_serve.errors import ConversionError, KerasFileError
from tfjs_serve.layers_model.encoding import (
    WeightEncoding,
    plan_encodings,
    survey,
    work_bytes,
)
from tfjs_serve.layers_model.model import ArraySource, LayersWeight
from tfjs_serve.settings import Variant


class FakeSource:
    """A source that says one thing and yields another, or a dtype that numpy lacks."""

    def __init__(self, shape: tuple[int, ...], dtype: str, blocks: list[np.ndarray]) -> None:
        self.shape, self.dtype, self._blocks = shape, dtype, blocks

    def blocks(self, max_bytes: int) -> Iterator[np.ndarray]:
        yield from self._blocks


def weight(array: object, name: str = "dense/kernel") -> LayersWeight:
    return LayersWeight(name=name, source=ArraySource(array))


def plan(*weights: LayersWeight, variant: Variant = Variant.FULL) -> tuple[WeightEncoding, ...]:
    return plan_encodings(weights, variant, lambda _: None)


def stored(encoding: WeightEncoding) -> bytes:
    data = b"".join(block.tobytes() for block in encoding.stored_blocks(lambda _: None))
    assert len(data) == encoding.size_bytes
    return data


@pytest.mark.parametrize(
    ("source", "target", "dtype"),
    [
        *((name, "float32", "<f4") for name in ("float64", "float32", "float16")),
        *((f"int{bits}", "int32", "<i4") for bits in (64, 32, 16, 8)),
        *((f"uint{bits}", "int32", "<i4") for bits in (32, 16, 8)),
        ("bool", "bool", "|u1"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_dtype_of_any_byte_order_is_stored_little_endian(
    source: str, target: str, dtype: str, order: str
) -> None:
    values = np.array([0, 1, 1, 0, 100 if target != "bool" else 1])
    (encoding,) = plan(weight(values.astype(np.dtype(source).newbyteorder(order))))
    assert encoding.to_json() == {"name": "dense/kernel", "shape": [5], "dtype": target}
    assert stored(encoding) == values.astype(dtype).tobytes()


def test_bfloat16_which_arrives_as_float32_is_stored_as_float32() -> None:
    values = np.array([0.5, -2.0], np.float32)
    source = FakeSource((2,), "bfloat16", [values])
    (encoding,) = plan(LayersWeight(name="k", source=source))
    assert encoding.to_json()["dtype"] == "float32"
    assert stored(encoding) == values.tobytes()


def test_a_scalar_and_an_empty_tensor_have_their_shapes() -> None:
    scalar, empty = plan(weight(np.float32(7), "s"), weight(np.zeros((3, 0), "f4"), "e"))
    assert (scalar.to_json()["shape"], scalar.size_bytes) == ([], 4)
    assert (empty.to_json()["shape"], empty.size_bytes, stored(empty)) == ([3, 0], 0, b"")


@pytest.mark.parametrize(
    ("dtype", "value", "shown"),
    [
        ("int64", 2**31, "2147483648"),
        ("int64", -(2**31) - 1, "-2147483649"),
        ("int64", 2**53 + 1, "9007199254740993"),
        ("uint32", 2**32 - 1, "4294967295"),
        ("float64", 1e39, "1e+39"),
        ("float64", -1e39, "-1e+39"),
    ],
)
def test_a_value_out_of_range_is_named_with_its_weight(
    dtype: str, value: float, shown: str
) -> None:
    with pytest.raises(ConversionError) as caught:
        plan(weight(np.array([0, value, 1], dtype), "seed/state"))
    (problem,) = caught.value.problems
    assert (problem.code, problem.layer_path) == ("weight-out-of-range", "seed/state")
    assert f"value {shown} " in problem.message
    assert problem.hint


def test_the_ends_of_the_ranges_fit() -> None:
    greatest = np.finfo(np.float32).max
    ints, floats = plan(
        weight(np.array([-(2**31), 2**31 - 1]), "i"),
        weight(np.array([-float(greatest), float(greatest), np.inf, np.nan]), "f"),
    )
    assert np.frombuffer(stored(ints), "<i4").tolist() == [-(2**31), 2**31 - 1]
    decoded = np.frombuffer(stored(floats), "<f4")
    assert decoded[:3].tolist() == [-greatest, greatest, np.inf]
    assert np.isnan(decoded[3])


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(ConversionError) as caught:
        plan(
            weight(np.array(["text"]), "a"),
            weight(np.array([2**40]), "b"),
            weight(np.float32(1), "c"),
            weight(np.float32(2), "c"),
            weight(np.array([1j]), "d"),
        )
    found = [(problem.layer_path, problem.code) for problem in caught.value.problems]
    assert found == [
        ("c", "duplicate-weight-name"),
        ("a", "unsupported-dtype"),
        ("b", "weight-out-of-range"),
        ("d", "unsupported-dtype"),
    ]


@pytest.mark.parametrize("given_values", [1, 3])
@pytest.mark.parametrize("variant", list(Variant))
def test_a_source_that_does_not_hold_its_shape_is_refused(
    given_values: int, variant: Variant
) -> None:
    source = FakeSource((2,), "float32", [np.zeros(given_values, np.float32)])
    with pytest.raises(KerasFileError, match="does not hold the 2 values"):
        for encoding in plan(LayersWeight(name="k", source=source), variant=variant):
            stored(encoding)


@pytest.mark.parametrize("variant", [Variant.FLOAT16, Variant.UINT16, Variant.UINT8])
def test_only_floats_are_quantized(variant: Variant) -> None:
    values = np.array([1, 0, 1])
    encodings = plan(
        weight(values.astype("f8"), "f"),
        weight(values, "i"),
        weight(values.astype(bool), "b"),
        weight(np.array([1, np.nan, 0], "f4"), "n"),
        variant=variant,
    )
    quantized = [encoding.to_json().get("quantization", {}).get("dtype") for encoding in encodings]
    assert quantized == [variant.value, None, None, None]
    assert [encoding.rule.target for encoding in encodings] == [
        "float32",
        "int32",
        "bool",
        "float32",
    ]


@pytest.mark.parametrize("variant", [Variant.FLOAT16, Variant.UINT16, Variant.UINT8])
def test_an_empty_tensor_can_be_quantized(variant: Variant) -> None:
    (encoding,) = plan(weight(np.zeros((0, 4), "f4")), variant=variant)
    assert stored(encoding) == b""
    assert encoding.to_json()["quantization"]["dtype"] == variant.value


def test_weights_read_twice_count_twice() -> None:
    weights = (weight(np.zeros(10, "f4"), "a"), weight(np.zeros(10, "i8"), "b"))
    for variant, expected in ((Variant.FULL, 40 + 160), (Variant.UINT8, 80 + 160)):
        counted: list[int] = []
        for encoding in plan_encodings(weights, variant, counted.append):
            for _ in encoding.stored_blocks(counted.append):
                pass
        assert sum(counted) == work_bytes(weights, variant) == expected


@given(st.lists(st_numpy.arrays(np.float32, st.integers(0, 5)), max_size=5))
def test_a_survey_of_blocks_sees_what_a_look_at_all_values_sees(blocks: list[np.ndarray]) -> None:
    values = np.concatenate([np.zeros(0, np.float32), *blocks])
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0, 0)
    assert survey(iter(blocks)) == (low, high, finite.size == values.size)
