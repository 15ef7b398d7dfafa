"""Notes about functions that Keras's backends compute differently."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversion.building import call, functional, given, layer, saved
from tfjs_serve.conversion.operations.backends import DIFFERENCES, notes
from tfjs_serve.conversion.operations.operand import Operand
from tfjs_serve.conversion.operations.signatures import Signature
from tfjs_serve.conversion.operations.specs import signatures
from tfjs_serve.conversion.translate import translate


def warnings_of(
    class_name: str, module: str = "image", version: str = "", dtype: str = "float32", **kwargs: Any
) -> tuple[str, ...]:
    """Return what is told of a model of one function of ``keras.ops``."""
    images = given("x", (None, 4, 6, 3))
    images["config"]["dtype"] = dtype
    operation = layer(class_name, "it", [call(("x", 0, 0), **kwargs)])
    operation |= {"config": {"name": "it"}, "module": f"keras.src.ops.{module}"}
    model = functional([images, operation], [("x", 0, 0)], [("it", 0, 0)])
    return translate(saved(model, {}, version=version)).warnings


def resolved(name: str, *operands: Operand, **given: Any) -> dict[str, Any]:
    signature: Signature = signatures()[name]
    keys = [key for key in signature.parameters if key in signature.operands]
    return {**signature.defaults, **dict(zip(keys, operands, strict=True)), **given}


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ((None, 4, 4, 1), (4, 1), True),
        ((None, 4, 6, 4), (4, 1, 1), True),
        ((None, 4, 6, 5), (4, 1, 1), False),
        ((None, 4, 1), (4,), True),
        ((None, 5, 4, 1), (4, 1), False),
        ((None, 4, 4), (4,), False),
        ((None, 4, 4), (4, 1), True),
        ((None, 4, 6), (4, 1), False),
        ((None, 4, 4), (None, 1), False),
    ],
)
def test_what_looks_like_a_bias_is_told(
    one: tuple[int | None, ...], other: tuple[int | None, ...], told: bool
) -> None:
    operands = [Operand(shape=shape, dtype="float32") for shape in (one, other)]
    assert bool(notes("add", resolved("add", *operands))) is told


def test_model_is_told_whose_borders_it_has() -> None:
    (note,) = warnings_of("SobelEdges")
    assert note.startswith("m/it (ops.sobel_edges): computed as Keras on TensorFlow does")
    assert "JAX puts zeros there" in note


@pytest.mark.parametrize(
    ("name", "shape", "settings", "told"),
    [
        ("rot90", (None, 4, 6), {"k": 2, "axes": [1, 2]}, True),
        ("rot90", (None, 4, 4), {"k": 2, "axes": [1, 2]}, False),
        ("rot90", (None, 4, 6), {"k": 3, "axes": [1, 2]}, False),
        ("clip", (None, 4), {"x_min": 1, "x_max": 0}, True),
        ("clip", (None, 4), {"x_min": 0, "x_max": None}, False),
        ("gaussian_blur", (None, 4, 6, 3), {"kernel_size": [3, 5]}, True),
        ("gaussian_blur", (None, 4, 6, 3), {}, False),
        ("depth_to_space", (None, 4, 6, 8), {"data_format": "channels_first"}, True),
        ("depth_to_space", (None, 4, 6, 8), {"data_format": "channels_last"}, False),
        ("resize", (None, 4, 6, 3), {"size": [3, 3], "interpolation": "bicubic"}, True),
        ("resize", (None, 4, 6, 3), {"size": [3, 3]}, False),
        ("unravel_index", (None, 4), {}, True),
        ("unravel_index", (None,), {}, False),
        ("hsv_to_rgb", (None, 4, 6, 3), {}, False),
    ],
)
def test_only_arguments_that_differ_are_told(
    name: str, shape: tuple[int | None, ...], settings: dict[str, Any], told: bool
) -> None:
    assert bool(notes(name, resolved(name, Operand(shape=shape), **settings))) is told


def test_table_has_operations_that_are_translated() -> None:
    assert {name for each in DIFFERENCES for name in each.names} <= signatures().keys()


@pytest.mark.parametrize(
    ("version", "dtype", "method", "told"),
    [
        ("3.5.0", "uint8", "bilinear", True),
        ("3.6.0", "uint8", "bilinear", False),
        ("3.5.0", "uint8", "nearest", False),
        ("3.5.0", "float32", "bilinear", False),
    ],
)
def test_resized_integers_of_old_versions_are_told(
    version: str, dtype: str, method: str, told: bool
) -> None:
    found = warnings_of("Resize", "image", version, dtype, size=[3, 3], interpolation=method)
    assert any("The page rounds it" in note for note in found) is told
