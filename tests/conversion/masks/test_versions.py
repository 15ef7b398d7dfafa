"""Versions of Keras 3 that treat masks in different ways."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversion.building import Json, call, functional, given, layer, saved
from tfjs_serve.conversion.translate import translate

SEQUENCE = (None, 5, 2)


def merged(class_name: str) -> Json:
    """Return a merge of a masked tensor and of one that is not."""
    layers = [
        given("x", SEQUENCE),
        layer("Masking", "mask", [call(("x", 0, 0))], mask_value=0.0),
        layer(class_name, "merge", [call(("mask", 0, 0), ("x", 0, 0))]),
    ]
    return functional(layers, [("x", 0, 0)], [("merge", 0, 0)])


def averaged(**kwargs: Any) -> Json:
    """Return the average over the steps of a masked tensor."""
    layers = [
        given("x", SEQUENCE),
        layer("Masking", "mask", [call(("x", 0, 0))], mask_value=0.0),
        layer("GlobalAveragePooling1D", "average", [call(("mask", 0, 0), **kwargs)]),
    ]
    return functional(layers, [("x", 0, 0)], [("average", 0, 0)])


def classes(model: Json, version: str) -> list[str]:
    """Return the classes of the layers that are written for a file of a version."""
    written = translate(saved(model, version=version)).topology["model_config"]["config"]
    return [entry["class_name"].rpartition(">")[2] for entry in written["layers"]]


@pytest.mark.parametrize("class_name", ["Maximum", "Minimum", "Multiply"])
@pytest.mark.parametrize(("version", "leaves_out"), [("3.5.0", False), ("3.6.0", True)])
def test_merges_leave_out_what_is_masked_from_3_6_on(
    class_name: str, version: str, leaves_out: bool
) -> None:
    assert ("MaskedMerge" in classes(merged(class_name), version)) is leaves_out


def test_sums_never_leave_anything_out() -> None:
    assert "MaskedMerge" not in classes(merged("Add"), "3.15.0")


@pytest.mark.parametrize(
    ("version", "uses_mask"), [("3.3.3", False), ("3.9.2", False), ("3.10.0", True)]
)
def test_before_3_10_a_mask_counts_only_if_it_is_saved(version: str, uses_mask: bool) -> None:
    assert ("Mask" in classes(averaged(), version)) is uses_mask
