"""What callers ask for, as the options of a conversion."""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.errors import SettingsError
from tfjs_serve.exporting.options import ExportOptions, Patterns, ShardNames, quantization
from tfjs_serve.settings import ConversionOptions, Variant

U8, F16 = Variant.UINT8, Variant.FLOAT16


@pytest.mark.parametrize(
    ("dtype_map", "rest", "by_name"),
    [
        ({}, Variant.FULL, ()),
        ({"uint8": True}, U8, ()),
        ({"uint8": "*kernel"}, Variant.FULL, ((U8, ("*kernel",)),)),
        ({"uint8": ["a", "b"], "float16": True}, F16, ((U8, ("a", "b")),)),
        ({"uint8": False, "float16": []}, Variant.FULL, ()),
    ],
)
def test_a_map_of_dtypes_means_the_rest_and_names(
    dtype_map: dict[str, Patterns], rest: Variant, by_name: tuple
) -> None:
    assert quantization(dtype_map) == (rest, by_name)


@pytest.mark.parametrize("dtype_map", [{"uint8": True, "uint16": True}, {"int4": "*"}])
def test_a_map_that_makes_no_sense_is_refused(dtype_map: dict[str, Patterns]) -> None:
    with pytest.raises(SettingsError):
        quantization(dtype_map)


@pytest.mark.parametrize(
    ("wanted", "is_anew"),
    [
        ({}, False),
        ({"metadata": (("a", "1"),), "training": False}, False),
        ({"variant": Variant.TRAIN}, False),
        ({"variant": U8}, True),
        ({"by_name": ((U8, ("*",)),)}, True),
        ({"by_layer": True}, True),
        ({"shard_size_bytes": 5000}, True),
        ({"anew": True}, True),
    ],
)
def test_a_model_for_tensorflow_js_is_copied_unless_more_is_asked_for(
    wanted: dict[str, Any], is_anew: bool
) -> None:
    options = ExportOptions(conversion=ConversionOptions(**wanted))
    assert options.for_model(is_tfjs=True).anew is is_anew
    assert options.for_model(is_tfjs=False) == options.conversion
    assert ExportOptions(shard_names=ShardNames.OFFICIAL).for_model(is_tfjs=True).anew
