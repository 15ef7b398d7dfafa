from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from tfjs_serve.layers_model.quantization import (
    Extent,
    Quantization,
    choose_quantization,
)
from tfjs_serve.settings import Variant

UNIFORM = st.sampled_from([Variant.UINT8, Variant.UINT16])
FLOAT32_MAX = float(np.finfo(np.float32).max)


def arrays(**limits: float) -> st.SearchStrategy[np.ndarray]:
    elements = st.floats(width=32, allow_nan=False, allow_infinity=False, **limits)
    return st_numpy.arrays(np.float32, st.integers(1, 30), elements=elements)


def quantize(values: np.ndarray, variant: Variant) -> Quantization | None:
    extent = Extent(minimum=float(values.min()), maximum=float(values.max()))
    return choose_quantization(variant, extent)


def decode(quantization: Quantization, stored: np.ndarray) -> np.ndarray:
    """As tfjs-core's decodeWeight: in doubles, from what the JSON says."""
    data = json.loads(json.dumps(quantization.to_json()))
    return stored.astype(np.float64) * data["scale"] + data["min"]


@given(arrays(), UNIFORM)
def test_decoded_values_are_within_half_a_step(values: np.ndarray, variant: Variant) -> None:
    quantization = quantize(values, variant)
    if quantization is None:
        assert np.abs(values).max() > FLOAT32_MAX / 4
        return
    decoded = decode(quantization, quantization.to_stored(values))
    slack = 1e-9 * (np.abs(decoded).max() + quantization.scale)
    assert np.abs(decoded - values).max() <= quantization.scale / 2 + slack
    assert np.isfinite(decoded.astype(np.float32)).all()


@given(arrays(), UNIFORM)
def test_zero_within_the_range_decodes_to_exactly_zero(
    values: np.ndarray, variant: Variant
) -> None:
    values = np.append(values, np.float32(0))
    quantization = quantize(values, variant)
    if quantization is not None:
        assert decode(quantization, quantization.to_stored(values))[-1] == 0


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), UNIFORM)
def test_a_constant_tensor_decodes_exactly(value: float, variant: Variant) -> None:
    values = np.full(3, value, np.float32)
    quantization = quantize(values, variant)
    assert quantization is not None
    decoded = decode(quantization, quantization.to_stored(values))
    assert decoded.astype(np.float32).tolist() == values.tolist()


@given(arrays(), UNIFORM)
def test_the_whole_range_of_numbers_is_used(values: np.ndarray, variant: Variant) -> None:
    quantization = quantize(values, variant)
    if quantization is not None and values.min() != values.max():
        stored = quantization.to_stored(values)
        assert stored.min() <= 1
        assert stored.max() >= np.iinfo(stored.dtype).max - 1


@given(arrays(min_value=-65504, max_value=65504))
def test_float16_rounds_to_the_nearest(values: np.ndarray) -> None:
    quantization = quantize(values, Variant.FLOAT16)
    assert quantization == Quantization(variant=Variant.FLOAT16)
    stored = quantization.to_stored(values)
    assert stored.dtype == np.dtype("<f2")
    assert np.array_equal(stored, values.astype(np.float16))
    assert np.isfinite(stored).all()


@pytest.mark.parametrize("variant", list(Variant))
def test_a_tensor_with_infinities_or_nan_stays_as_it_is(variant: Variant) -> None:
    assert choose_quantization(variant, Extent(maximum=1.0, all_finite=False)) is None


def test_values_beyond_float16_stay_float32() -> None:
    assert choose_quantization(Variant.FLOAT16, Extent(maximum=65505.0)) is None
    assert choose_quantization(Variant.FLOAT16, Extent(minimum=-65505.0)) is None


def test_values_whose_neighbour_would_be_infinite_stay_float32() -> None:
    # Zero lies 10.4 steps above the minimum: moving it onto a step moves the maximum beyond.
    step = FLOAT32_MAX / (255 - 10.4)
    extent = Extent(minimum=-10.4 * step, maximum=FLOAT32_MAX)
    assert choose_quantization(Variant.UINT8, extent) is None
    assert choose_quantization(Variant.UINT8, Extent(maximum=FLOAT32_MAX)) is not None


def test_the_full_variant_quantizes_nothing() -> None:
    assert choose_quantization(Variant.FULL, Extent(maximum=1.0)) is None


def test_the_metadata_is_what_tfjs_reads() -> None:
    quantization = choose_quantization(Variant.UINT8, Extent(minimum=-1.0, maximum=1.55))
    assert quantization is not None
    assert quantization.to_json() == {
        "dtype": "uint8",
        "min": pytest.approx(-1.0),
        "scale": pytest.approx(0.01),
        "original_dtype": "float32",
    }
    assert Quantization(variant=Variant.FLOAT16).to_json() == {
        "dtype": "float16",
        "original_dtype": "float32",
    }


def test_negative_zero_does_not_reach_the_metadata() -> None:
    for extent in (Extent(minimum=-0.0, maximum=-0.0), Extent(minimum=-0.0, maximum=2.0)):
        quantization = choose_quantization(Variant.UINT16, extent)
        assert quantization is not None
        assert str(quantization.minimum) == "0.0"
